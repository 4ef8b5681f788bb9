"""Let a system call of a command fail as on a machine without memory or with a failing disk."""

import subprocess

import pytest

from support.machine import ROLE_ENV, Machine
from support.secret_service_bus import require


class SystemFaults:
    """Runs role-env on `machine` with one failing system call; skips the test where strace cannot inject it."""

    def __init__(self, machine: Machine) -> None:
        require("strace")
        self._machine = machine
        if machine.run(*self._injection("read", "EIO", 9999), "true").returncode:
            pytest.skip("strace may not trace here")

    def run(
        self, call: str, error: str, number: int, *words: str, **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run it with `words`; its call `number`, from 1, of those named `call` ends with `error`, such as EIO.

        The calls of a command that it becomes do not count.
        """
        return self._machine.run(*self._injection(call, error, number), ROLE_ENV, *words, **environ)

    def _injection(self, call: str, error: str, number: int) -> list[str]:
        chosen = f"inject={call}:error={error}:when={number}"
        return ["strace", "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", chosen]
