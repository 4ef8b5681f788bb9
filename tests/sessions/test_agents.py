"""The key `agents`: which sessions an AI agent gets, told by its variable from the person whose machine it is."""

import json

import pytest

from cloud.api_server import Call
from role_env.agents import AGENTS, VALUES, agent_of
from role_env.profiles import policies
from role_env.sessions.shell_request import read_request
from support.cached_sessions import asks, exports
from support.documents import codes, table, topic
from support.files import write_private
from support.machine import Machine

CLAUDE = {"CLAUDECODE": "1"}
EXPIRE = (
    'end=$(($(date +%s) + 9)); REQUEST=$(printf %s "$ROLE_ENV_REQUEST" | sed "s/$ROLE_ENV_EXPIRATION/$end/"); '
    'export ROLE_ENV_REQUEST="$REQUEST" ROLE_ENV_EXPIRATION=$end; '
)
"""What leaves a shell's session nine seconds."""
READING = policies.read_only()


def last(machine: Machine) -> Call:
    """The last call of AssumeRole."""
    return machine.sts.calls_of("AssumeRole")[-1]


@pytest.fixture
def guarded(machine: Machine) -> Machine:
    """A machine whose profileB has `agents = read-only`."""
    machine.add("agents = read-only\n")
    return machine


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        *(({variable: VALUES.get(variable, "1")}, name) for variable, name in AGENTS.items()),
        *(({variable: "another"}, "") for variable in VALUES),
        ({"CLAUDECODE": "1", "AMP_CURRENT_THREAD_ID": "T-1", "AGENT": "amp"}, "amp"),
        ({"OPENCODE": "1", "AGENT": "1"}, "opencode"),
        ({"AGENT": "goose", "QODER_CLI": "1", "CURSOR_AGENT": "1"}, "cursor"),
        ({"COPILOT_AGENT": "1", "AI_AGENT": "github_copilot_vscode_agent"}, "copilot"),
        ({"CLAUDECODE": ""}, ""),
        ({}, ""),
    ],
)
def test_an_agent_is_recognized_by_the_first_variable_that_agents_set_for_their_commands(
    environ: dict[str, str], name: str
) -> None:
    assert agent_of(environ) == name
    assert not agent_of(environ | {"ROLE_ENV_CHAIN": "profileB"}), "a credential process is run by role-env"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Goose", "goose"),
        ("My Agent/2.0 (日本)\n", "myagent2.0"),
        ("claude-code_2.1_agent", "claude-code_2.1_agent"),
        ("x" * 40, "x" * 32),
        *((value, "agent") for value in ("1", "true", "True", "日本", "!!!", " ")),
        *((value, "") for value in ("", "0", "false", "no", "off", "OFF")),
    ],
)
def test_any_other_agent_names_itself_unless_the_value_is_a_flag(value: str, name: str) -> None:
    assert agent_of({"AGENT": value}) == agent_of({"AI_AGENT": value}) == name
    assert agent_of({"AI_AGENT": value, "AGENT": "other"}) == (name or "other")


@pytest.mark.parametrize(
    "variable", ["CURSOR_TRACE_ID", "COPILOT_MODEL", "GOOSE_PROVIDER", "OPENCODE_CLIENT", "TERM_PROGRAM"]
)
def test_what_a_persons_terminal_or_settings_have_too_is_no_sign_of_an_agent(variable: str) -> None:
    assert agent_of({variable: "kiro"}) == ""


def test_the_help_names_each_agent_with_its_variables() -> None:
    shown = [(codes(agent)[0], variable) for agent, cell in table("agent", topic("agents")) for variable in codes(cell)]
    known = [(name, variable) for variable, name in AGENTS.items()]
    assert [pair for pair in shown if pair[1] not in VALUES.values()] == known, "correct the table of help/agents.md"


def test_an_agent_gets_read_only_sessions_of_its_own_and_a_person_full_ones(guarded: Machine) -> None:
    person, agent = asks(guarded, calls=1), asks(guarded, calls=1, **CLAUDE)
    assert [call.policy for call in guarded.sts.calls_of("AssumeRole")] == ["", READING]
    other = asks(guarded, calls=1, CODEX_SANDBOX="seatbelt")
    assert len({person, agent, other}) == 3
    assert (asks(guarded, calls=0), asks(guarded, calls=0, **CLAUDE)) == (person, agent)
    assert asks(guarded, calls=0, CODEX_SANDBOX="seatbelt") == other
    guarded.succeeds("clear", "profileB")
    asks(guarded, calls=1, **CLAUDE)


def test_without_the_key_an_agents_call_is_a_persons_with_the_same_session(machine: Machine) -> None:
    agent = asks(machine, calls=1, **CLAUDE)
    assert asks(machine, calls=0) == asks(machine, calls=0, AGENT="goose") == agent
    assert (last(machine).policy, "claude" in last(machine).session_name) == ("", False)
    requests = [
        machine.succeeds("exec", "profileB", *words, "--", "sh", "-c", 'echo "$ROLE_ENV_REQUEST"', **environ).stdout
        for words, environ in (((), {}), ((), CLAUDE), (("--full",), CLAUDE))
    ]
    assert len(set(requests)) == 1, "and so is what its renewal repeats"
    assert machine.succeeds("explain", "profileB", **CLAUDE).stdout == machine.succeeds("explain", "profileB").stdout
    machine.add("agents = full\n")
    assert asks(machine, calls=1, **CLAUDE) != asks(machine, calls=0)
    machine.write(machine.standard_profiles())
    asks(machine, calls=0, **CLAUDE)


@pytest.mark.parametrize("kind", ["read-only", "full"])
def test_the_name_of_an_agents_session_tells_it_from_a_persons(machine: Machine, kind: str) -> None:
    long = {"LOGNAME": "u" * 70}
    machine.add(f"agents = {kind}\n")
    exports(machine, "profileB", **long)
    assert last(machine).session_name == "u" * 64
    for environ, name in ((CLAUDE, "claude-code"), ({"AGENT": "a" * 40}, "a" * 32)):
        exports(machine, "profileB", **long, **environ)
        assert last(machine).session_name == f"{'u' * (63 - len(name))}.{name}"
    exports(machine, "profileB", "--session-name", "mine", **CLAUDE)
    assert last(machine).session_name == "mine"
    machine.add("role_session_name = ours\n")
    exports(machine, "profileB", **CLAUDE)
    assert last(machine).session_name == "ours"


def test_full_gives_an_agent_a_full_session_with_its_name_and_agents_full_gives_it_always(guarded: Machine) -> None:
    exports(guarded, "profileB", "--full", **CLAUDE)
    assert (last(guarded).policy, last(guarded).session_name.endswith(".claude-code")) == ("", True)
    exports(guarded, "profileB", **CLAUDE)
    assert last(guarded).policy == READING
    guarded.write(guarded.standard_profiles() + "agents = full\n")
    exports(guarded, "profileB", "--refresh", **CLAUDE)
    assert (last(guarded).policy, last(guarded).session_name.endswith(".claude-code")) == ("", True)
    guarded.write(guarded.standard_profiles() + "agents = read-only\nread_only = yes\n")  # which --full does not lift
    exports(guarded, "profileB", "--full", **CLAUDE)
    assert last(guarded).policy == READING


def test_the_key_of_default_counts_and_that_of_a_source_does_not(machine: Machine) -> None:
    hub, spoke = (machine.sts.world.role(name).arn for name in ("hub", "spoke1"))
    profiles = machine.standard_profiles().replace(machine.sts.role_arn, hub)
    profiles += f"[next]\nrole_arn = {spoke}\nsource_profile = profileB\n"
    machine.write(profiles.replace("[profileB]", "[profileB]\nagents = read-only"))
    exports(machine, "next", **CLAUDE)
    assert {call.policy for call in machine.sts.calls_of("AssumeRole")} == {""}
    assert not any("claude" in call.session_name for call in machine.sts.calls_of("AssumeRole"))
    machine.write("[DEFAULT]\nagents = read-only\n" + profiles)
    exports(machine, "next", **CLAUDE)
    assert last(machine).policy == READING


def test_what_cannot_be_followed_for_an_agent_is_refused_and_nothing_is_requested(guarded: Machine) -> None:
    policy = guarded.home / "policy.json"
    policy.write_text('{"Version": "1", "Statement": []}')
    line = ("export", "profileB", "--format", "json", "--policy", str(policy))
    refused = guarded.fails(*line, status=2, said="as claude-code requests it", **CLAUDE)
    assert "--policy cannot narrow profileB: agents = read-only" in refused.stderr
    guarded.write_program("lend", f"#!/bin/sh\nexec role-env --config {guarded.home}/lent.ini process lent\n")
    write_private(guarded.home / "lent.ini", guarded.standard_profiles().replace("profileB", "lent"))
    guarded.write(f"[lender]\ncredential_process = {guarded.home}/lend\nagents = read-only\n")
    guarded.fails("lender", status=3, said="agents = read-only cannot be followed for claude-code", **CLAUDE)
    assert not guarded.sts.calls_of("AssumeRole")
    guarded.succeeds("lender")
    guarded.succeeds("lender", "--full", **CLAUDE)


def test_a_profile_that_lends_its_session_to_another_one_is_a_source_then(guarded: Machine) -> None:
    """Its process is started by role-env and not by the agent: the key of the profile that was asked for decides."""
    hub, spoke = (guarded.sts.world.role(name).arn for name in ("hub", "spoke1"))
    guarded.write(guarded.file.read_text().replace(guarded.sts.role_arn, hub))
    program = guarded.write_program("lend", f"#!/bin/sh\nexec role-env --config {guarded.file} process profileB\n")
    other = guarded.home / "other.ini"
    other.write_text(f"[lent]\ncredential_process = {program}\n[next]\nrole_arn = {spoke}\nsource_profile = lent\n")
    exports(guarded, "next", "--config", str(other), **CLAUDE)
    assert [call.policy for call in guarded.sts.calls_of("AssumeRole")] == ["", ""]


def test_an_agent_and_a_person_are_told_why_a_session_is_read_only(guarded: Machine) -> None:
    why = "read-only by agents = read-only, as claude-code request"
    assert f"narrowed: {why}s it (" in guarded.succeeds("explain", "profileB", **CLAUDE).stdout
    assert f"{why}s it (" in guarded.succeeds("process", "profileB", "--verbose", **CLAUDE).stderr
    status = ("--", "role-env", "status")
    assert guarded.succeeds("exec", "profileB", *status, **CLAUDE).stdout.endswith(f"{why}ed it\n")
    served_status = ["exec", "--renew", "profileB", *status]
    assert guarded.succeeds(*served_status, **CLAUDE).stdout.endswith(f"{why}ed it\n")
    assert guarded.succeeds("exec", "--read-only", "profileB", *status).stdout.endswith("read-only by --read-only\n")
    assert "narrowed" not in guarded.succeeds("explain", "profileB").stdout
    assert "read-only" not in guarded.succeeds("exec", "profileB", *status).stdout
    guarded.add("read_only = yes\n")
    assert guarded.succeeds("exec", "profileB", *status, **CLAUDE).stdout.endswith("read-only by read_only = yes\n")


@pytest.mark.parametrize("words", [(), ("--full",), ("--read-only",)])
def test_a_renewal_keeps_what_an_agent_got_whoever_asks(guarded: Machine, words: tuple[str, ...]) -> None:
    renew = EXPIRE + 'unset CLAUDECODE; eval "$(role-env renew)"; env -0'
    first = guarded.succeeds("exec", "profileB", *words, "--", "env", "-0", **CLAUDE)
    done = guarded.succeeds("exec", "profileB", *words, "--", "sh", "-c", renew, **CLAUDE)
    assert done.stderr == ""
    one, two = (dict(line.split("=", 1) for line in run.stdout.split("\0") if line) for run in (first, done))
    assert one.get("ROLE_ENV_POLICY") == two.get("ROLE_ENV_POLICY") == (None if words == ("--full",) else "read-only")
    first_asked, renewed = (read_request(each["ROLE_ENV_REQUEST"]) for each in (one, two))
    assert first_asked
    assert first_asked.is_same(renewed)
    renew = EXPIRE + 'export CLAUDECODE=1; eval "$(role-env renew)"; role-env status'
    is_narrow = "read-only" in guarded.succeeds("exec", "profileB", *words, "--", "sh", "-c", renew).stdout
    assert is_narrow == (words == ("--read-only",))  # though an agent renews a person's session


@pytest.mark.parametrize("own", ["", "theirs"])
def test_a_role_of_the_aliyun_clis_profile_is_narrowed_and_named_likewise(machine: Machine, own: str) -> None:
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    role = {"ram_role_arn": machine.sts.role_arn, "ram_session_name": own}
    entry = {"name": "default", "mode": "RamRoleArn", "region_id": "cn-hangzhou", **key, **role}
    machine.write_cli_file({"current": "default", "profiles": [entry]})
    machine.add("[cli]\ncredential_source = aliyun_cli\nagents = read-only\n")
    exports(machine, "profileB")
    default = last(machine).session_name
    exports(machine, "cli", **CLAUDE)
    assert last(machine).policy == READING
    assert last(machine).session_name == (own or f"{default}.claude-code")


def test_list_shows_an_agent_the_minutes_of_the_session_that_its_next_call_uses(machine: Machine) -> None:
    def minutes(**environ: str) -> str | None:
        rows = json.loads(machine.succeeds("list", "--json", **environ).stdout)
        expiration: str | None = next(row["expiration"] for row in rows if row["profile"] == "profileB")
        return expiration

    machine.succeeds("profileB")
    assert minutes() == minutes(**CLAUDE)
    machine.add("agents = read-only\n")
    assert (minutes() is not None, minutes(**CLAUDE)) == (True, None)
    machine.succeeds("profileB", **CLAUDE)
    assert minutes(**CLAUDE)
    machine.write(machine.file.read_text().replace("agents = read-only", "agents = full"))
    assert minutes(**CLAUDE) is None
