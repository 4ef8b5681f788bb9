"""Random sequences of requests of a person and of agents: whatever came before, each gets what it asked for.

AGENT_SEQUENCES and AGENT_SEED make them more and other than usual:
AGENT_SEQUENCES=2000 AGENT_SEED=7 tests/run tests/sessions/test_agents_walk.py -s
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import pytest

from cloud import world
from role_env import cli, variables
from role_env.cli import options
from role_env.credentials import Session
from role_env.errors import ProfileError, RefusedError, UsageError
from role_env.profiles import policies
from role_env.sessions import Request
from role_env.sessions.obtain import SessionRequest
from role_env.sessions.renew import renew, renew_as_requested
from role_env.sessions.store import Cache
from support.contexts import context
from support.machine import Machine

FEW = 8
SEQUENCES = int(os.environ.get("AGENT_SEQUENCES", FEW))
SEED = os.environ.get("AGENT_SEED", "1")

POLICY = '{{"Version":"1","Statement":[{{"Action":"{}","Effect":"Allow","Resource":"*"}}]}}'
GIVEN = tuple(POLICY.format(action) for action in ("ecs:Describe*", "oss:*"))
OWN = POLICY.format("ecs:*")
READING = (policies.read_only(), policies.read_only(OWN))
PERSON: dict[str, str] = {}
WHO = (*[PERSON] * 7, *({variable: "1"} for variable in variables.AGENTS), {"AGENT": "Goose 2"}, {"AGENT": "x" * 40})
WORDS = ((), (), (), ("--read-only",), ("--policy", "{policy}"), ("--full",), ("--full", "--policy", "{policy}"))
KINDS = ("", "read-only", "full")
"""What profileB says of agents; the last profile has its key from nobody."""


def kind_of(session: Session) -> str:
    """Whether the session is full, read-only or narrowed by a policy."""
    return {"": "full", "read-only": "read-only"}.get(session.policy, "policy")


class Got(NamedTuple):
    """A session that `who` got by `request`, and what STS issued for it."""

    session: Session
    request: Request
    who: dict[str, str]
    issued: world.Session


class SharedMachine:
    """A machine that a person and agents share: they request sessions, renew each other's, and edit the file."""

    def __init__(self, machine: Machine, dice: random.Random) -> None:
        self.machine = machine
        self.dice = dice
        self.found: Counter[str] = Counter()
        self.log: list[str] = []
        self.policy_file = machine.home / "policy.json"
        self.kinds: dict[str, str] = {}
        self.given = self.own = ""
        self.read_only = False
        self.got: list[Got] = []
        self.edit()

    def edit(self) -> None:
        """Write the profiles with other keys."""
        arn = self.machine.sts.role_arn
        default, own = self.dice.choice(["", "", "", "read-only", "full"]), self.dice.choice([*KINDS, "read-only"])
        self.read_only, self.own = self.dice.random() < 0.15, self.dice.choice(["", "", "", OWN])
        keys = (f"agents = {own}\n" if own else "") + ("read_only = yes\n" if self.read_only else "")
        keys += f"policy = {self.own}\n" if self.own else ""
        other = f"[plain]\nrole_arn = {arn}\nsource_profile = profileA\n"
        shared = f"[DEFAULT]\nagents = {default}\n" if default else ""
        self.machine.write(shared + self.machine.standard_profiles() + keys + other)
        self.kinds = {"profileB": own or default, "plain": default}
        self.given = self.dice.choice(GIVEN)
        self.policy_file.write_text(self.given)
        self.log.append(f"edit: {self.kinds}, {keys!r}, {self.given}")

    def clear(self) -> None:
        """Clear the sessions of all, none of which can be renewed then."""
        done = self.machine.role_env("clear", "--all")
        self.log.append(f"clear {done.returncode}")
        assert done.returncode in (0, 6), done.stderr  # a keyring that is slow on a busy machine may refuse
        self.got.clear()

    def sequence(self) -> None:
        """Some events, the first two of which are requests."""
        self.got.clear()
        self.request()
        for _ in range(self.dice.randint(2, 6)):
            events = [self.edit, self.clear, self.command, self.renew, self.serve, self.request]
            self.dice.choices(events, [15, 1, 1, 20, 15, 48])[0]()

    def narrowed(self, profile: str, *, is_reading: bool, has_policy: bool) -> str | None:
        """The policy that STS is to get, None where the request is refused: from the contract, not from the code."""
        own = self.own if profile == "profileB" else ""
        is_reading = is_reading or (self.read_only and profile == "profileB")
        if has_policy:
            return None if is_reading or own else self.given
        return policies.read_only(own) if is_reading else own

    def expected(self, profile: str, agent: str, words: tuple[str, ...]) -> str | None:
        """The policy that STS is to get for a line."""
        is_guarded = bool(agent) and self.kinds[profile] == "read-only" and "--full" not in words
        return self.narrowed(profile, is_reading="--read-only" in words or is_guarded, has_policy="--policy" in words)

    def choose(self) -> tuple[str, dict[str, str], str, tuple[str, ...]]:
        profile, who = self.dice.choice(["profileB", "profileB", "plain"]), self.dice.choice(WHO)
        agent = variables.agent_of(who)
        words = tuple(word.replace("{policy}", str(self.policy_file)) for word in self.dice.choice(WORDS))
        extra = self.dice.choice([(), (), (), (), (), ("--refresh",), ("--no-cache",), ("--duration", "900")])
        self.log.append(f"{agent or 'a person'}: {profile} {' '.join((*words, *extra))}")
        return profile, who, agent, (*words, *extra)

    def request(self) -> None:
        """Somebody requests a session, in this process."""
        profile, who, agent, words = self.choose()
        request = options.request_of(cli.parse(["export", profile, *words]), who)
        before = len(self.machine.sts.issued)
        try:
            session = SessionRequest(request, context(self.machine.environ | who)).obtain()
        except (ProfileError, UsageError) as refused:
            return self.check_refused(profile, agent, words, refused.message)
        is_new = len(self.machine.sts.issued) > before
        assert is_new or not {"--refresh", "--no-cache"} & set(words)
        self.check(profile, agent, words, session)
        self.found[f"{'agent' if agent else 'person'}, {kind_of(session)}, {'new' if is_new else 'cached'}"] += 1
        if "--no-cache" not in words:
            self.got.append(Got(session, request, who, self.issued(session.credentials.access_key_id)))
        return None

    def check_refused(self, profile: str, agent: str, words: tuple[str, ...], message: str) -> None:
        assert self.expected(profile, agent, words) is None, message
        self.found[f"{'agent' if agent else 'person'}, refused"] += 1

    def check(self, profile: str, agent: str, words: tuple[str, ...], session: Session) -> None:
        """The session is as narrow as was asked for and no narrower, and named after who asked."""
        issued = self.issued(session.credentials.access_key_id)
        assert issued.policy == self.expected(profile, agent, words)
        assert (session.policy == "read-only") is (issued.policy in READING)
        duration = 900 if "900" in words else 3600
        assert duration - 600 < issued.expiration - time.time() <= duration + 1
        suffix = f".{agent}" if agent and self.kinds[profile] else ""
        assert issued.name.endswith(suffix)
        assert suffix or not any(issued.name.endswith(f".{variables.agent_of(one)}") for one in WHO if one)
        assert len(issued.name) <= 64

    def issued(self, access_key_id: str) -> world.Session:
        """What STS issued with this key."""
        (found,) = (one for one in self.machine.sts.issued[::-1] if one.id == access_key_id)
        return found

    def command(self) -> None:
        """Somebody requests a session through the command, whose way to a cached one is another."""
        profile, who, agent, words = self.choose()
        done = self.machine.role_env("export", profile, "--format", "json", *words, **who)
        expected = self.expected(profile, agent, words)
        if expected is None:
            assert done.returncode == 2, done.stderr
            return
        assert done.returncode == 0, done.stderr
        assert self.issued(json.loads(done.stdout)["AccessKeyId"]).policy == expected
        self.found["by the command"] += 1

    def renew(self) -> None:
        """Somebody renews the session of a shell, whoever has requested it: it stays what it is."""
        if not self.got:
            return
        got, who = self.dice.choice(self.got), self.dice.choice(WHO)
        self.log.append(f"{variables.agent_of(who) or 'a person'}: renew of {got.session.request}")
        if self.dice.random() < 0.5:
            self.age(got)
        shell = variables.assignments(got.session, follows=False) | who
        self.check_again("renewed", got, lambda: renew(context(self.machine.environ | shell)))

    def serve(self) -> None:
        """What `exec --renew` serves is renewed: it stays what it is."""
        if not self.got:
            return
        got = self.dice.choice(self.got)
        self.log.append(f"serve {got.session.request}")
        got.request.refresh, got.request.wanted_ttl = False, self.dice.choice([0, 7200])
        own = context(self.machine.environ | got.who)
        self.check_again("served", got, lambda: renew_as_requested(got.session, got.request, own))

    def age(self, got: Got) -> None:
        """Let the cached session be near its end, if it is still the one in the keyring."""
        cache, entry = Cache(context(self.machine.environ)), got.request.entry(str(self.machine.file))
        record, own = cache.load(entry), got.session.credentials
        if record and record.session.credentials.access_key_id == own.access_key_id:
            record.session.credentials.issued -= 3500
            record.session.credentials.expiration -= 3500
            cache.store(entry, record)
            former, own.expiration = own.expiration, record.session.credentials.expiration
            text = '"expiration":"{}"'.format
            got.session.request = got.session.request.replace(text(former), text(own.expiration))

    def check_again(self, how: str, got: Got, call: Callable[[], Session]) -> None:
        """A renewal gives the same session, or refuses because the file has another policy for it now."""
        try:
            session = call()
        except (ProfileError, RefusedError, UsageError) as refused:
            return self.check_not_renewed(how, got, refused.message)
        renewed = self.issued(session.credentials.access_key_id)
        assert (renewed.policy, renewed.name) == (got.issued.policy, got.issued.name)
        assert (session.policy == "read-only") is (renewed.policy in READING)
        made, first = json.loads(session.request)["options"], json.loads(got.session.request)["options"]
        assert made == first
        self.found[f"{how}, {kind_of(session)}"] += 1
        return None

    def check_not_renewed(self, how: str, got: Got, message: str) -> None:
        assert self.narrowed_now(got) != got.issued.policy, message
        self.found[f"{how}, refused"] += 1

    def narrowed_now(self, got: Got) -> str | None:
        """The policy that the request of a session would send now."""
        policy = json.loads(got.session.request)["options"].get("policy", "")
        is_reading = policy == "read-only"
        return self.narrowed(got.session.profile, is_reading=is_reading, has_policy=bool(policy) and not is_reading)


@pytest.mark.timeout(120 if SEQUENCES == FEW else 0)
def test_nobody_gets_a_wider_session_than_asked_for_and_no_person_a_narrow_one_unasked(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.enter(monkeypatch)
    walk = SharedMachine(machine, random.Random(SEED))
    for number in range(SEQUENCES):
        try:
            walk.sequence()
        except BaseException:
            print(f"seed {SEED}, sequence {number}", *walk.log[-25:], sep="\n")
            if not machine.bus.revive():
                raise
    print(dict(sorted(walk.found.items())))
    assert {"agent, read-only, new", "person, full, new", "person, full, cached"} <= set(walk.found)
