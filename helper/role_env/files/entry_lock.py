"""The lock of a keyring's entry, so that processes that miss the same session at once make one request to STS.

The fast path uses this module too, so it imports almost nothing.
"""

import os

from role_env.files import locks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

_held: "dict[str, int]" = {}
"""The descriptors of the locks that `wait_for_holder` has taken, by entry, until `hold` or `release` takes them over.

The fast path and the slow way of one process share them.
"""


class EntryLock:
    """The lock of the entry `name`, which one process holds while it requests the session."""

    def __init__(self, name: str, environ: "Mapping[str, str]") -> None:
        self._name = name
        self._environ = environ

    def wait_for_holder(self, seconds: float) -> bool:
        """Wait at most `seconds` while another process holds the lock; return whether one did.

        If none did, this process holds it from now on. Processes that come later wait for it, and import nothing for a
        request of their own.
        """
        try:
            descriptor = self._open()
        except OSError:
            return False
        try:
            if locks.acquire(descriptor, 0):
                _held[self._name] = descriptor
                return False
            locks.acquire(descriptor, seconds, is_shared=True)  # all waiting processes continue at the same time
        except OSError:  # a file system without locks
            os.close(descriptor)
            return False
        os.close(descriptor)
        return True

    @property
    def is_held(self) -> bool:
        """Whether `wait_for_holder` has taken the lock, and it has not been released since."""
        return self._name in _held

    def hold(self, *, seconds: float, waiting: "AbstractContextManager[object]") -> locks.Lock:
        """Return a context that waits, in `waiting`, for the lock; its value is whether another process holds it."""
        return locks.Lock(self._take_over, seconds, waiting)

    def release(self) -> None:
        """Release the lock if `wait_for_holder` has taken it."""
        if self.is_held:
            os.close(_held.pop(self._name))

    def _take_over(self) -> int:
        return _held.pop(self._name) if self.is_held else self._open()

    def _open(self) -> int:
        return locks.open_in(locks.usual_folder(self._environ), self._name)
