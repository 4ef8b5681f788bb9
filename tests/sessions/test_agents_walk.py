"""Random sequences of requests of a person and of agents: whatever came before, each gets what it asked for.

AGENT_SEQUENCES and AGENT_SEED make them more and other than usual:
AGENT_SEQUENCES=2000 AGENT_SEED=7 tests/run tests/sessions/test_agents_walk.py -s
"""

import json
import os
import random
from collections.abc import Callable

import pytest

from role_env import cli, variables
from role_env.cli import options
from role_env.credentials import Session
from role_env.environ import agent as agents
from role_env.errors import ProfileError, RefusedError, UsageError
from role_env.profiles import policies
from role_env.sessions import Request, obtain
from role_env.sessions.renew import renew, renew_as_requested
from role_env.sessions.store import Cache
from support.contexts import context
from support.machine import Machine
from support.sequences import Walk, play

FEW = 5
SEQUENCES = int(os.environ.get("AGENT_SEQUENCES", FEW))
SEED = os.environ.get("AGENT_SEED", "1")

POLICY = '{"Version":"1","Statement":[{"Action":"ecs:Describe*","Effect":"Allow","Resource":"*"}]}'
PERSON: dict[str, str] = {}
WHO = (*[PERSON] * 7, *({variable: "1"} for variable in agents.NAMES), {"AGENT": "Goose 2"}, {"AGENT": "x" * 40})
WORDS = ((), (), (), ("--read-only",), ("--policy", "{policy}"), ("--full",), ("--full", "--policy", "{policy}"))
KINDS = ("", *agents.KINDS)
"""What profileB says of agents; the last profile has its key from nobody."""


def kind_of(session: Session) -> str:
    """Whether the session is full, read-only or narrowed by a policy."""
    return {"": "full", "read-only": "read-only"}.get(session.policy, "policy")


class Got:
    """A session that `who` got by `request`, what was sent to STS for it, and whether only `read_only` narrowed it."""

    def __init__(self, session: Session, request: Request, who: dict[str, str], sent: tuple[str, str]) -> None:
        self.session = session
        self.request = request
        self.who = who
        self.policy, self.session_name = sent
        options = json.loads(session.request)["options"]
        self.is_by_profile = session.policy == "read-only" and "policy" not in options


class SharedMachine(Walk):
    """A machine that a person and agents share: they request sessions, renew each other's, and edit the file."""

    def __init__(self, machine: Machine, dice: random.Random) -> None:
        super().__init__(machine, dice)
        self.policy_file = machine.home / "policy.json"
        self.policy_file.write_text(POLICY)
        self.kinds: dict[str, str] = {}
        self.read_only = False
        self.got: list[Got] = []
        self.edit()

    def edit(self) -> None:
        """Write the profiles with other keys."""
        arn = self.machine.sts.role_arn
        default, own = self.dice.choice(["", "", "", *agents.KINDS]), self.dice.choice([*KINDS, "read-only"])
        self.read_only = self.dice.random() < 0.15
        keys = (f"agents = {own}\n" if own else "") + ("read_only = yes\n" if self.read_only else "")
        other = f"[plain]\nrole_arn = {arn}\nsource_profile = profileA\n"
        shared = f"[DEFAULT]\nagents = {default}\n" if default else ""
        self.machine.write(shared + self.machine.standard_profiles() + keys + other)
        self.kinds = {"profileB": own or default, "plain": default}
        self.log.append(f"edit: {self.kinds}, read_only: {self.read_only}")

    def clear(self, *words: str) -> None:
        """Clear the sessions of all, none of which can be renewed then."""
        super().clear("--all")
        self.got.clear()

    def sequence(self) -> None:
        """Some events, the first two of which are requests."""
        self.got.clear()
        self.request()
        for _ in range(self.dice.randint(2, 6)):
            events = [self.edit, self.clear, self.command, self.renew, self.serve, self.request]
            self.dice.choices(events, [15, 1, 1, 20, 15, 48])[0]()

    def is_reading(self, profile: str) -> bool:
        return self.read_only and profile == "profileB"

    def expected(self, profile: str, agent: str, words: tuple[str, ...]) -> str | None:
        """The policy that STS is to get, None where the request is refused: from the contract, not from the code."""
        is_guarded = bool(agent) and self.kinds[profile] == "read-only" and "--full" not in words
        is_narrow = "--read-only" in words or self.is_reading(profile) or is_guarded
        if "--policy" in words:
            return None if is_narrow else POLICY
        return policies.read_only() if is_narrow else ""

    def choose(self) -> tuple[str, dict[str, str], str, tuple[str, ...]]:
        profile, who = self.dice.choice(["profileB", "profileB", "plain"]), self.dice.choice(WHO)
        agent = agents.recognize(who)
        words = tuple(word.replace("{policy}", str(self.policy_file)) for word in self.dice.choice(WORDS))
        extra = self.dice.choice([(), (), (), (), (), ("--refresh",), ("--no-cache",), ("--duration", "900")])
        self.log.append(f"{agent or 'a person'}: {profile} {' '.join((*words, *extra))}")
        return profile, who, agent, (*words, *extra)

    def request(self) -> None:
        """Somebody requests a session, in this process."""
        profile, who, agent, words = self.choose()
        request = options.request_of(cli.parse(["export", profile, *words]))
        before = len(self.machine.sts.issued)
        try:
            session = obtain.obtain(request, context(self.machine.environ | who))
        except UsageError as refused:
            return self.check_refused(profile, agent, words, refused.message)
        is_new = len(self.machine.sts.issued) > before
        self.check(profile, agent, words, session)
        self.found[f"{'agent' if agent else 'person'}, {kind_of(session)}, {'new' if is_new else 'cached'}"] += 1
        if "--no-cache" not in words:
            self.got.append(Got(session, request, who, self.sent(session.credentials.access_key_id)))
        return None

    def check_refused(self, profile: str, agent: str, words: tuple[str, ...], message: str) -> None:
        assert self.expected(profile, agent, words) is None, message
        self.found[f"{'agent' if agent else 'person'}, refused"] += 1

    def check(self, profile: str, agent: str, words: tuple[str, ...], session: Session) -> None:
        """The session is as narrow as was asked for and no narrower, and named after who asked."""
        policy, session_name = self.sent(session.credentials.access_key_id)
        assert policy == self.expected(profile, agent, words)
        assert (session.policy == "read-only") is (policy == policies.read_only())
        suffix = f".{agent}" if agent and self.kinds[profile] else ""
        assert session_name.endswith(suffix)
        assert suffix or not any(session_name.endswith(f".{agents.recognize(one)}") for one in WHO if one)
        assert len(session_name) <= 64

    def sent(self, access_key_id: str) -> tuple[str, str]:
        """The policy and the session name that STS got for the session of this key."""
        (issued,) = (one for one in self.machine.sts.issued[::-1] if one.id == access_key_id)
        return issued.policy, issued.name

    def command(self) -> None:
        """Somebody requests a session through the command, whose way to a cached one is another."""
        profile, who, agent, words = self.choose()
        done = self.machine.role_env("export", profile, "--format", "json", *words, **who)
        expected = self.expected(profile, agent, words)
        if expected is None:
            assert done.returncode == 2, done.stderr
            return
        assert done.returncode == 0, done.stderr
        assert self.sent(json.loads(done.stdout)["AccessKeyId"])[0] == expected
        self.found["by the command"] += 1

    def renew(self) -> None:
        """Somebody renews the session of a shell, whoever has requested it: it stays what it is."""
        if not self.got:
            return
        got, who = self.dice.choice(self.got), self.dice.choice(WHO)
        self.log.append(f"{agents.recognize(who) or 'a person'}: renew of {got.session.request}")
        if self.dice.random() < 0.5:
            self.age(got)
        shell = variables.assignments(got.session) | who
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
            own.expiration = record.session.credentials.expiration

    def check_again(self, how: str, got: Got, call: Callable[[], Session]) -> None:
        """A renewal gives the same session, or refuses because the file has another policy for it now."""
        try:
            session = call()
        except (ProfileError, RefusedError, UsageError) as refused:
            return self.check_not_renewed(how, got, refused.message)
        was_reading = got.policy == policies.read_only()
        assert self.sent(session.credentials.access_key_id) == (got.policy, got.session_name)
        assert (session.policy == "read-only") is was_reading
        made, first = json.loads(session.request)["options"], json.loads(got.session.request)["options"]
        assert made == first
        self.found[f"{how}, {kind_of(session)}"] += 1
        return None

    def check_not_renewed(self, how: str, got: Got, message: str) -> None:
        now = self.is_reading(got.session.profile)
        assert now != (got.policy == policies.read_only()), message
        assert now or got.is_by_profile, message
        self.found[f"{how}, refused"] += 1


@pytest.mark.timeout(120 if SEQUENCES == FEW else 0)
def test_nobody_gets_a_wider_session_than_asked_for_and_no_person_a_narrow_one_unasked(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.enter(monkeypatch)
    walk = SharedMachine(machine, random.Random(SEED))
    play(walk, count=SEQUENCES, seed=SEED)
    assert walk.found["agent, read-only, new"]
    assert walk.found["person, full, new"]
