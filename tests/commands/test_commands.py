"""The command line: what each command prints, its exit status, its silence, and what may not happen to it."""

import json
import signal
from pathlib import Path

import pexpect
import pytest

from support.machine import ROLE_ENV, Machine
from support.shells import NOTHING_CHANGED, environment
from support.silent_bus import SilentBus
from support.world import format_time


def dead_end(silent: SilentBus) -> dict[str, str]:
    """An environment in which asking a keyring or STS would take its time, and be noticed."""
    return {**silent.environment, "ALIBABA_CLOUD_STS_ENDPOINT": "192.0.2.1"}


# ---- exec ----


@pytest.mark.parametrize("command", [("exec", "profileB", "--"), ("exec", "profileB"), ("exec", "--", "profileB")])
def test_exec_ends_with_the_commands_own_status(machine: Machine, command: tuple[str, ...]) -> None:
    assert machine.role_env(*command, "sh", "-c", "exit 7").returncode == 7


def test_exec_distinguishes_a_missing_command_from_one_that_cannot_run(machine: Machine) -> None:
    (machine.home / "text").write_text("text")
    missing = machine.role_env("exec", "profileB", "no-such-command")
    assert (missing.returncode, missing.stderr) == (127, "role-env: no-such-command: command not found\n")
    for command in ("./text", "/", str(machine.home)):
        assert machine.role_env("exec", "profileB", command).returncode == 126
    assert machine.role_env("exec", "profileB", "").returncode == 127


@pytest.mark.parametrize(
    "arguments", [("nobody", "true"), ("profileA", "true"), (), ("profileB", "--duration", "x", "true"), ("--bogus",)]
)
def test_exec_ends_with_125_where_role_env_itself_fails(machine: Machine, arguments: tuple[str, ...]) -> None:
    done = machine.role_env("exec", *arguments)
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.startswith("role-env: ")


def test_exec_without_a_command_runs_the_users_shell(machine: Machine) -> None:
    done = machine.run(ROLE_ENV, "exec", "profileB", text="echo $ROLE_ENV_PROFILE $0\n")
    assert done.stdout == "profileB /bin/sh\n"


def test_a_commands_own_options_are_left_to_it(machine: Machine) -> None:
    for arguments, reported in (
        (("profileB", "echo", "--help"), "--help"),
        (("profileB", "echo", "--region", "x"), "--region x"),
        (("profileB", "--", "echo", "--"), "--"),
        (("--region", "x1", "profileB", "echo", "--format", "json"), "--format json"),
        (("profileB", "--region", "x1", "echo", "-n"), ""),
        (("profileB", "--region=x1", "--", "echo", "--version"), "--version"),
    ):
        done = machine.run("env", "PATH=" + machine.environ["PATH"], ROLE_ENV, "exec", *arguments)
        assert done.returncode == 0, arguments
        # /bin/echo has a --help and a --version of its own
        assert reported in ("--help", "--version") or done.stdout.strip() == reported, arguments
        assert "role-env" not in done.stdout, arguments


def test_a_command_whose_name_is_an_option_is_a_command_after_two_dashes(machine: Machine) -> None:
    machine.fails("exec", "profileB", "--", "--weird", status=127, said="--weird: command not found")


def test_execs_options_may_stand_on_either_side_of_the_profile(machine: Machine) -> None:
    for arguments in (("--region", "cn-x", "profileB"), ("profileB", "--region", "cn-x")):
        done = machine.role_env("exec", *arguments, "--", "env", "-0")
        assert environment(done.stdout)["ALIBABA_CLOUD_REGION_ID"] == "cn-x"


def test_the_command_has_the_session_and_nothing_that_outranks_it(machine: Machine) -> None:
    stale = {"ALICLOUD_ACCESS_KEY": "old", "ALIBABA_CLOUD_PROFILE": "role-env-none", "ALIYUN_ACCESS_KEY_ID": "old"}
    stale |= {"ROLE_ENV_NO_ACCOUNT": "1", "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "ROLE_ENV_PROFILE": "old"}
    found = environment(machine.role_env("exec", "profileB", "env", "-0", **stale).stdout)
    (issued,) = machine.sts.issued
    assert found["ALICLOUD_ACCESS_KEY"] == found["OSS_ACCESS_KEY_ID"] == issued.id
    assert found["ALIBABA_CLOUD_SECURITY_TOKEN"] == issued.token
    assert found["ROLE_ENV_PROFILE"] == "profileB"
    assert found["ALIBABA_CLOUD_PROFILE"] == "role-env-none"
    for name in ("ALIYUN_ACCESS_KEY_ID", "ROLE_ENV_NO_ACCOUNT"):
        assert name not in found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_takes_role_envs_place_and_its_signals(machine: Machine, number: signal.Signals) -> None:
    begun = machine.start("exec", "profileB", "--", "sh", "-c", "echo $$; exec sleep 30")
    assert begun.stdout
    assert begun.stdout.readline() == f"{begun.pid}\n"
    begun.send_signal(number)
    begun.communicate(timeout=60)
    assert begun.returncode == -number


def test_a_closed_pipe_ends_the_command_as_it_does_in_a_shell(machine: Machine) -> None:
    done = machine.shell("bash", "role-env exec profileB -- yes | head -1; echo ${PIPESTATUS[0]}")
    assert (done.stdout, done.stderr) == ("y\n141\n", "")


# ---- documents ----


def test_process_prints_one_line_of_exactly_what_external_mode_reads(machine: Machine) -> None:
    done = machine.role_env("process", "profileB")
    (issued,) = machine.sts.issued
    assert json.loads(done.stdout) == {
        "mode": "StsToken",
        "access_key_id": issued.id,
        "access_key_secret": issued.secret,
        "sts_token": issued.token,
        "expiration": format_time(issued.expiration),
    }
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [("process", "nobody"), ("process",), ("process", "profileA")])
def test_process_prints_nothing_when_it_fails(machine: Machine, arguments: tuple[str, ...]) -> None:
    done = machine.role_env(*arguments)
    assert (done.returncode in (2, 3), done.stdout) == (True, "")
    assert done.stderr.startswith("role-env: ")


def test_the_json_of_export_has_these_keys(machine: Machine) -> None:
    done = machine.role_env("export", "profileB", "--format", "json", "--region", "cn-x")
    (issued,) = machine.sts.issued
    assert json.loads(done.stdout) == issued.credentials | {
        "RegionId": "cn-x",
        "Profile": "profileB",
        "RoleArn": machine.sts.role_arn,
    }


# ---- usage ----


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("-h",), ("exec", "--help"), ("profileB", "--help")]
)
def test_help_and_version_touch_neither_keyring_nor_network(
    machine: Machine, silent: SilentBus, arguments: tuple[str, ...]
) -> None:
    before = silent.calls()
    done = machine.role_env(*arguments, **dead_end(silent))
    assert (done.returncode, done.stderr) == (0, "")
    assert "role-env" in done.stdout
    assert silent.calls() == before


def test_options_may_stand_before_or_after_the_profile(machine: Machine) -> None:
    for arguments in (
        ("--format", "json", "profileB"),
        ("profileB", "--format=json"),
        ("--format=json", "export", "profileB"),
        ("export", "--format", "json", "profileB"),
        ("--format", "json", "--", "profileB"),
        ("--format", "sh", "profileB", "--format", "json"),
    ):
        assert json.loads(machine.role_env(*arguments).stdout)["Profile"] == "profileB", arguments


WRONG_USAGE = [("--bogus",), ("profileB", "--bogus"), ("profileB", "more"), ("profileB", "--duration", "soon")]
WRONG_USAGE += [("export",), ("profileB", "--format", "cobol"), ("--region",), ("profileB", "--session-name", "")]
WRONG_USAGE += [("profileB", "--expect-account", ""), ("profileB", "--region", ""), ("",), ("off", "--bogus")]
WRONG_USAGE += [("profileB", "--min-ttl=-100000")]


@pytest.mark.parametrize("arguments", WRONG_USAGE)
def test_wrong_usage_is_reported_and_fails_the_shell_too(machine: Machine, arguments: tuple[str, ...]) -> None:
    done = machine.role_env(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("role-env: ")
    assert done.stdout == NOTHING_CHANGED


def test_wrong_usage_fails_the_shell_whose_format_was_asked_for_and_prints_nothing_for_a_document(
    machine: Machine,
) -> None:
    for form in ("bash", "zsh", "sh", "fish"):
        done = machine.role_env("--bogus", "profileB", "--format", form)
        assert done.stdout.startswith("begin" if form == "fish" else "{"), form
        assert "false" in done.stdout, form
    for form in ("json", "dotenv", "github"):
        assert machine.role_env("--bogus", "profileB", "--format", form).stdout == "", form


def test_a_failed_call_for_another_profile_takes_the_session_away(machine: Machine) -> None:
    for line, stays in (
        ("profileB --bogus", True),
        ("-- profileB --bogus", True),
        ("--region x --bogus profileB", True),
        ("profileC --bogus", False),
        ("--bogus -- profileC", False),
        ("export profileC --duration soon", False),
        ("nobody", False),
    ):
        script = f"source <(role-env profileB)\nsource <(role-env {line} 2>/dev/null) && echo no\n"
        done = machine.shell("bash", script + 'echo "${ALIBABA_CLOUD_ACCESS_KEY_ID-none} ${ROLE_ENV_NO_ACCOUNT-}"')
        (issued,) = machine.sts.issued
        assert done.stdout.split() == ([issued.id] if stays else ["none", "1"]), line


def test_a_shell_integration_that_is_none_fails_the_shell(machine: Machine) -> None:
    done = machine.shell("bash", 'eval "$(role-env init tcsh)"')
    assert done.returncode == 1


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_a_profile_may_have_a_name_in_any_script_in_any_locale(machine: Machine, locale: str) -> None:
    machine.add(f"[生产-é]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    environ = {"LANG": locale, "LC_ALL": locale}
    script = 'eval "$(role-env 生产-é)"; printf %s "$ROLE_ENV_PROFILE"'
    assert machine.shell("dash", script, **environ).stdout == "生产-é"
    assert "生产-é" in machine.role_env("list", "--names", **environ).stdout
    assert machine.role_env("export", "生产-è", **environ).returncode == 3
    assert len(machine.sts.issued) == 1


# ---- terminals ----


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("role-env profileB", "source <(role-env profileB)"),
        ("role-env profileB --format fish", "role-env profileB | source"),
        ("role-env profileB --format json", "role-env profileB --format json | …"),
        ("role-env profileB --format dotenv", "role-env profileB --format dotenv | …"),
        ("role-env process profileB", "role-env process profileB | …"),
        ("role-env off", 'eval "$(role-env off)"'),
    ],
)
def test_no_secret_goes_to_a_terminal_unasked(machine: Machine, command: str, line: str) -> None:
    script = f"{command} 2>reported; echo status=$?"
    output, _ = pexpect.run(
        "bash --norc -c " + f"'{script}'", env=machine.environ, cwd=str(machine.home), withexitstatus=True, timeout=30
    )
    assert output.decode().strip() == "status=2"
    assert line in (machine.home / "reported").read_text()
    assert not machine.sts.calls
    if "off" not in command:
        output = pexpect.run(f"bash --norc -c '{command} --show'", env=machine.environ, timeout=30)
        assert machine.sts.issued[0].token in output.decode().replace("\r\n", "")


# ---- the enemy ----


def test_a_bug_is_reported_by_its_kind_and_place_and_without_its_text(machine: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    sabotage = (
        "import role_env.sessions.obtain as s\ndef bug(*a, **k): raise ZeroDivisionError('hunter22')\ns.obtain = bug\n"
    )
    (folder / "sitecustomize.py").write_text(sabotage)
    done = machine.role_env("profileB", PYTHONPATH=str(folder))
    assert (done.returncode, done.stdout == NOTHING_CHANGED) == (1, True)
    assert "role-env: ZeroDivisionError in sitecustomize.py, line 2" in done.stderr
    assert "hunter22" not in done.stderr


# ---- what a review found ----


def test_exec_does_not_inherit_the_region_of_another_session(machine: Machine) -> None:
    inside = {"ROLE_ENV_PROFILE": "other", "ALIBABA_CLOUD_REGION_ID": "eu-central-1"}
    assert "eu-central-1" not in machine.role_env("exec", "profileB", "--", "env", **inside).stdout
    outside = {"ALIBABA_CLOUD_REGION_ID": "eu-central-1"}
    assert "eu-central-1" in machine.role_env("exec", "profileB", "--", "env", **outside).stdout


@pytest.mark.parametrize("broken", ["source_profile = nosuch", "source_profile = profileA\nduration_seconds = 1"])
def test_a_profile_whose_role_has_changed_takes_the_old_session_away_though_it_is_wrong(
    machine: Machine, broken: str
) -> None:
    machine.write(f"[profileB]\nrole_arn = acs:ram::2222222222222222:role/other\n{broken}\n")
    session = {"ROLE_ENV_PROFILE": "profileB", "ROLE_ENV_ROLE_ARN": machine.sts.role_arn}
    done = machine.role_env("profileB", **session)
    assert done.returncode == 3
    assert "role-env-none" in done.stdout
    same = machine.role_env("profileB", **session | {"ROLE_ENV_ROLE_ARN": "acs:ram::2222222222222222:role/other"})
    assert "role-env-none" not in same.stdout


def test_a_line_without_any_name_takes_nothing_away(machine: Machine) -> None:
    done = machine.role_env(ROLE_ENV_PROFILE="profileB")
    assert done.returncode == 2
    assert "role-env-none" not in done.stdout


@pytest.mark.parametrize("mode", ["none", "kernel"])
def test_clear_deletes_sessions_wherever_they_are_cached(machine: Machine, mode: str) -> None:
    machine.role_env("profileB")
    machine.succeeds("clear", "profileB", ROLE_ENV_CACHE=mode)
    machine.role_env("profileB")
    assert len(machine.sts.calls_of("AssumeRole")) == 2


@pytest.mark.parametrize(
    "words", [["use"], ["use", "profileB"], ["use", "--bogus"], ["--region", "cn-x", "use", "profileB"]]
)
def test_use_without_the_shell_integration_says_how_to_install_it(machine: Machine, words: list[str]) -> None:
    done = machine.role_env(*words)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first == (
        "role-env: use acts in the shell itself and needs the shell integration, which this shell has not loaded"
    )
    profile = "profileB" if "profileB" in words else "PROFILE"
    assert second == (
        'role-env: hint: load it with: eval "$(role-env init bash)"; or switch without it:'
        f' eval "$(role-env {profile} || echo false)"'
    )
