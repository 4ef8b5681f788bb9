"""The lock of a keyring's entry, so that processes that miss the same session at once make one request to STS.

The fast path uses this module too, so it imports almost nothing. Where it finds no session it takes the lock, or waits
for its holder. The slow way of the same process then requests the session under the lock that it is handed.
"""

import os

from role_env.files import locks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager


class EntryLock:
    """The lock of the entry `name`, which one process holds while it requests the session.

    `is_taken` says whether `take_or_wait` has taken it, and it has been neither used by `hold` nor released since.
    """

    def __init__(self, name: str, environ: "Mapping[str, str]") -> None:
        self.name = name
        self._environ = environ
        self._taken: int | None = None
        self._turn: locks.Lock | None = None

    @property
    def is_taken(self) -> bool:
        """Whether `take_or_wait` has taken the lock for this process."""
        return self._taken is not None

    @property
    def has_waited(self) -> bool:
        """Whether another process held the lock when `hold` began."""
        return self._turn is not None and self._turn.has_waited

    def take_or_wait(self, seconds: float) -> bool:
        """Take the lock, or wait at most `seconds` while another process holds it; return whether one did.

        Processes that come later then wait for this one, and import nothing for a request of their own. Without a
        folder or a file system for locks, neither happens.
        """
        try:
            descriptor = self._open()
        except OSError:
            return False
        try:
            if locks.acquire(descriptor, 0):
                self._taken = descriptor
                return False
            locks.acquire(descriptor, seconds, is_shared=True)  # all waiting processes continue at the same time
        except OSError:  # a file system without locks
            os.close(descriptor)
            return False
        os.close(descriptor)
        return True

    def hold(self, *, seconds: float, waiting: "AbstractContextManager[object]") -> locks.Lock:
        """Return a context that holds the lock; its value is whether another process still holds it.

        Unless it is taken already, it waits for it at most `seconds`, within the context `waiting`.
        """
        self._turn = locks.Lock(self._hand_over, seconds, waiting)
        return self._turn

    def release(self) -> None:
        """Release the lock if it is taken."""
        if self._taken is not None:
            os.close(self._hand_over())

    def _hand_over(self) -> int:
        descriptor, self._taken = self._taken, None
        return self._open() if descriptor is None else descriptor

    def _open(self) -> int:
        return locks.open_in(locks.usual_folder(self._environ), self.name)
