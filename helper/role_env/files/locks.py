"""Locks between processes.

A lock is the kernel's own (flock), so it ends with its process. If no lock can be taken, the work is done without one,
unless only one process may do it. The fast path uses this module too, so it imports almost nothing.
"""

import fcntl
import os
import time

from role_env import paths
from role_env.fingerprint import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

_STEP_SECONDS = 0.02

TAKEN = "taken"
"""The lock was free, or this process has it already."""
WAITED = "waited"
"""The lock was taken after another process had released it."""
BUSY = "busy"
"""Another process still has the lock."""
NO_LOCK = "no lock"
"""There is no folder for the lock, or a file system without locks."""


def usual_folder(environ: "Mapping[str, str]") -> str:
    """Return role-env's folder in the user's runtime folder if only the user can open that, else the state folder."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        try:
            status = os.stat(runtime, follow_symlinks=False)
        except OSError:
            status = None
        if status and status.st_uid == os.geteuid() and status.st_mode & 0o777 == 0o700:
            return f"{runtime}/role-env"
    return paths.state_folder(environ)


class Lock:
    """The lock `name`, a file in the folder that `find_folder` finds in `environ`.

    As a context it is released at the end, if it was taken. `fault` is why there is none after NO_LOCK.
    """

    def __init__(
        self,
        name: str,
        environ: "Mapping[str, str]",
        find_folder: "Callable[[Mapping[str, str]], str]" = usual_folder,
    ) -> None:
        self.name = name
        self.fault = ""
        self._environ = environ
        self._find_folder = find_folder
        self._descriptor: int | None = None

    @property
    def is_taken(self) -> bool:
        """Whether this process has the lock."""
        return self._descriptor is not None

    def take(self) -> str:
        """Take the lock if no other process has it. Return TAKEN, BUSY or NO_LOCK."""
        return TAKEN if self.is_taken else self._take(0)

    def take_in_turn(self, seconds: float, waiting: "AbstractContextManager[object]") -> str:
        """Take the lock; wait at most `seconds` while another process has it, within the context `waiting`.

        Return TAKEN, WAITED, BUSY or NO_LOCK.
        """
        outcome = self.take()
        if outcome != BUSY:
            return outcome
        with waiting:
            outcome = self._take(seconds)
        return WAITED if outcome == TAKEN else outcome

    def wait(self, seconds: float) -> None:
        """Wait at most `seconds` until no process has the lock. All that wait go on at the same time."""
        try:
            descriptor = self._open()
        except OSError:
            return
        try:
            _acquire(descriptor, fcntl.LOCK_SH, seconds)
        except OSError:
            return
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Release the lock if this process has it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Release the lock if this process has it, and remove its file, for a name that may never come again."""
        from contextlib import suppress  # not for the warm path

        if self.is_taken:
            with suppress(OSError):  # the next process that takes the lock removes the file
                os.unlink(self._path())
        self.release()

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *failure: object) -> None:
        self.release()

    def _take(self, seconds: float) -> str:
        """Take the lock within `seconds`. Its file stays open as long as this process has the lock."""
        try:
            descriptor = self._open()
        except OSError as error:
            self.fault = error.strerror or str(error)
            return NO_LOCK
        try:
            if not _acquire(descriptor, fcntl.LOCK_EX, seconds):
                return BUSY
            if os.fstat(descriptor).st_nlink:
                self._descriptor = descriptor
                return TAKEN
        except OSError as error:
            self.fault = error.strerror or str(error)
            return NO_LOCK
        finally:
            if not self.is_taken:
                os.close(descriptor)
        return self._take(seconds)  # while this process waited, the one that had the lock removed its file

    def _open(self) -> int:
        """Open the file of the lock, and return its descriptor. Raises OSError."""
        path = self._path()
        paths.make_private(os.path.dirname(path))
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def _path(self) -> str:
        """Return the path of the file of the lock. Raises OSError."""
        return f"{self._find_folder(self._environ)}/{sha256(self.name)[:32]}.lock"


def hold_in_state(
    name: str, environ: "Mapping[str, str]", *, seconds: float, waiting: "AbstractContextManager[object]"
) -> "AbstractContextManager[bool]":
    """Return a context that holds the lock `name` in the state folder; its value is whether another process holds it.

    It waits at most `seconds` for the lock, within the context `waiting`. It is for work that only one process may do:
    cron and `su` have no runtime folder, and would hold another lock there. Its file is removed at the end.
    Raises ProfileError if there is no state folder, or others can write it.
    """
    return _Held(Lock(name, environ, paths.state_folder), seconds, waiting)


class _Held:
    """A context that holds `lock`. Raises ProfileError if that is impossible."""

    def __init__(self, lock: Lock, seconds: float, waiting: "AbstractContextManager[object]") -> None:
        self._lock = lock
        self._seconds = seconds
        self._waiting = waiting

    def __enter__(self) -> bool:
        outcome = self._lock.take_in_turn(self._seconds, self._waiting)
        if outcome == NO_LOCK:
            from role_env.errors import ProfileError

            raise ProfileError(
                f"the lock against a second role-env cannot be taken: {self._lock.fault}",
                hint="let HOME or XDG_STATE_HOME name a folder that you alone can write",
            )
        return outcome == BUSY

    def __exit__(self, *failure: object) -> None:
        self._lock.remove()


def _acquire(descriptor: int, kind: int, seconds: float) -> bool:
    """Lock the file within `seconds`; return whether that succeeded. Raises OSError on a file system without locks."""
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_STEP_SECONDS)
        else:
            return True
