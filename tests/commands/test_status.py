"""role-env status: the session in a shell, from its variables alone; what the prompt shows of it, and doctor says."""

import json
import time
from collections.abc import Mapping

import pytest

from cloud.world import format_time
from role_env import variables
from role_env.cli import Invocation
from role_env.commands.doctor import shell as doctors
from role_env.commands.doctor.finding import Finding
from role_env.environ.session import CHANGED, MIXED, OTHER_KEY, OUTRANKED, Fault
from support.contexts import context
from support.machine import Machine
from support.prompts import ARN, session
from support.shells import environment
from support.silent_bus import SilentBus
from support.terminal import on_terminal
from support.waiting import wait_until

AGAIN = 'role-env: hint: switch again with: eval "$(role-env profileB --config /home/me/profiles.ini || echo false)"'


def document(machine: Machine, **environ: str) -> tuple[int, dict[str, object]]:
    """Return the exit status and the JSON, with a silent stderr."""
    done = machine.role_env("status", "--json", **environ)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def examined(environ: Mapping[str, str]) -> list[Finding]:
    """Return what doctor finds in the variables."""
    return doctors.check_variables(Invocation(), context(environ))


def prompt(machine: Machine, **environ: str) -> list[str]:
    """Return the lines of `status --prompt`, on a terminal with colors."""
    done = machine.succeeds("status", "--prompt", TERM="xterm", **environ)
    lines = done.stdout.split("\n")
    assert len(lines) in (1, 7)
    return lines[:-1]


# --- a session that is whole


def test_a_live_session_is_a_line_with_its_profile_role_account_and_end(machine: Machine) -> None:
    environ = session() | {"TZ": "Asia/Shanghai"}
    until = time.strftime("%H:%M", time.gmtime(int(environ["ROLE_ENV_EXPIRATION"]) + 8 * 3600))
    screen = on_terminal(machine, "status", environ=environ)
    assert screen.status == 0
    (line,) = screen.lines
    assert line.startswith("profileB  role switchrolesbc of 2222222222222222  42 min left (until ")
    assert line.endswith(f"{until})")


def test_the_json_of_a_live_session_has_these_keys(machine: Machine) -> None:
    environ = session()
    status, reported = document(machine, **environ)
    until = format_time(int(environ["ROLE_ENV_EXPIRATION"]))
    remaining = reported.pop("remaining_seconds")
    assert isinstance(remaining, int)
    assert 2400 < remaining <= 2550
    named = {"profile": "profileB", "role_arn": ARN, "account_id": "2222222222222222"}
    assert (status, reported) == (0, {**named, "expiration": until, "valid": True})


def test_without_a_session_it_says_so_and_ends_with_1(machine: Machine) -> None:
    machine.fails("status", status=1, said="role-env: this shell has no session\nrole-env: hint: begin one with: ")
    assert machine.fails("status", "--json", status=1, said="").stdout == '{"valid": false}\n'


def test_an_expired_session_is_not_valid(machine: Machine) -> None:
    done = machine.role_env("status", **session(-300))
    assert done.returncode == 1
    assert " ended 5 min ago (at " in done.stdout
    assert done.stderr == f"role-env: the session has expired\n{AGAIN}\n"
    status, reported = document(machine, **session(-300))
    assert (status, reported["valid"], reported["remaining_seconds"]) == (1, False, 0)


def test_a_narrowed_session_and_one_without_a_role_and_an_account_say_so(machine: Machine) -> None:
    done = machine.succeeds("status", **session(policy="read-only"))
    assert done.stdout.startswith("profileB (read-only)  role ")
    done = machine.succeeds("status", **session(role_arn="", account_id=""))
    assert done.stdout.split("  ")[:2] == ["profileB", "no role"]


def test_it_reads_no_file_and_asks_neither_keyring_nor_network(machine: Machine) -> None:
    """Where there is no home folder, the profiles file is not readable as one, and a keyring would hang."""
    with SilentBus() as silent:
        machine.write("garbage")
        before = silent.calls()
        environ = session() | silent.environment | {"HOME": "/nonexistent", "ALIBABA_CLOUD_STS_ENDPOINT": "192.0.2.1"}
        done = machine.role_env("status", **environ)
        assert (done.returncode, done.stderr) == (0, "")
        assert silent.calls() == before


def test_the_prompt_gets_the_name_the_end_the_renewal_and_the_colors(machine: Machine) -> None:
    assert prompt(machine) == []
    made = session()
    end, due = made["ROLE_ENV_EXPIRATION"], str(int(made["ROLE_ENV_EXPIRATION"]) - 300)
    assert prompt(machine, **made) == ["profileB", "", end, due, "1;33", "1;7;31"]
    assert prompt(machine, **session(color="orange"))[4:] == ["1;38;5;208", "1;7;38;5;208"]
    for plain in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert machine.role_env("status", "--prompt", **session(color="red") | plain).stdout.endswith("\n\n\n")
    for policy, name in {"read-only": "profileB (read-only)", "0123456789abcdef": "profileB (narrowed)"}.items():
        assert prompt(machine, **session(policy=policy))[:2] == [name, ""]
    assert prompt(machine, **session(-5))[1:3] != ["", end]
    assert prompt(machine, **variables.NO_ACCOUNT) == ["no account", "", "", "", "1;7;31", "1;7;31"]
    for mark in (*variables.MARKS, variables.CLI_PROFILE):
        if mark != variables.NO_ACCOUNT_MARK:
            assert prompt(machine, **{mark: "role-env-none"})[:3] == ["unknown session", "≠", ""], mark
    assert prompt(machine, ROLE_ENV_PROFILE="profileB", ROLE_ENV_REQUEST="x", ROLE_ENV_ROLE_ARN=ARN) == []


# --- a session that some tool does not find: status, doctor and the prompt agree

HALVES = [name for key in variables.keys_of(variables.DEFAULT_FAMILIES) for name in key.names[:2]]
OUTRANKING = (*variables.OUTRANKING, variables.FIRST_CLI_PROFILE, variables.TERRAFORM_PROFILE)
SHOWN = {
    "ROLE_ENV_PROFILE": "other",
    "ROLE_ENV_ROLE_ARN": "acs:ram::1:role/another",
    "ROLE_ENV_ACCOUNT_ID": "1111111111111111",
    "ROLE_ENV_EXPIRATION": str(int(time.time()) + 9999),
    "ROLE_ENV_FAMILIES": "alibaba_cloud",
    "ROLE_ENV_POLICY": "read-only",
    "ROLE_ENV_SERVER": "1 http://x/",
}
SPOILT = {
    OTHER_KEY: [(name, "LTAIx") for name in variables.KEY_IDS],
    CHANGED: [(name, value) for name in (*HALVES, *variables.guards(follows=False)) for value in ("", "role-env-none")]
    + [(name, "other") for name in variables.guards(follows=False)],
    OUTRANKED: [(name, "x") for name in OUTRANKING],
    MIXED: [*SHOWN.items(), ("ROLE_ENV_ACCOUNT_ID", "")],
}
"""Changes of one variable of a session, by what is said of it."""


@pytest.mark.parametrize("fault", SPOILT, ids=["other key", "changed", "outranked", "mixed"])
def test_status_doctor_and_prompt_agree_on_a_session_that_some_tool_does_not_find(
    machine: Machine, fault: Fault
) -> None:
    for name, value in SPOILT[fault]:
        environ = session() | {name: value}
        if session().get(name) == value:
            continue
        done = machine.role_env("status", **environ)
        assert f"role-env: {fault.of_all([name])}\nrole-env: hint: " in done.stderr
        assert "LTAI" not in done.stderr
        assert prompt(machine, **environ)[1] == "≠", name
        assert document(machine, **environ)[1]["valid"] is False, name
        findings = examined(environ)
        assert [finding.status for finding in findings if finding.message == fault.of_all([name])] == ["fail"], name
        assert machine.role_env("process", "--session", **environ).returncode == 3, name


def test_a_session_whose_request_describes_another_or_that_has_an_invalid_variable_is_not_valid(
    machine: Machine,
) -> None:
    requests = ("", "{}", "2", "3 profile=profileB", session(profile="other")["ROLE_ENV_REQUEST"])
    names = ("ROLE_ENV_PROFILE", "ROLE_ENV_EXPIRATION", "ROLE_ENV_ACCESS_KEY_ID")
    for changed in (*({"ROLE_ENV_REQUEST": text} for text in requests), *({name: ""} for name in names)):
        environ = session() | changed
        assert "ROLE_ENV_" in machine.role_env("status", **environ).stderr
        assert prompt(machine, **environ)[1] == "≠", changed
        assert document(machine, **environ)[1]["valid"] is False
        assert examined(environ)[0].status == "fail"


def test_a_served_session_needs_its_server_the_guards_and_the_invalid_keys(machine: Machine) -> None:
    script = 'env -0 >seen; touch "$HOME/ready"; while test -e "$HOME/ready"; do sleep 0.1; done'
    server = machine.start("exec", "--renew", "profileB", "--", "sh", "-c", script)
    wait_until((machine.home / "ready").exists)
    found = environment((machine.home / "seen").read_text())
    served = {name: value for name, value in found.items() if name.startswith(("ROLE_ENV", "ALI", "OSS"))}
    following = dict.fromkeys(variables.IGNORE_PROFILE, "") | {"ALIBABACLOUD_PROFILE": "role-env"}
    for changed in ({}, following):
        assert document(machine, **served | changed)[0] == 0
        assert prompt(machine, **served | changed)[:4] == ["profileB", "", "served", ""]
    guards = ("ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE", "ALIBABA_CLOUD_IGNORE_PROFILE", "ALIYUN_LOG_CLI_ACCESSID")
    spoilt = [*((name, "") for name in (*guards, "ROLE_ENV_SERVER"))]
    spoilt += [("ACCESS_KEY_ID", "mine"), ("OSS_ACCESS_KEY_ID", "x")]
    spoilt += [("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true"), ("ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1:2/")]
    files = ("", "/proc/1/fd/3", "/tmp/role-env-x/role-env-served-0", "/home/me/mine.json")
    for name, value in (*spoilt, *(("ALICLOUD_SHARED_CREDENTIALS_FILE", file) for file in files)):
        assert document(machine, **served | {name: value})[0] == 1, (name, value)
        assert prompt(machine, **served | {name: value})[:2] == ["profileB", "≠"], (name, value)
    (machine.home / "ready").unlink()
    server.communicate(timeout=60)
    assert prompt(machine, **served)[:2] == ["profileB", "≠"]


# --- without an account


def test_after_a_failed_switch_it_says_so_and_names_off(machine: Machine) -> None:
    done = machine.fails(
        "status", status=1, said='what was set before with: eval "$(role-env off)"', **variables.NO_ACCOUNT
    )
    assert done.stderr.startswith("role-env: a switch to another profile failed")
    assert "since" not in done.stderr
    assert document(machine, **variables.NO_ACCOUNT) == (1, {"valid": False})


def test_what_has_changed_in_the_no_account_state_is_reported_and_its_invalid_key_counts_as_none(
    machine: Machine,
) -> None:
    needed = (*variables.guards(follows=False), "OSS_ACCESS_KEY_ID", "ALIYUN_LOG_CLI_ACCESSID")
    for name, value in (*((name, "") for name in needed), *((name, "x") for name in OUTRANKING)):
        environ = variables.NO_ACCOUNT | {name: value}
        machine.fails("status", status=1, said=f"; {name} has changed since: some tools find an account\n", **environ)
        assert prompt(machine, **environ)[:2] == ["no account", "≠"]
        assert name in examined(environ)[0].message


HALVES_OF_KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "ALICLOUD_SECRET_KEY": "ALICLOUD_ACCESS_KEY",
    "ALIYUN_LOG_CLI_ACCESSKEY": "ALIYUN_LOG_CLI_ACCESSID",
    "ACCESS_KEY_ID": "ACCESS_KEY_SECRET",
}


@pytest.mark.parametrize("before", [{}, variables.NO_ACCOUNT], ids=["no session", "no account"])
def test_half_a_key_is_named_with_what_it_lacks(machine: Machine, before: Mapping[str, str]) -> None:
    for name, other in HALVES_OF_KEYS.items():
        environ = dict(before) | {name: "LTAIhalf"}
        said = f"; {name} is set without {other}\nrole-env: hint: set both, or neither; "
        assert "LTAIhalf" not in machine.fails("status", status=1, said=said, **environ).stderr
        assert "set without" not in machine.role_env("status", **environ | {other: "x"}).stderr
        assert not before or prompt(machine, **environ)[1] == "≠"


# A key in a family, the tools that use it in the no-account state, and what else is set. Each field is looked for by
# itself: an ID may be that of another family, and its secret its own.
USERS: list[tuple[str, str, dict[str, str]]] = [
    ("ACCESS_KEY", "aliyun uses", {}),
    ("ALIBABA_CLOUD_ACCESS_KEY", "aliyun, Terraform, Pulumi, SDKs use", {}),  # and not aliyunlog
    ("ALIBABA_CLOUD_ACCESS_KEY", "aliyun, Terraform, Pulumi, SDKs use", {"ALIYUN_LOG_CLI_ACCESSID": ""}),
    ("OSS_ACCESS_KEY", "ossutil 2 use", {}),
]


def test_a_key_that_was_set_in_the_no_account_state_is_reported_with_its_tools(machine: Machine) -> None:
    for family, users, more in USERS:
        environ = variables.NO_ACCOUNT | {f"{family}_ID": "LTAIx", f"{family}_SECRET": "x" * 30} | more
        said = f"without an account; a key has been set since, which {users}"
        machine.fails("status", status=1, said=said, **environ)
        assert prompt(machine, **environ)[:2] == ["no account", "≠"]


# --- whatever is in the variables

HOSTILE = ["\x1b]0;owned\x07\x1b[2J", "a\nrole-env: all is well", "\x9b2K\u202e", "\udcff", "9" * 5000, "$(id)", "-x"]
HOSTILE += ["", " ", "1e5", "٣", "-1", "0", "99999999999", "x" * 100_000]


@pytest.mark.parametrize("name", [*variables.DESCRIBING[:4], "TZ"])
def test_no_value_acts_on_the_terminal_or_makes_a_traceback(machine: Machine, name: str) -> None:
    for value in HOSTILE:
        environ = session() | {name: value}
        done = machine.role_env("status", **environ)
        assert (done.returncode in (0, 1), "bug" in done.stderr) == (True, False)
        shown = "".join((done.stdout, done.stderr, *prompt(machine, **environ)))
        assert shown.replace("\n", "").isprintable()
        assert "all is well" not in shown
        assert "valid" in document(machine, **environ)[1]
