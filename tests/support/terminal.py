"""A command on a real terminal, as a person sees it."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import pexpect

from support.machine import DEADLINE, INSTALLED, Machine

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
        " ".join([str(INSTALLED / "role-env"), *arguments]),
        env=machine.environ | {"TERM": "xterm-256color"} | dict(environ or {}),
        cwd=str(machine.home),
        withexitstatus=True,
        timeout=DEADLINE,
        dimensions=(24, columns),
    )
    text = output.decode("utf-8", "surrogateescape")
    machine.reported.append(text)
    return Screen(text, status)


def _overwritten(line: str) -> str:
    """Return what is seen of a line whose parts after each carriage return were written over the ones before."""
    shown = ""
    for part in _STYLE.sub("", line).split("\r"):
        shown = part + shown[len(part) :]
    return shown
