"""A command on a real terminal, as a person sees it."""

import io
import re
import signal
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pexpect

from support.machine import ROLE_ENV, Machine
from support.waiting import DEADLINE, wait_until

_STYLE = re.compile("\x1b\\[[0-9;]*m")


class Screen(NamedTuple):
    """What a terminal was sent, and the exit status. `lines` are what stays on it, without colours."""

    raw: str
    status: int

    @property
    def lines(self) -> list[str]:
        """The lines, each as it is when the command has ended."""
        return [_overwritten(line).rstrip() for line in self.raw.replace("\r\n", "\n").rstrip("\n").split("\n")]


def on_terminal(
    machine: Machine, *arguments: str, columns: int = 80, environ: Mapping[str, str] | None = None
) -> Screen:
    """Run the installed command on a terminal of so many columns, stderr on it too.

    `environ` is added to the machine's variables.
    """
    output, status = pexpect.run(
        " ".join([ROLE_ENV, *arguments]),
        env=machine.environ | {"TERM": "xterm-256color"} | dict(environ or {}),
        cwd=str(machine.home),
        withexitstatus=True,
        timeout=DEADLINE,
        dimensions=(24, columns),
    )
    text = output.decode("utf-8", "surrogateescape")
    machine.reported.append(text)
    return Screen(text, status)


class Person:
    """Somebody at a terminal of 200 columns who runs the installed command there, and answers what it asks."""

    def __init__(self, machine: Machine, *arguments: str, columns: int = 200, **environ: str) -> None:
        self._screen = pexpect.spawn(
            ROLE_ENV,
            list(arguments),
            env=machine.environ | {"TERM": "xterm"} | environ,
            encoding="utf-8",
            timeout=DEADLINE,
            cwd=str(machine.home),
            dimensions=(40, columns),
        )
        self._screen.logfile_read = io.StringIO()
        machine.terminals.append(self._screen.logfile_read)

    def sees(self, text: str) -> None:
        """Wait until the terminal shows `text`."""
        self._screen.expect_exact(text)

    def reads(self, pattern: str) -> re.Match[str]:
        """Wait until the terminal shows what matches `pattern`, and return that."""
        self._screen.expect(pattern)
        match: re.Match[str] = self._screen.match
        return match

    def answers(self, question: str, answer: str) -> None:
        """Wait for `question` and type `answer`."""
        self.sees(question)
        self._screen.sendline(answer)

    def types(self, keys: str) -> None:
        """Type keys, with no Enter after them."""
        self._screen.send(keys)

    @property
    def has_raw_terminal(self) -> bool:
        """Whether a program reads single keys from the terminal."""
        return not termios.tcgetattr(self._screen.child_fd)[3] & termios.ICANON

    def presses(self, control: str) -> None:
        """Press a key together with Ctrl, when the command waits."""
        self._wait_for_its_wait()
        self._screen.sendcontrol(control)

    def interrupts(self, number: signal.Signals = signal.SIGINT) -> None:
        """Send the command a signal, when it waits."""
        self._wait_for_its_wait()
        self._screen.kill(number)

    def leaves(self) -> None:
        """Close the terminal, which sends a SIGHUP to all that runs on it."""
        self._screen.ptyproc.fileobj.close()

    def _wait_for_its_wait(self) -> None:
        """Let the command begin to wait, where that can be seen: CPython misses a signal right before a `read()`.

        It has then looked for signals already, and only a second one ends the read.
        """
        stat = Path(f"/proc/{self._screen.pid}/stat")
        wait_until(lambda: not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "SZ")

    def ends(self, status: int = 0) -> str:
        """Wait for the end of the command, whose exit status has to be `status`; return what it has shown since."""
        self._screen.expect(pexpect.EOF)
        shown = str(self._screen.before)
        self._screen.close()
        assert self._screen.exitstatus == status, shown
        return shown


def _overwritten(line: str) -> str:
    """Return what is seen of a line whose parts after each carriage return were written over the ones before."""
    shown = ""
    for part in _STYLE.sub("", line).split("\r"):
        shown = part + shown[len(part) :]
    return shown
