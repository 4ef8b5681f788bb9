"""Wait for a person, and show the time left on the terminal."""

import threading
import time

from role_env.context.messages import Messages


def wait_until(moment: float, end: float, messages: Messages, *, event: threading.Event | None = None) -> bool:
    """Wait until `moment`, or until `event` is set; return whether it is set. Times are of the monotonic clock.

    On a terminal a line counts down to `end`.
    """
    event = event or threading.Event()
    try:
        while (now := time.monotonic()) < moment:
            messages.show_progress(f"role-env: waiting for the sign-in, {_left(end - now)} left")
            if event.wait(min(1.0, moment - now)):
                return True
        return event.is_set()
    finally:
        messages.show_progress("")


def _left(seconds: float) -> str:
    """Return `seconds` as minutes and seconds, such as `9:58`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}"
