"""`exec --renew` with closed streams, without /proc, with few files or with core dumps: the session is served."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.machine import CONFINED, ROLE_ENV, Machine, is_pythons_own
from support.processes import processes_with
from support.served_command import Begin, next_line
from support.waiting import DEADLINE, wait_until

RENEW = "role-env exec --renew profileB --"
LOOK = "role-env status; role-env process --session | cut -c 1-20"
SEEN = r'profileB  role switchrolesbc of \d+  renewed by exec --renew\n\{"mode": "StsToken",\n'
STREAMS = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}
LOOKER = f"""#!/bin/sh
for number in 0 1 2; do
  [ -e /dev/fd/$number ] || closed="$closed $number"
done
{{ echo $closed; {LOOK}; cat "$1"; }} >seen 2>&1
"""
CLOSED = [closed for count in (1, 2, 3) for closed in itertools.combinations(STREAMS, count)]

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")


@pytest.mark.parametrize("closed", CLOSED, ids=" and ".join)
def test_closed_streams_stay_closed_and_nothing_takes_their_place(machine: Machine, closed: tuple[str, ...]) -> None:
    look = machine.write_program("look", LOOKER)
    command = f"{RENEW} sh -c '{look} $ALICLOUD_SHARED_CREDENTIALS_FILE' {' '.join(STREAMS[one] for one in closed)}"
    done = machine.shell("bash", command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found, *seen = (machine.home / "seen").read_text().splitlines(keepends=True)
    assert found.split() == [str([*STREAMS].index(one)) for one in closed]
    assert re.fullmatch(SEEN, "".join(seen[:2]))
    assert seen[2].startswith('{"current":"role-env-served"')


@needs_linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may hide /proc")
def test_without_proc_it_serves_too(machine: Machine) -> None:
    done = machine.run("unshare", "-m", "sh", "-c", f"mount -t tmpfs none /proc; {RENEW} sh -c '{LOOK}'")
    assert re.fullmatch(SEEN, done.stdout), done.stderr
    assert list(machine.temporary.iterdir()) == []


@needs_linux
def test_the_server_dumps_no_core_and_the_command_may(machine: Machine, begin: Begin) -> None:
    running = begin(
        command="echo ${ROLE_ENV_SERVER%%[/ ]*}; ulimit -c; read line",
        before=("sh", "-c", 'ulimit -c 4096; exec "$@"', "-"),
    )
    server, limit = int(running.uri.path), next_line(running.process)
    assert limit == "4096\n"
    assert re.search(r"Max core file size +0 ", Path(f"/proc/{server}/limits").read_text())
    os.kill(server, 3)
    wait_until(lambda: not Path(f"/proc/{server}").exists())
    assert running.end() == ""
    assert list(machine.home.glob("core*")) == []


@needs_linux
def test_a_command_that_may_open_few_files_has_its_session(machine: Machine) -> None:
    machine.succeeds("profileB")
    done = machine.shell("bash", f"ulimit -n 10; {RENEW} sh -c '{LOOK}'")
    assert re.fullmatch(SEEN, done.stdout), done.stderr


# ---- a signal at any moment of the start ----


def processes_of(machine: Machine) -> set[str]:
    """Return the processes that the machine's shells have started and that have not ended."""
    return set(processes_with(f"\0HOME={machine.home}\0"))


@needs_linux
@pytest.mark.parametrize("is_sealed", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_at_any_moment_ends_all_of_it(machine: Machine, number: signal.Signals, is_sealed: bool) -> None:
    machine.succeeds("profileB")
    before = processes_of(machine)
    command = [*(() if is_sealed else (*CONFINED, "no-memfd")), ROLE_ENV, "exec", "--renew", "profileB", "--"]
    for milliseconds in range(20, 420, 80):
        pipe = subprocess.PIPE
        with subprocess.Popen(
            [*command, "sleep", "5"], env=machine.environ, stdout=pipe, stderr=pipe, text=True
        ) as begun:
            time.sleep(milliseconds / 1000)
            begun.send_signal(number)
            out, err = begun.communicate(timeout=DEADLINE)
        assert begun.returncode != 0 or is_pythons_own(err)
        assert out == ""
        assert err in ("", "role-env: interrupted\n") or is_pythons_own(err), milliseconds
        wait_until(lambda: processes_of(machine) <= before, f"processes are left after {milliseconds} ms")
        assert list(machine.temporary.iterdir()) == []


INTERRUPTED = "role-env: interrupted\n"


@needs_linux
@pytest.mark.parametrize("is_process", [False, True])
@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 130, INTERRUPTED), (signal.SIGTERM, 143, INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL, "")],
)
def test_a_signal_before_the_session_is_there_ends_role_env_and_leaves_nothing(
    machine: Machine, number: signal.Signals, status: int, said: str, is_process: bool
) -> None:
    """Neither a server that waits for STS, nor a process that it waits for."""
    machine.add("[slow]\ncredential_process = sh -c 'touch asked; sleep 600; echo {}'\n")
    machine.sts.fault("hang")
    before, pipe = processes_of(machine), subprocess.PIPE
    command = [ROLE_ENV, "exec", "--renew", "slow" if is_process else "profileB", "--", "echo"]
    with subprocess.Popen(command, env=machine.environ, cwd=machine.home, stdout=pipe, stderr=pipe, text=True) as begun:
        wait_until(lambda: (machine.home / "asked").exists() or machine.sts.requests_seen > 0)
        begun.send_signal(number)
        assert begun.communicate(timeout=DEADLINE) == ("", said)
    assert begun.returncode == status
    wait_until(lambda: processes_of(machine) <= before)
