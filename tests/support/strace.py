"""Commands under strace: the processes that they start, and a system call that fails."""

import re
import subprocess

import pytest

from support.machine import ROLE_ENV, Machine
from support.secret_service_bus import require


class Strace:
    """Runs commands of `machine`; skips the test where strace may not trace."""

    def __init__(self, machine: Machine) -> None:
        require("strace")
        self._machine = machine
        self._log = machine.temporary / "strace"
        self.command = ["strace", "-f", "-qq", "-o", str(self._log), "-e", "trace=clone,clone3,fork,vfork,execve"]
        """What goes before a command whose processes are looked at."""
        if machine.run(*self.command, "true").returncode:
            pytest.skip("strace may not trace here")

    def processes(self) -> list[str]:
        """Return the lines of the last command's trace in which a process, not a thread, was started or replaced."""
        lines = self._log.read_text().split("\n")
        return [line for line in lines if re.search(r" (clone3?|v?fork|execve)\(", line) and "CLONE_THREAD" not in line]

    def fail(
        self, call: str, error: str, number: int, *words: str, **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run role-env with `words`; its call `number`, from 1, of those named `call` ends with `error`, such as EIO.

        The calls of a command that it becomes do not count.
        """
        chosen = f"inject={call}:error={error}:when={number}"
        strace = ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", chosen]
        return self._machine.run(*strace, ROLE_ENV, *words, **environ)

    def kill(self, call: str, number: int, *words: str) -> bool:
        """Run role-env with `words`, killed at its call `number`, from 1, of those named `call`; return whether it was.

        It has to succeed if it makes fewer of these calls.
        """
        chosen = f"inject={call}:signal=KILL:when={number}"
        strace = ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", chosen]
        done = self._machine.run(*strace, ROLE_ENV, *words)
        assert done.returncode in (0, -9, 137), done.stderr
        return done.returncode != 0
