"""The processes that a command starts, as strace sees them."""

import re
from pathlib import Path

import pytest

from support.machine import Machine
from support.secret_service_bus import require


class ProcessTrace:
    """Runs commands of `machine` under strace; skips the test where that is not possible."""

    def __init__(self, machine: Machine, log: Path) -> None:
        require("strace")
        self._log = log
        self.command = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=clone,clone3,fork,vfork,execve"]
        if machine.run(*self.command, "true").returncode:
            pytest.skip("strace may not trace here")

    def processes(self) -> list[str]:
        """Return the lines of the last command's trace in which a process, not a thread, was started or replaced."""
        lines = self._log.read_text().split("\n")
        return [line for line in lines if re.search(r" (clone3?|v?fork|execve)\(", line) and "CLONE_THREAD" not in line]
