"""Identify the program of the parent process, which decides the default format and the lines in hints."""

import os

from role_env.command_table import SHELLS_BY_PROGRAM


def parent_format() -> str:
    """Return the format for the parent process: the shell's own if there is one, else POSIX."""
    shell = SHELLS_BY_PROGRAM.get(parent_name())
    return shell.name if shell else "sh"


def parent_name() -> str:
    """Return the name of the parent process, such as `fish`, or an empty text if it is unknown."""
    try:
        with open(f"/proc/{os.getppid()}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        # For systems without /proc, such as macOS, where a login shell is called `-fish`.
        return os.path.basename(_command_by_ps()).lstrip("-")


def is_lost_to_old_bash() -> bool:
    """Return whether the parent, which has closed its pipe, is a bash older than 4, such as macOS's.

    There `source <(…)` reads nothing and reports nothing.
    """
    return parent_name() == "bash" and bool(old_bash_version(_parent_program()))


def old_bash_version(program: str) -> str:
    """Return the version that `program` reports if it is a bash older than 4, else an empty text."""
    import re
    import subprocess

    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=2, check=False)  # noqa: S603
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    found = re.match(rb"GNU bash, \S+ ([23]\.[\w.()-]+)", done.stdout)
    return found[1].decode("ascii") if found else ""


def _parent_program() -> str:
    try:
        return os.readlink(f"/proc/{os.getppid()}/exe")
    except OSError:
        name = _command_by_ps()
        return name if name.startswith("/") else "/bin/bash"


def _command_by_ps() -> str:
    import subprocess  # takes longer than the rest of many commands

    try:
        done = subprocess.run(  # noqa: S603  a number is the only argument
            ["/bin/ps", "-o", "comm=", "-p", str(os.getppid())], capture_output=True, timeout=2, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()
