"""`tests/run` at a person's terminal: no test has it, Ctrl-C ends the run, and nothing of a run is left."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from support.machine import INSTALLED
from support.processes import processes_with
from support.secret_service_bus import SECRET_SERVICE, require
from support.waiting import DEADLINE, wait_until

RUN = Path(__file__).with_name("run")
INTERACTIVE = (
    "tests/shells/test_first_prompt.py::test_tracing_and_set_a_show_and_export_nothing_of_what_the_hook_compares"
)
WITH_TERMINALS = "tests/shells/test_choosing.py"
pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="what is left is seen in /proc"),
    pytest.mark.timeout(180),  # each is a run with tests in it
]


@contextlib.contextmanager
def typed(*arguments: str, folder: Path) -> Iterator["pexpect.spawn[str]"]:
    """Type `tests/run` with arguments at a terminal; `folder` is for temporary files, and marks the processes."""
    environ = {"PATH": f"{INSTALLED}:{os.environ['PATH']}", "HOME": os.environ["HOME"], "TERM": "xterm"}
    screen = pexpect.spawn(
        sys.executable,
        [str(RUN), "--no-install", *arguments],
        env=environ | {"TMPDIR": str(folder)},
        cwd=str(RUN.parent.parent),
        encoding="utf-8",
        timeout=DEADLINE,
    )
    try:
        yield screen
    finally:
        screen.close(force=True)


def left(folder: Path) -> list[str]:
    """Return the files in `folder`, and the command lines of the processes that have it in their variables."""
    return [str(path) for path in folder.iterdir()] + list(processes_with(str(folder)).values())


def with_terminal(folder: Path, device: str, terminal: str) -> set[str]:
    """Return the command lines of the run's processes that are of the terminal, or read what is typed there."""
    found = set()
    for number, line in processes_with(str(folder)).items():
        with contextlib.suppress(OSError):
            if terminal_of(int(number)) == device or str(Path(f"/proc/{number}/fd/0").readlink()) == terminal:
                found.add(line.strip())
    return found


def terminal_of(process: int) -> str:
    """Return the number of the device that is the process's controlling terminal, 0 for none."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[4]


@pytest.mark.parametrize("end", ["Ctrl-C", "kill -9", "closed terminal"])
def test_no_test_has_the_terminal_and_an_ended_run_leaves_nothing(end: str, folder: Path) -> None:
    require("bash", "tmux", *SECRET_SERVICE)
    with typed(f"{INTERACTIVE}[bash]", WITH_TERMINALS, "-v", "--color=no", folder=folder) as screen:
        screen.expect_exact("compares[bash] PASSED")
        screen.send("exit\n\nfg\x04")
        wait_until(lambda: any("tmux" in line for line in processes_with(str(folder)).values()), "no test's terminal")
        device, terminal = terminal_of(screen.pid), str(Path(f"/proc/{screen.pid}/fd/0").readlink())
        having = with_terminal(folder, device, terminal)
        assert device != "0"
        assert [line for line in having if "tests/run" not in line and " -m pytest " not in line] == []
        if end == "Ctrl-C":
            screen.sendintr()
            screen.expect_exact("KeyboardInterrupt")
            screen.expect(pexpect.EOF)
            screen.close()
            assert screen.exitstatus == 130
        elif end == "kill -9":
            screen.kill(signal.SIGKILL)
        else:
            screen.ptyproc.fileobj.close()
        wait_until(lambda: not left(folder), "something is left")
        assert left(folder) == []


def test_the_debugger_reads_the_terminal_and_ctrl_c_ends_a_command_of_it(folder: Path, tmp_path: Path) -> None:
    failing = tmp_path / "test_of_mine.py"
    failing.write_text("def test_it():\n    value = 41\n    assert value == 42\n", "utf-8")
    with typed("--pdb", str(failing), folder=folder) as screen:
        screen.expect_exact("(Pdb) ")
        screen.sendline("print(value + 1000)")
        screen.expect_exact("1041")
        screen.expect_exact("(Pdb) ")
        screen.sendline("import time; print(6 * 7); time.sleep(600)")
        screen.expect_exact("42\r\n")
        screen.sendintr()
        screen.expect_exact("KeyboardInterrupt")
        screen.expect_exact("(Pdb) ")
        screen.sendline("continue")
        screen.expect_exact("1 failed")
        screen.expect(pexpect.EOF)
        screen.close()
        assert screen.exitstatus == 1
    wait_until(lambda: not left(folder), "something is left")
