"""`exec --renew`: a command beside a server of live sessions, as if role-env were not there."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import Any

import pexpect
import pytest

from role_env import variables
from role_env.credentials import parse_utc
from role_env.profiles import policies
from support.machine import CONFINED, ROLE_ENV, Machine
from support.served_command import Begin, next_line
from support.shells import environment
from support.terminal import Person
from support.waiting import DEADLINE, wait_until

RENEW = ("exec", "--renew", "profileB", "--")


# ---- the command's environment ----


def test_the_command_has_a_uri_and_no_key_and_nothing_that_outranks_the_uri(machine: Machine) -> None:
    machine.add("region_id = cn-shanghai\nvariables = alibaba_cloud packer\n")
    stale = {
        **dict.fromkeys(("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALICLOUD_SECRET_KEY", "ACCESS_KEY_ID", "SECURITY_TOKEN"), "x"),
        **dict.fromkeys(("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_PROFILE"), "x"),
        **dict.fromkeys(("ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_EXPIRATION", "ROLE_ENV_BASE_ACCESS_KEY_ID"), "x"),
        **dict.fromkeys(("ALIBABACLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "OSS_REGION"), "x"),
    }
    done = machine.role_env(*RENEW, "env", "-0", **stale, OTHER="stays")
    found = environment(done.stdout)
    uri = found.pop("ALIBABA_CLOUD_CREDENTIALS_URI")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}", uri)
    pid, _, served_uri = found.pop("ROLE_ENV_SERVER").partition(" ")
    assert (pid.isdecimal(), served_uri) == (True, uri)
    assert re.fullmatch(rf"/proc/{pid}/fd/\d+", found.pop("ALICLOUD_SHARED_CREDENTIALS_FILE"))
    assert found == machine.environ | {
        "OTHER": "stays",
        "SECURITY_TOKEN": "x",  # of other programs too
        **variables.served_guards(follows=False),
        **variables.NO_KEYS,
        **dict.fromkeys(variables.REGIONS, "cn-shanghai"),
        "ROLE_ENV_PROFILE": "profileB",
        "ROLE_ENV_ROLE_ARN": machine.sts.role_arn,
        "ROLE_ENV_ACCOUNT_ID": machine.sts.role_arn.split(":")[3],
        "ROLE_ENV_FAMILIES": "alibaba_cloud alibabacloud alicloud oss aliyun_log packer",
        **{name: found[name] for name in found if name == "ROLE_ENV_REQUEST"},
    }


# ---- the server ----


def test_the_server_answers_with_the_cached_session(machine: Machine, begin: Begin) -> None:
    machine.role_env("profileB")
    running = begin()
    (issued,) = machine.sts.issued
    answer = running.session()
    assert abs(parse_utc(answer.pop("IssuedAt")) - time.time()) < 60
    assert answer == {"Code": "Success", **issued.credentials}
    assert running.end() == ""
    assert len(machine.sts.calls_of("AssumeRole")) == 1


def test_a_client_that_works_for_long_never_sees_an_expired_session(machine: Machine, begin: Begin) -> None:
    machine.sts.session_seconds = 6
    began = time.monotonic()  # before the first session is issued, which may take long
    running = begin()
    seen: set[str] = set()
    while len(seen) < 3:
        asked = time.time()
        session = running.session()
        assert parse_utc(session["Expiration"]) > asked
        seen.add(session["AccessKeyId"])
        time.sleep(0.05)
    calls = len(machine.sts.calls_of("AssumeRole"))
    assert len(seen) <= calls
    # A session of 6 s is reported as one of 5 to 6 s, and half of that is its use.
    assert calls <= 1 + (time.monotonic() - began) / 2.5
    assert running.end() == ""


def test_an_agents_session_that_was_cached_read_only_is_renewed_read_only(machine: Machine, begin: Begin) -> None:
    machine.environ["CLAUDECODE"] = "1"
    machine.sts.session_seconds = 8
    machine.add("agents = read-only\n")
    machine.settle()
    machine.succeeds("profileB")
    running = begin()
    first = running.session()["AccessKeyId"]
    assert first == machine.sts.issued[0].id
    wait_until(lambda: running.session()["AccessKeyId"] != first, "it is not renewed", pause=0.2)
    assert running.end() == ""
    assert {call.policy for call in machine.sts.calls_of("AssumeRole")} == {policies.read_only()}


# ---- as if role-env were not there ----


@pytest.mark.parametrize(("line", "status"), [("exit 7", 7), ("exit 0", 0), ("kill -TERM $$", -15), ("kill -9 $$", -9)])
def test_the_end_of_the_command_is_that_of_role_env(machine: Machine, line: str, status: int) -> None:
    done = machine.role_env(*RENEW, "sh", "-c", line)
    assert (done.returncode, done.stderr) == (status, "")


def test_a_command_that_cannot_be_started_is_reported_as_exec_does(machine: Machine) -> None:
    (machine.home / "text").write_text("text")
    missing = machine.role_env(*RENEW, "no-such-command")
    assert (missing.returncode, missing.stderr) == (127, "role-env: no-such-command: command not found\n")
    assert machine.role_env(*RENEW, "./text").returncode == 126


@pytest.mark.parametrize("arguments", [("--renew", "nobody", "true"), ("profileA", "--renew", "true"), ("--renew",)])
def test_where_role_env_itself_fails_no_command_runs(machine: Machine, arguments: tuple[str, ...]) -> None:
    done = machine.role_env("exec", *arguments)
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.count("role-env: ") == done.stderr.count("\n") > 0


def test_the_command_reads_and_writes_what_it_would_without_role_env(machine: Machine) -> None:
    assert machine.role_env(*RENEW, "cat", text="line\n").stdout == "line\n"
    done = machine.shell("bash", "role-env exec --renew profileB -- yes | head -1; echo ${PIPESTATUS[0]}")
    assert (done.stdout, done.stderr) == ("y\n141\n", "")
    # Who waits for the end of the command's output does not wait for role-env.
    done = machine.shell("bash", "role-env exec --renew profileB sh -c 'exec >&- 3>&-; read line <&0' 3>&1 | cat")
    assert (done.returncode, done.stdout) == (0, "")


def test_output_that_the_command_has_closed_is_closed(begin: Begin) -> None:
    running = begin(command="echo $ALIBABA_CLOUD_CREDENTIALS_URI; exec >&-; read line")
    assert running.process.stdout
    assert running.process.stdout.read() == ""
    assert running.process.poll() is None


COUNTS = """\
import os, signal, sys, time
seen = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGWINCH, signal.SIGCONT):
    signal.signal(number, lambda number, frame: seen.append(signal.Signals(number).name))
print("ready", flush=True)
while not seen:
    time.sleep(0.02)
time.sleep(0.5)
print(*seen, flush=True)
"""


SEEN = """\
import ctypes, os, pathlib
about = pathlib.Path("/proc/self")
for line in (about / "status").read_text().splitlines():
    if line.startswith(("PPid", "Umask", "Threads", "SigP", "ShdPnd", "SigB", "SigI", "SigC", "NoNewPrivs", "Seccomp")):
        print(line)
print(os.getpgrp() - os.getpid(), os.getsid(0) - os.getpid(), os.getpriority(os.PRIO_PROCESS, 0))
print(os.getcwd(), sorted(os.listdir("/dev/fd")))
print("children:", (about / "task" / str(os.getpid()) / "children").read_text())
death = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(death))  # PR_GET_PDEATHSIG
print(death, (about / "limits").read_text())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_the_process_of_the_command_is_as_without_renew(machine: Machine) -> None:
    """Its parent, group and session, files, limits, signals; and it has no child."""
    plain, renewed = (
        machine.run(ROLE_ENV, "exec", *words, "profileB", "--", sys.executable, "-c", SEEN)
        for words in ((), ("--renew",))
    )
    assert renewed.stdout == plain.stdout
    assert f"PPid:\t{os.getpid()}\n" in renewed.stdout
    assert "children: \n" in renewed.stdout


def start(machine: Machine, *command: str, **options: Any) -> "subprocess.Popen[str]":
    """Start a command beside its server; what it prints goes into a pipe."""
    return subprocess.Popen(
        [ROLE_ENV, *RENEW, *command], env=machine.environ, stdout=subprocess.PIPE, text=True, **options
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGWINCH"])
def test_a_signal_that_is_sent_to_role_env_is_the_commands(machine: Machine, name: str) -> None:
    begun = start(machine, sys.executable, "-c", COUNTS, start_new_session=True)
    assert next_line(begun) == "ready\n"
    begun.send_signal(signal.Signals[name])
    assert begun.communicate(timeout=DEADLINE)[0] == f"{name}\n"
    assert begun.returncode == 0


def test_what_is_typed_reaches_the_command_once(machine: Machine) -> None:
    arguments = [*RENEW, sys.executable, "-c", COUNTS]
    person = Person(machine, *arguments)
    person.sees("ready\r\n")
    person.presses("c")
    assert person.reads(r"(SIG[A-Z ]+)\r\n")[1] == "SIGINT"
    person.ends()


def test_a_command_is_stopped_and_goes_on_as_a_job_of_the_shell(machine: Machine) -> None:
    terminal = shell_in_terminal(machine, "bash", "--norc", "--noediting")
    command = "role-env exec --renew profileB --"
    type_line(terminal, f"{command} sh -c 'echo begun; read line; echo got $line; exit 3'", "begun\r\n")
    terminal.send("\x1a")
    terminal.expect("Stopped.*ready> ")
    type_line(terminal, "jobs", "Stopped .*ready> ")
    type_line(terminal, "fg", "role-env exec")
    type_line(terminal, "more", "got more\r\nready> ")
    type_line(terminal, "echo status=$?", "status=3\r\n")
    type_line(terminal, f"{command} sh -c 'read line; echo got $line' &", "ready> ")
    wait_until(lambda: "Stopped (tty input)" in type_line(terminal, "jobs -l; echo listed", "listed\r\n"))
    type_line(terminal, "fg", "role-env exec")
    type_line(terminal, "the rest", "got the rest\r\n.*ready> ")
    type_line(terminal, "exit", pexpect.EOF)


def shell_in_terminal(machine: Machine, command: str, *arguments: str) -> "pexpect.spawn[str]":
    """Start a shell in a terminal, and wait for its prompt."""
    environ = machine.environ | {"PS1": "ready> ", "TERM": "dumb"}
    started = pexpect.spawn(command, [*arguments], env=environ, encoding="utf-8", timeout=DEADLINE, echo=False)
    started.expect("ready> ")
    return started


def type_line(terminal: "pexpect.spawn[str]", line: str, expected: Any) -> str:
    """Type a line, wait for what is expected then, and return what the terminal showed before that."""
    terminal.sendline(line)
    terminal.expect(expected)
    return str(terminal.before)


def test_a_shell_in_a_terminal_has_its_own_jobs(machine: Machine) -> None:
    terminal = shell_in_terminal(machine, ROLE_ENV, *RENEW, "bash", "--norc", "--noediting")
    type_line(terminal, "sh -c 'echo begun; exec sleep 60'", "begun\r\n")
    terminal.send("\x1a")
    terminal.expect("Stopped.*ready> ")
    type_line(terminal, "fg", "sleep 60")
    terminal.sendintr()
    terminal.expect("ready> ")
    type_line(terminal, "role-env status", "renewed by exec --renew")  # what is typed does not reach the server
    type_line(terminal, "exit 5", pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 5


def test_status_and_whoami_beside_the_server_know_the_session(machine: Machine) -> None:
    done = machine.role_env(*RENEW, "sh", "-c", "role-env status && role-env whoami && role-env status --json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("profileB  role switchrolesbc of 2222222222222222  renewed by exec --renew\n")
    assert ":assumed-role/switchrolesbc/" in done.stdout
    reported = json.loads(done.stdout[done.stdout.index("{") :])
    nothing = {"expiration": None, "remaining_seconds": None}
    named = {"profile": "profileB", "role_arn": machine.sts.role_arn, "account_id": "2222222222222222"}
    assert reported == {**named, "valid": True} | nothing
    stranger = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIother"}
    served = environment(machine.role_env(*RENEW, "env", "-0").stdout)
    assert machine.role_env("status", **served | stranger).returncode == 1


@pytest.mark.parametrize("has_pidfds", [True, False])
@pytest.mark.parametrize("is_killed", [False, True])
def test_the_server_ends_with_the_command(begin: Begin, is_killed: bool, has_pidfds: bool) -> None:
    running = begin(before=() if has_pidfds else (*CONFINED, "no-pidfd"))
    assert running.ask()[0] == 200
    if is_killed:
        running.process.kill()
        wait_until(lambda: running.ask()[0] == 0, seconds=10)
    else:
        assert running.end() == ""
        running.answers(0)
