"""Keep a signal from coming between RAM's answer and the journal."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from role_env.context.messages import Messages

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def uninterrupted(messages: Messages, what: str) -> Iterator[None]:
    """Defer Ctrl-C, SIGTERM and a closed terminal until the block has ended. The first one prints `what` it waits for.

    If the block raises an error, the signal is dropped and the command ends with the error, since that may name a key.
    """
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if not came:
            messages.say(f"{what}; role-env ends after that")
        came.append(number)

    unheard = (signal.SIG_IGN, None)
    before = {number: signal.signal(number, note) for number in _SIGNALS if signal.getsignal(number) not in unheard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
