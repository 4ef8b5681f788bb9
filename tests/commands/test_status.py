"""role-env status: the session in a shell, from its variables alone, whatever is in them."""

import json
import time
from collections.abc import Mapping

import pytest

from cloud.world import format_time
from role_env import variables
from role_env.command_table import INTEGRATED_SHELLS
from role_env.credentials import Credentials, Session
from support.machine import Machine
from support.shells import environment
from support.silent_bus import SilentBus
from support.terminal import on_terminal
from support.waiting import wait_until

ARN = "acs:ram::2222222222222222:role/switchrolesbc"
ID = "STS.NUexample"


def session(seconds: float = 2550, changed: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a session with so many seconds left; `changed` come on top."""
    end = int(time.time() + seconds)
    made = Session("profileB", ARN, Credentials(ID, "x" * 30, "t", issued=end - 3600, expiration=end), variables=())
    return variables.assignments(made, follows=False) | dict(changed or {})


def document(machine: Machine, **environ: str) -> tuple[int, dict[str, object]]:
    """The exit status and the JSON, with a silent stderr."""
    done = machine.role_env("status", "--json", **environ)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_a_live_session_is_a_line_with_its_profile_role_account_and_end(machine: Machine) -> None:
    environ = session(changed={"TZ": "Asia/Shanghai"})
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
    assert (status, reported) == (0, {"profile": "profileB", "role_arn": ARN, "expiration": until, "valid": True})


@pytest.mark.parametrize("name", INTEGRATED_SHELLS)
def test_it_agrees_with_what_a_real_shell_was_given(machine: Machine, name: str) -> None:
    take = "role-env profileB | source" if name == "fish" else "source <(role-env profileB)"
    done = machine.shell(name, f"{take}; role-env status; role-env status --json")
    assert (done.returncode, done.stderr) == (0, "")
    line, _, rest = done.stdout.partition("\n")
    assert line.startswith("profileB  role switchrolesbc of 2222222222222222  59 min left (until ")
    assert json.loads(rest)["valid"] is True


def test_without_a_session_it_says_so_and_ends_with_1(machine: Machine) -> None:
    screen = on_terminal(machine, "status")
    assert screen.status == 1
    assert screen.lines == [
        "role-env: this shell has no session",
        'role-env: hint: begin one with: eval "$(role-env PROFILE || echo false)"; role-env list has the names',
    ]
    done = machine.role_env("status", "--json")
    assert (done.returncode, done.stdout) == (1, '{"valid": false}\n')


def test_an_expired_session_is_not_valid(machine: Machine) -> None:
    environ = session(-300)
    done = machine.role_env("status", **environ)
    assert done.returncode == 1
    assert " ended 5 min ago (at " in done.stdout
    assert done.stderr == (
        "role-env: the session has expired\n"
        'role-env: hint: switch again with: eval "$(role-env profileB || echo false)"\n'
    )
    status, reported = document(machine, **environ)
    assert (status, reported["valid"], reported["remaining_seconds"]) == (1, False, 0)


NEEDED = ("OSS_ACCESS_KEY_ID", "ALIYUN_LOG_CLI_ACCESSID", "ALIBABA_CLOUD_CLI_PROFILE_DISABLED", variables.CLI_PROFILE)
FOREIGN = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY", "AccessKeyId")
OUTRANKING = ("ALIBABA_CLOUD_ROLE_ARN", "ALICLOUD_ECS_METADATA", "ALIBABA_CLOUD_CREDENTIALS_URI")
DESCRIBING = ("ROLE_ENV_PROFILE", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_EXPIRATION")
SPOILT: dict[str, tuple[dict[str, str | None], str]] = {
    **{f"{name} of another key": ({name: "LTAIx"}, f"role-env: {name} is no longer the session's") for name in FOREIGN},
    "two of another key": (
        {"ALICLOUD_ACCESS_KEY": "LTAIx", "OSS_ACCESS_KEY_ID": "LTAIy"},
        "ALICLOUD_ACCESS_KEY, OSS_ACCESS_KEY_ID are no longer",
    ),
    **{f"{name} = {value}": ({name: value}, name) for name in NEEDED for value in (None, "", "other")},
    **{f"{name} besides": ({name: "x"}, f"{name} outranks the session") for name in OUTRANKING},
    **{f"no {name}": ({name: None}, name) for name in DESCRIBING},
    "of an older version": (
        dict.fromkeys(("ROLE_ENV_FAMILIES", *variables.DISABLED)),
        "role-env: an older version of role-env has set this session\n"
        'role-env: hint: switch again with: eval "$(role-env profileB || echo false)"\n',
    ),
    "without any key": ({name: None for name in session() if not name.startswith("ROLE_ENV")}, ""),
}
"""What is changed in a session's variables, or None where it is gone, and what is said of that."""


@pytest.mark.parametrize("what", SPOILT)
def test_a_session_whose_variables_are_not_whole_is_not_valid_and_they_are_named(machine: Machine, what: str) -> None:
    changed, said = SPOILT[what]
    environ = {name: value for name, value in {**session(), **changed}.items() if value is not None}
    done = machine.fails("status", **environ, status=1, said=said)
    assert "LTAI" not in done.stderr
    status, reported = document(machine, **environ)
    if set(changed) & set(DESCRIBING):
        assert (status, reported, done.stdout) == (1, {"valid": False}, "")
    else:
        assert (status, reported["valid"], reported["profile"]) == (1, False, "profileB")


def test_a_session_in_which_the_cli_follows_the_shell_is_valid(machine: Machine) -> None:
    environ = session(changed={variables.CLI_PROFILE: "role-env"})
    del environ["ALIBABA_CLOUD_IGNORE_PROFILE"], environ["ALIBABACLOUD_IGNORE_PROFILE"]
    assert document(machine, **environ)[1]["valid"] is True


def test_what_has_changed_in_the_no_account_state_is_reported_and_its_invalid_key_counts_as_none(
    machine: Machine,
) -> None:
    assert "since" not in machine.fails("status", status=1, said="", **variables.NO_ACCOUNT).stderr
    for name, value in {"ALIBABA_CLOUD_IGNORE_PROFILE": "", "OSS_ACCESS_KEY_ID": "", "ALICLOUD_ROLE_ARN": "x"}.items():
        said = f"without an account; {name} has changed since: some tools find an account\n"
        machine.fails("status", status=1, said=said, **variables.NO_ACCOUNT | {name: value})


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        ("ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY"),
        ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"),
        ("ALIYUN_LOG_CLI_ACCESSKEY", "ALIYUN_LOG_CLI_ACCESSID"),
        ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"),
    ],
)
@pytest.mark.parametrize("before", [{}, variables.NO_ACCOUNT], ids=["no session", "no account"])
def test_half_a_key_is_named_with_what_it_lacks(
    machine: Machine, before: Mapping[str, str], name: str, other: str
) -> None:
    environ = dict(before) | {name: "LTAIhalf"}
    done = machine.role_env("status", **environ)
    assert done.returncode == 1
    assert f"; {name} is set without {other}\nrole-env: hint: set both, or neither; " in done.stderr
    assert "LTAIhalf" not in done.stderr
    assert document(machine, **environ) == (1, {"valid": False})
    assert "set without" not in machine.role_env("status", **environ | {other: "x"}).stderr


@pytest.mark.parametrize(
    ("family", "users"),
    [
        ("ACCESS_KEY", "aliyun uses"),
        ("ALIBABA_CLOUD_ACCESS_KEY", "aliyun, Terraform, Pulumi, SDKs use"),  # and not aliyunlog
        ("OSS_ACCESS_KEY", "ossutil 2 use"),
    ],
)
def test_a_key_that_was_set_in_the_no_account_state_is_reported_with_its_tools(
    machine: Machine, family: str, users: str
) -> None:
    environ = variables.NO_ACCOUNT | {f"{family}_ID": "LTAIx", f"{family}_SECRET": "x" * 30}
    for command in ("status", "whoami"):
        done = machine.role_env(command, **environ)
        assert f"without an account; a key has been set since, which {users}" in done.stderr


def test_variables_of_two_sessions_are_not_taken_for_one(machine: Machine) -> None:
    show = "role-env status --json; role-env init bash >init; source ./init; _role_env_prompt; echo $ROLE_ENV_PROMPT"
    for value in ("", *(f"export {name}=acs:ram::1:role/another\n" for name in variables.SHOWN)):
        done = machine.shell("bash", f"source <(role-env profileB)\n{value}{show}")
        assert f'"valid": {"false" if value else "true"}' in done.stdout, value
        assert ("≠" in done.stdout) is bool(value), value


def test_a_session_that_its_request_does_not_describe_is_not_taken_for_one(machine: Machine) -> None:
    request = {"access_key_id": ID, "shown": f"profileB {ARN} {ARN.split(':')[3]} "}
    for changed in ({}, {"shown": None}, {"access_key_id": None}, {"shown": "profileB"}, {"access_key_id": "STS.x"}):
        left = {name: value for name, value in (request | changed).items() if value}
        environ = session(changed={"ROLE_ENV_REQUEST": json.dumps(left, separators=(",", ":"))})
        assert document(machine, **environ)[1]["valid"] is not bool(changed), changed
        assert ("mixed" in machine.role_env("status", **environ).stderr) is bool(changed), changed
        assert machine.role_env("process", "--session", **environ).returncode == (3 if changed else 0)
    for text in ("{}", "[]", "none"):
        assert document(machine, **session(changed={"ROLE_ENV_REQUEST": text}))[1]["valid"] is False


def test_a_served_session_needs_the_guards_and_the_invalid_keys(machine: Machine) -> None:
    script = 'env -0 >seen; touch "$HOME/ready"; while test -e "$HOME/ready"; do sleep 0.1; done'
    server = machine.start("exec", "--renew", "profileB", "--", "sh", "-c", script)
    wait_until((machine.home / "ready").exists)
    found = environment((machine.home / "seen").read_text())
    served = {name: value for name, value in found.items() if name.startswith(("ROLE_ENV", "ALI", "OSS"))}
    following = served | dict.fromkeys(variables.IGNORE_PROFILE, "") | {"ALIBABACLOUD_PROFILE": "role-env"}
    assert document(machine, **served)[0] == 0
    assert document(machine, **following)[0] == 0
    for file in ("", "/proc/1/fd/3", "/tmp/role-env-x/role-env-served-0", "/home/me/mine.json"):
        assert document(machine, **served | {"ALICLOUD_SHARED_CREDENTIALS_FILE": file})[0] == 1
    guards = ("ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE", "ALIBABA_CLOUD_IGNORE_PROFILE", "ALIYUN_LOG_CLI_ACCESSID")
    for name in guards:
        assert document(machine, **served | {name: ""})[0] == 1
    for name, value in {"ACCESS_KEY_ID": "mine", "ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "true"}.items():
        assert document(machine, **served | {name: value})[0] == 1
    (machine.home / "ready").unlink()
    server.communicate(timeout=60)


def test_after_a_failed_switch_it_says_so_and_names_off(machine: Machine) -> None:
    done = machine.shell("bash", "source <(role-env profileB); source <(role-env no 2>/dev/null); role-env status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("role-env: a switch to another profile failed")
    assert 'eval "$(role-env off)"' in done.stderr
    assert document(machine, ROLE_ENV_NO_ACCOUNT="1") == (1, {"valid": False})


HOSTILE = ["\x1b]0;owned\x07\x1b[2J", "a\nrole-env: all is well", "\x9b2K\u202e", "\udcff", "9" * 5000, "$(id)", "-x"]
HOSTILE += ["", " ", "1e5", "٣", "-1", "0", "99999999999", "x" * 100_000]


@pytest.mark.parametrize(
    "name", ["ROLE_ENV_PROFILE", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_EXPIRATION", "ROLE_ENV_ACCESS_KEY_ID", "TZ"]
)
def test_no_value_acts_on_the_terminal_or_makes_a_traceback(machine: Machine, name: str) -> None:
    for value in HOSTILE:
        done = machine.role_env("status", **session(changed={name: value}))
        assert done.returncode in (0, 1)
        assert "bug" not in done.stderr
        for text in (done.stdout, done.stderr):
            assert text.replace("\n", "").isprintable()
            assert "all is well" not in text
        reported = json.loads(machine.role_env("status", "--json", **session(changed={name: value})).stdout)
        assert set(reported) in ({"valid"}, {"profile", "role_arn", "expiration", "remaining_seconds", "valid"})


def test_it_reads_no_file_and_asks_neither_keyring_nor_network(machine: Machine) -> None:
    """Where there is no home folder, the profiles file is not readable as one, and a keyring would hang."""
    with SilentBus() as silent:
        machine.write("garbage")
        before = silent.calls()
        environ = session() | silent.environment | {"HOME": "/nonexistent", "ALIBABA_CLOUD_STS_ENDPOINT": "192.0.2.1"}
        done = machine.role_env("status", **environ)
        assert (done.returncode, done.stderr) == (0, "")
        assert silent.calls() == before


def test_a_narrowed_session_and_one_without_a_role_and_an_account_say_so(machine: Machine) -> None:
    done = machine.succeeds("status", **session(changed={"ROLE_ENV_POLICY": "read-only"}))
    assert done.stdout.startswith("profileB (read-only)  role ")
    done = machine.succeeds("status", **session(changed={"ROLE_ENV_ROLE_ARN": "", "ROLE_ENV_ACCOUNT_ID": ""}))
    assert done.stdout.split("  ")[:2] == ["profileB", "no role"]


def test_after_a_failed_switch_no_tool_is_named_that_finds_a_key_with_the_invalid_secret(machine: Machine) -> None:
    """Each field is looked for by itself: the ID of aliyunlog is that of another family here, its secret its own."""
    own = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIx", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "x" * 30}
    environ = variables.NO_ACCOUNT | own | {"ALIYUN_LOG_CLI_ACCESSID": ""}
    done = machine.role_env("status", **environ)
    assert "a key has been set since, which aliyun, Terraform, Pulumi, SDKs use" in done.stderr
