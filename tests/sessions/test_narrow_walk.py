"""Random sequences of requests over one profile, full and narrowed: whatever came before, the session is the right one.

NARROW_SEQUENCES and NARROW_SEED make them more and other than usual:
NARROW_SEQUENCES=2000 NARROW_SEED=7 tests/run tests/sessions/test_narrow_walk.py -s
"""

import json
import os
import random
import time

import pytest

from role_env.errors import ProfileError, UsageError
from role_env.profiles import policies
from role_env.profiles.policies import Narrowing
from role_env.sessions import Request, obtain
from support.contexts import context
from support.machine import Machine
from support.sequences import Walk, play

FEW = 6
SEQUENCES = int(os.environ.get("NARROW_SEQUENCES", FEW))
SEED = os.environ.get("NARROW_SEED", "1")


def policy(action: str) -> str:
    """A session policy, as it is sent to STS."""
    return json.dumps(
        {"Version": "1", "Statement": [{"Action": action, "Effect": "Allow", "Resource": "*"}]}, separators=(",", ":")
    )


GIVEN = tuple(policy(action) for action in ("ecs:Describe*", "oss:*", "kms:ListKeys"))
OWN = (policy("ecs:*"), policy("rds:*"))
WORDS = {"full": [], "read-only": ["--read-only"], "policy": ["--policy", "policy.json"]}


class OneProfile(Walk):
    """A person who requests sessions of one profile, edits it, and clears its sessions."""

    def __init__(self, machine: Machine, dice: random.Random) -> None:
        super().__init__(machine, dice)
        self.policy_file = machine.home / "policy.json"
        self.own = self.given = ""
        self.read_only = False
        self.edit()
        self.edit_policy()

    def edit(self) -> None:
        """Give the profile a policy of its own, make it read-only, or neither."""
        self.own = self.dice.choice(["", "", *OWN])
        self.read_only = self.dice.random() < 0.2
        own = f"policy = {self.own}\n" if self.own else ""
        self.machine.write(self.machine.standard_profiles() + own + ("read_only = yes\n" if self.read_only else ""))
        self.log.append(f"edit: {own}{self.read_only}")

    def edit_policy(self) -> None:
        """Write another policy into the file that `--policy` names."""
        self.given = self.dice.choice(GIVEN)
        self.policy_file.write_text(self.given)
        self.log.append(f"policy: {self.given}")

    def clear(self, *words: str) -> None:
        """Clear the sessions of the profile."""
        super().clear("profileB")

    def sequence(self) -> None:
        """Some requests, with an event before and between them."""
        for _ in range(self.dice.randint(3, 8)):
            events = [self.edit, self.edit_policy, self.clear, self.command, self.request]
            self.dice.choices(events, [80, 80, 4, 4, 832])[0]()

    def request(self) -> None:
        """Request a session through `obtain`, and check which one it is."""
        kind = self.dice.choice(list(WORDS))
        text = self.given if kind == "policy" else ""
        narrowing = Narrowing(text, file=str(self.policy_file), is_read_only=kind == "read-only")
        duration = self.dice.choice([None, None, 900])
        options = self.dice.choice(["", "", "", "", "refresh", "no_cache"])
        self.log.append(f"{kind} {duration} {options}")
        before = len(self.machine.sts.issued)
        asked = Request("profileB", duration=duration, narrowing=narrowing)
        if options:
            setattr(asked, options, True)
        try:
            session = obtain.obtain(asked, context(self.machine.environ))
        except (UsageError, ProfileError) as refused:
            self.check_refused(kind, refused.message)
        else:
            is_new = len(self.machine.sts.issued) > before
            self.found[f"{kind}, {'new' if is_new else 'cached'}"] += 1
            assert is_new or not options
            assert session.policy == ("read-only" if self.read_only else narrowing.name)
            self.check(kind, session.credentials.access_key_id, duration or 3600)

    def command(self) -> None:
        """Request a session through the command, whose way to a cached one is another."""
        kind = self.dice.choice(list(WORDS))
        self.log.append(f"command {kind}")
        done = self.machine.role_env("export", "profileB", "--format", "json", *WORDS[kind])
        if done.returncode:
            return self.check_refused(kind, done.stderr)
        self.found[f"{kind}, by the command"] += 1
        return self.check(kind, json.loads(done.stdout)["AccessKeyId"], 3600)

    def check_refused(self, kind: str, message: str) -> None:
        self.found[f"{kind}, refused"] += 1
        assert kind == "policy", message
        assert self.own or self.read_only, message

    def check(self, kind: str, access_key_id: str, duration: int) -> None:
        """The session is of the policy that this request means, and lasts as long as it says."""
        assert kind != "policy" or not (self.own or self.read_only)
        (issued,) = (one for one in self.machine.sts.issued[::-1] if one.id == access_key_id)
        is_reading = kind == "read-only" or self.read_only
        expected = self.given if kind == "policy" else policies.read_only(self.own) if is_reading else self.own
        assert issued.policy == expected
        assert duration - 600 < issued.expiration - time.time() <= duration + 1


@pytest.mark.timeout(120 if SEQUENCES == FEW else 0)
def test_whatever_was_requested_before_a_session_is_narrowed_as_asked(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.enter(monkeypatch)
    walk = OneProfile(machine, random.Random(SEED))
    play(walk, count=SEQUENCES, seed=SEED)
    assert {f"{kind}, {how}" for kind in ("full", "read-only") for how in ("new", "cached")} <= set(walk.found)
