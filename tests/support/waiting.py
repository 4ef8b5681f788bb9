"""Waits with a deadline."""

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], object], complaint: str = "it has not come", seconds: float = 60.0) -> None:
    """Return when `holds()` is true. Raises TimeoutError with the `complaint`."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(complaint)
        time.sleep(0.01)
