"""Defer Ctrl-C, SIGTERM and a closed terminal until a block of code has ended."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from role_env.ui.messages import Messages

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


@contextmanager
def uninterrupted(messages: Messages, what: str) -> Iterator[None]:
    """Defer signals until the block has ended. The first one prints that role-env waits for `what`.

    If the block raises an error, the signal is dropped and the command ends with the error, since that may name a key.
    """
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if not came:
            messages.say(f"{what}; role-env ends after that")
        came.append(number)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler not in (signal.SIG_IGN, None):
            signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
    if came:
        handler = before[came[0]]
        if callable(handler):
            handler(came[0], None)
        else:
            os.kill(os.getpid(), came[0])
