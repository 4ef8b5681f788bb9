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


def hold_in_state(
    name: str, environ: "Mapping[str, str]", *, seconds: float, waiting: "AbstractContextManager[object]"
) -> "AbstractContextManager[bool]":
    """Return a context that holds the lock `name` in the state folder; its value is whether another process holds it.

    It waits at most `seconds` for the lock, within the context `waiting`. It is for work that only one process may do:
    cron and `su` have no runtime folder, and would hold another lock there.
    Raises ProfileError if there is no state folder, or others can write it.
    """
    return Lock(lambda: open_in(paths.state_folder(environ), name), seconds, waiting, is_required=True)


class Lock:
    """A context that locks the descriptor which `opened` returns, or runs without the lock unless it `is_required`.

    `has_waited` says whether another process held it.
    """

    def __init__(
        self,
        opened: "Callable[[], int]",
        seconds: float,
        waiting: "AbstractContextManager[object]",
        *,
        is_required: bool = False,
    ) -> None:
        self._opened = opened
        self._seconds = seconds
        self._waiting = waiting
        self._is_required = is_required
        self._descriptor: int | None = None
        self.has_waited = False

    def __enter__(self) -> bool:
        try:
            self._descriptor = self._opened()
            if acquire(self._descriptor, 0):
                return False
            self.has_waited = True
            with self._waiting:
                return not acquire(self._descriptor, self._seconds)
        except OSError as error:  # there is no folder for it, or a file system without locks
            if not self._is_required:
                return False
            self.__exit__()
            raise _unusable(error) from None
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *failure: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


def acquire(descriptor: int, seconds: float, *, is_shared: bool = False) -> bool:
    """Lock the file within `seconds`; return whether that succeeded. Raises OSError on a file system without locks."""
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_STEP_SECONDS)
        else:
            return True


def open_in(folder: str, name: str) -> int:
    """Open the file of the lock `name` in `folder`, and return its descriptor. Raises OSError."""
    paths.make_private(folder)
    path = f"{folder}/{sha256(name)[:32]}.lock"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


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


def _unusable(error: OSError) -> Exception:
    from role_env.errors import ProfileError

    return ProfileError(
        f"the lock against a second role-env cannot be taken: {error.strerror or error}",
        hint="let HOME or XDG_STATE_HOME name a folder that you alone can write",
    )
