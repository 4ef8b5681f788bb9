"""`tests/sandbox`: the walk, and the playground, which leaves nothing."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from support.machine import INSTALLED
from support.processes import processes_with
from support.secret_service_bus import SECRET_SERVICE, require
from support.waiting import DEADLINE, wait_until

pytestmark = pytest.mark.timeout(180)  # a dozen commands at one prompt, after the start of an STS, a RAM and a keyring
SANDBOX = Path(__file__).with_name("sandbox")


def test_the_sandbox_needs_no_library_of_the_tests_but_those_it_installs() -> None:
    absent = "sys.modules.update(dict.fromkeys(('pytest', '_pytest', 'hypothesis', 'xdist', 'pyte')))"
    code = f"import sys; {absent}; import support.playground"
    subprocess.run([sys.executable, "-c", code], cwd=SANDBOX.parent, timeout=DEADLINE, check=True)


WELCOME = "A playground: an STS, a RAM and a keyring of its own"


@contextlib.contextmanager
def at_terminal(*arguments: str, home: Path) -> Iterator["pexpect.spawn[str]"]:
    """Run the playground on a terminal of 120 columns, with temporary files in `home`; without arguments the walk."""
    command = [sys.executable, "-m", "support.playground", *arguments]
    environ = {"PATH": f"{INSTALLED}:{os.environ['PATH']}", "HOME": str(home), "TERM": "xterm-256color"}
    environ["TMPDIR"] = str(home)
    screen = pexpect.spawn(
        command[0],
        command[1:],
        env=environ,
        cwd=str(SANDBOX.parent),
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 120),
    )
    try:
        yield screen
    finally:
        screen.close(force=True)


def processes_of(folder: Path) -> dict[str, str]:
    """Return the processes, ended ones and this one aside, that have `folder` in their arguments or variables."""
    return {number: line for number, line in processes_with(str(folder)).items() if number != str(os.getpid())}


def nothing_is_left(home: Path) -> bool:
    """Return whether neither a file nor a process of the playground is left."""
    return list(home.iterdir()) == [] and not processes_of(home)


def test_the_playground_works_and_leaves_nothing(folder: Path) -> None:
    require("bash", *SECRET_SERVICE)
    with at_terminal("bash", home=folder) as screen:
        screen.expect_exact(WELCOME)
        for line, shown in (
            ("cloud ecs:DescribeInstances", "the environment has no key; try: role-env use profileB"),
            ("role-env use profileB", r"for 59 min[^$]*\x1b\[1;31m ?profileB 59m"),
            ("cloud ecs:DeleteInstance InstanceId=i-1", "403 Forbidden.RAM"),
            ("role-env rotate profileA", "--finish"),
        ):
            screen.expect(r"\$ ")
            screen.sendline(line)
            screen.expect(shown)
        screen.sendline("exit")
        screen.expect(pexpect.EOF)
        screen.close()
        assert screen.exitstatus == 0
    assert nothing_is_left(folder)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_playground_whose_terminal_is_closed_leaves_nothing(shell: str, folder: Path) -> None:
    require(shell, *SECRET_SERVICE)
    with at_terminal(shell, home=folder) as screen:
        screen.expect_exact(WELCOME)
        screen.sendline("role-env use profileB")
        screen.expect("for 59 min")
        screen.expect(r"\x1b\[1;31m ?profileB 59m")
        os.kill(screen.pid, signal.SIGHUP)
        wait_until(lambda: nothing_is_left(folder), f"left: {list(folder.iterdir())} {processes_of(folder)}")


def test_the_walk_on_a_terminal_shows_each_prompt_in_its_color(folder: Path) -> None:
    require("bash", *SECRET_SERVICE)
    with at_terminal(home=folder) as screen:
        for prompt in (r"1;31mprofileB 59m", r"1;7;31mprofileB≠ 59m", r"1;7;31mno account"):
            screen.expect(rf"\x1b\[{prompt}\x1b\[0m \$ ")
        screen.expect(r": tests/sandbox bash\r\n$")
        screen.expect(pexpect.EOF)
        screen.close()
        assert screen.exitstatus == 0
    assert nothing_is_left(folder)


def test_the_playground_is_for_a_person() -> None:
    for shell, status, said in (("bash", 1, "stdin is no terminal"), ("tcsh", 2, "tests/sandbox bash|zsh|fish")):
        command = [sys.executable, str(SANDBOX), shell]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == status
        assert said in done.stdout + done.stderr
