"""Waits with a deadline."""

import time
from collections.abc import Callable

DEADLINE = 60.0
"""Seconds that what has to end or to come may take, well below pytest's own timeout."""


def wait_until(
    holds: Callable[[], object], complaint: str = "it has not come", seconds: float = DEADLINE, pause: float = 0.01
) -> None:
    """Return when `holds()` is true, which is asked every `pause` seconds. Raises TimeoutError with the `complaint`."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(complaint)
        time.sleep(pause)
