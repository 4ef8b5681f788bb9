"""The processes that tests start, and those of this machine by what is in their arguments and variables."""

import contextlib
import subprocess
from pathlib import Path
from typing import Any


def start_each_in_its_own_session() -> None:
    """Let every process of a test have a session of its own, and a stdin only if the test gives it one.

    So none has the terminal of whoever runs the tests, or reads what is typed there.
    """
    start: Any = subprocess.Popen.__init__

    def start_apart(process: object, *arguments: Any, **options: Any) -> None:
        stdin = options.pop("stdin", None)
        options = {"start_new_session": True} | options
        start(process, *arguments, stdin=subprocess.DEVNULL if stdin is None else stdin, **options)

    subprocess.Popen.__init__ = start_apart  # type: ignore[assignment, method-assign]  # it has an overload for each type


def processes_with(*marks: str) -> dict[str, str]:
    """Return the command lines of those that contain one of `marks`, by their numbers; ended ones contain none."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            about = b"\0" + command + (process / "environ").read_bytes()
            if any(mark.encode() in about for mark in marks):
                found[process.name] = command.replace(b"\0", b" ").decode(errors="replace")
    return found
