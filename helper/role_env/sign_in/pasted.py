"""Read lines that a person pastes on stdin, until a deadline and without an echo on the terminal."""

import os
import select
import sys
import termios
import time
from typing import Any

from role_env.errors import UsageError

_LONGEST = 64 * 1024


class Pasted:
    """The lines of stdin. Within the `with` block the terminal does not echo."""

    def __init__(self) -> None:
        self._held = b""
        self._before: list[Any] | None = None

    def __enter__(self) -> "Pasted":
        if sys.stdin is not None and sys.stdin.isatty():
            self._before = termios.tcgetattr(sys.stdin)
            silent = termios.tcgetattr(sys.stdin)
            silent[3] &= ~termios.ECHO
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def read_line(self, end: float) -> str | None:
        """Return the next non-empty line, or None after `end` (monotonic clock).

        Raises UsageError at the end of stdin, and for a line that is too long to be an address.
        """
        while True:
            line, newline, rest = self._held.partition(b"\n")
            if newline:
                self._held = rest
                if text := line.decode("utf-8", "replace").strip():
                    return text
                continue
            left = end - time.monotonic()
            if left <= 0:
                return None
            if len(self._held) > _LONGEST:
                raise UsageError("what was pasted is too long to be an address", hint="paste the address alone")
            if sys.stdin is None or not self._read(left):
                raise UsageError("stdin ended before the address was pasted", hint="run it again on a terminal")

    def _read(self, seconds: float) -> bool:
        """Read for at most `seconds`. Return False at the end of stdin."""
        descriptor = sys.stdin.fileno()
        if not select.select([descriptor], [], [], seconds)[0]:
            return True
        content = os.read(descriptor, 4096)
        if not content and self._held:
            content = b"\n"  # a last line without a line break
        self._held += content
        return bool(content)
