"""Kill a command after any of its system calls, for tests of what it leaves behind.

A library that the command preloads counts the calls of all its threads; strace counts those of each thread by itself.
"""

import subprocess
from pathlib import Path

from support.machine import ROLE_ENV, Machine
from support.secret_service_bus import require

_SOURCE = Path(__file__).with_suffix(".c")


class KillPoints:
    """The points at which a role-env of `machine` can be killed: after each call that sends or writes.

    With `receives` also after each that receives from a socket.
    """

    def __init__(self, machine: Machine, *, receives: bool = False) -> None:
        require("cc")
        self._machine = machine
        library = machine.temporary / "kill_points.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(_SOURCE)], check=True)
        self._environ = {"LD_PRELOAD": str(library)} | ({"KILL_RECEIVES": "1"} if receives else {})

    def kill(self, point: int, *words: str) -> bool:
        """Run role-env with `words` and kill it at `point`, from 1; return whether it came so far."""
        done = self._machine.run(ROLE_ENV, *words, **self._environ, KILL_POINT=str(point))
        return done.returncode == -9
