"""`exec --renew` with closed streams, without /proc, with few files or with core dumps: the session is served."""

import itertools
import os
import re
import sys
from pathlib import Path

import pytest

from support.machine import Machine
from support.served_command import Begin, next_line
from support.waiting import wait_until

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
def test_closed_streams_are_closed_for_the_command_too_and_nothing_takes_their_place(
    machine: Machine, closed: tuple[str, ...]
) -> None:
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
    assert "the process that serves the session has ended" in running.end()
    assert list(machine.home.glob("core*")) == []


@needs_linux
def test_a_command_that_may_open_few_files_has_its_session(machine: Machine) -> None:
    machine.succeeds("profileB")
    done = machine.shell("bash", f"ulimit -n 10; {RENEW} sh -c '{LOOK}'")
    assert re.fullmatch(SEEN, done.stdout), done.stderr
