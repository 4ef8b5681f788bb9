"""The processes of this machine, by what is in their arguments and variables."""

import contextlib
from pathlib import Path


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
