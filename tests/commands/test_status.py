"""role-env status: the session in a shell, from its variables alone, whatever is in them."""

import json
import time
from collections.abc import Mapping

import pytest

from cloud.world import format_time
from role_env import variables
from role_env.command_table.formats import INTEGRATED_SHELLS
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
    return variables.assignments(made) | dict(changed or {})


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


def test_a_session_that_is_passed_through_without_a_role_is_valid(machine: Machine) -> None:
    machine.add("[lender]\ncredential_process = role-env process profileB\n")
    script = "source <(role-env lender) && role-env status && role-env status --json"
    done = machine.shell("bash", script)
    line, _, reported = done.stdout.partition("\n")
    assert (done.returncode, line.split("  ")[:2]) == (0, ["lender", "account 2222222222222222"])
    assert json.loads(reported)["role_arn"] is None
    assert json.loads(reported)["valid"] is True


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


@pytest.mark.parametrize(
    "name", ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY", "AccessKeyId"]
)
def test_a_variable_that_is_no_longer_the_sessions_is_named(machine: Machine, name: str) -> None:
    environ = session(changed={name: "LTAIother"})
    done = machine.fails("status", **environ, status=1, said=f"role-env: {name} is no longer the session's")
    assert "LTAIother" not in done.stderr
    status, reported = document(machine, **environ)
    assert (status, reported["valid"], reported["profile"]) == (1, False, "profileB")


def test_all_mismatched_variables_are_named(machine: Machine) -> None:
    done = machine.role_env("status", **session(changed={"ALICLOUD_ACCESS_KEY": "x", "OSS_ACCESS_KEY_ID": "y"}))
    assert "ALICLOUD_ACCESS_KEY, OSS_ACCESS_KEY_ID are no longer" in done.stderr


def test_a_session_without_any_key_is_none(machine: Machine) -> None:
    environ = {name: value for name, value in session().items() if name.startswith("ROLE_ENV")}
    assert machine.role_env("status", **environ).returncode == 1
    assert document(machine, **environ)[1]["valid"] is False


@pytest.mark.parametrize(
    "name",
    ["OSS_ACCESS_KEY_ID", "ALIYUN_LOG_CLI_ACCESSID", "ALIBABA_CLOUD_CLI_PROFILE_DISABLED", variables.CLI_PROFILE],
)
@pytest.mark.parametrize("value", [None, "", "other"])
def test_a_session_is_not_valid_while_a_variable_that_it_needs_is_missing_or_changed(
    machine: Machine, name: str, value: str | None
) -> None:
    environ = {key: text for key, text in session().items() if key != name} | ({} if value is None else {name: value})
    machine.fails("status", **environ, status=1, said=name)
    assert document(machine, **environ)[1]["valid"] is False


@pytest.mark.parametrize("name", ["ALIBABA_CLOUD_ROLE_ARN", "ALICLOUD_ECS_METADATA", "ALIBABA_CLOUD_CREDENTIALS_URI"])
def test_a_session_is_not_valid_while_another_variable_outranks_it(machine: Machine, name: str) -> None:
    machine.fails("status", **session(changed={name: "x"}), status=1, said=f"{name} outranks the session")


def test_a_session_in_which_the_cli_follows_the_shell_is_valid(machine: Machine) -> None:
    environ = session(changed={variables.CLI_PROFILE: "role-env"})
    del environ["ALIBABA_CLOUD_IGNORE_PROFILE"], environ["ALIBABACLOUD_IGNORE_PROFILE"]
    assert document(machine, **environ)[1]["valid"] is True


def test_a_session_of_an_older_version_is_not_valid_and_the_hint_is_to_switch_again(machine: Machine) -> None:
    environ = {key: text for key, text in session().items() if key not in ("ROLE_ENV_FAMILIES", *variables.DISABLED)}
    done = machine.role_env("status", **environ)
    assert done.returncode == 1
    assert done.stderr == (
        "role-env: an older version of role-env has set this session\n"
        'role-env: hint: switch again with: eval "$(role-env profileB || echo false)"\n'
    )


def test_the_invalid_key_of_the_no_account_state_counts_as_none(machine: Machine) -> None:
    done = machine.role_env("status", **variables.NO_ACCOUNT)
    assert (done.returncode, "has been set since" in done.stderr) == (1, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALIBABA_CLOUD_IGNORE_PROFILE", ""), ("OSS_ACCESS_KEY_ID", ""), ("ALICLOUD_ROLE_ARN", "mine")],
)
def test_what_has_changed_in_the_no_account_state_is_reported(machine: Machine, name: str, value: str) -> None:
    done = machine.role_env("status", **variables.NO_ACCOUNT | {name: value})
    assert f"without an account; {name} has changed since: some tools find an account\n" in done.stderr


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
        (
            "ALIBABA_CLOUD_ACCESS_KEY",
            "aliyun, Terraform, Pulumi, SDKs use",
        ),  # and not aliyunlog
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
    for name in (
        "ALIBABA_CLOUD_PROFILE",
        "ALICLOUD_PROFILE",
        "ALIBABA_CLOUD_IGNORE_PROFILE",
        "ALIYUN_LOG_CLI_ACCESSID",
    ):
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


@pytest.mark.parametrize("gone", ["ROLE_ENV_PROFILE", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_EXPIRATION"])
def test_half_a_session_is_none_and_what_is_missing_is_named(machine: Machine, gone: str) -> None:
    environ = {name: value for name, value in session().items() if name != gone}
    done = machine.role_env("status", **environ)
    assert (done.returncode, done.stdout, gone in done.stderr) == (1, "", True)
    assert document(machine, **environ) == (1, {"valid": False})


def test_it_reads_no_file_and_asks_neither_keyring_nor_network(machine: Machine) -> None:
    """Where there is no home folder, the profiles file is not readable as one, and a keyring would hang."""
    with SilentBus() as silent:
        machine.write("garbage")
        before = silent.calls()
        environ = session() | silent.environment | {"HOME": "/nonexistent", "ALIBABA_CLOUD_STS_ENDPOINT": "192.0.2.1"}
        done = machine.role_env("status", **environ)
        assert (done.returncode, done.stderr) == (0, "")
        assert silent.calls() == before


@pytest.mark.parametrize("sink", [">&-", ">/dev/full", "| true"])
def test_output_that_cannot_be_written_makes_no_traceback(machine: Machine, sink: str) -> None:
    done = machine.shell("bash", f"role-env status {sink}", **session())
    assert "Traceback" not in done.stderr
    assert done.stderr == "" or done.stderr.startswith("role-env: stdout ")


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
