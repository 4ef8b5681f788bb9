"""role-env exec: the command takes role-env's place, with the session and nothing that outranks it."""

import signal

import pytest

from support.machine import ROLE_ENV, Machine
from support.shells import environment


@pytest.mark.parametrize("command", [("exec", "profileB", "--"), ("exec", "profileB"), ("exec", "--", "profileB")])
def test_exec_ends_with_the_commands_own_status(machine: Machine, command: tuple[str, ...]) -> None:
    assert machine.role_env(*command, "sh", "-c", "exit 7").returncode == 7


def test_exec_distinguishes_a_missing_command_from_one_that_cannot_run(machine: Machine) -> None:
    (machine.home / "text").write_text("text")
    missing = machine.role_env("exec", "profileB", "no-such-command")
    assert (missing.returncode, missing.stderr) == (127, "role-env: no-such-command: command not found\n")
    machine.fails("exec", "profileB", "--", "--weird", status=127, said="--weird: command not found")
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


def test_exec_does_not_inherit_the_region_of_another_session(machine: Machine) -> None:
    inside = {"ROLE_ENV_PROFILE": "other", "ALIBABA_CLOUD_REGION_ID": "eu-central-1"}
    assert "eu-central-1" not in machine.role_env("exec", "profileB", "--", "env", **inside).stdout
    outside = {"ALIBABA_CLOUD_REGION_ID": "eu-central-1"}
    assert "eu-central-1" in machine.role_env("exec", "profileB", "--", "env", **outside).stdout
