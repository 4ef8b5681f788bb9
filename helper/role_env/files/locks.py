"""Locks between processes, so that those that miss the same session at the same time make one request to STS.

A lock is the kernel's own (flock), so a dead holder blocks nobody. If no lock can be taken, the request is made without
one. The fast path uses this module too, so it imports almost nothing.
"""

import os
import time

from role_env import paths
from role_env.fingerprint import sha256

try:
    import fcntl
except ImportError:  # Windows: no lock, and at worst two calls
    fcntl = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

_STEP_SECONDS = 0.02
_STORED_SECONDS = 60.0
_BEGAN = time.monotonic()
_taken: "dict[str, int]" = {}
"""The descriptors of the locks that `wait_for_holder` has taken, by entry, until `hold` or `release` removes them."""


def hold(
    name: str, environ: "Mapping[str, str]", *, seconds: float, waiting: "AbstractContextManager[object]"
) -> "AbstractContextManager[bool]":
    """Return a context that holds the lock of the entry `name`; its value is whether another process holds it.

    It waits at most `seconds` for the lock, within the context `waiting`.
    """
    return _Lock(lambda: _taken.pop(name) if name in _taken else _open(name, environ), seconds, waiting)


def hold_in_state(
    name: str, environ: "Mapping[str, str]", *, seconds: float, waiting: "AbstractContextManager[object]"
) -> "AbstractContextManager[bool]":
    """Return a context as `hold` does, for a lock that is always in the state folder.

    It is for work that only one process may do: cron and `su` have no runtime folder, and would hold another lock.
    Raises ProfileError if there is no state folder, or others can write it.
    """
    return _Lock(lambda: _open_in(paths.state_folder(environ), name), seconds, waiting, is_required=True)


def hold_folder(folder: "Path", *, seconds: float) -> "AbstractContextManager[bool]":
    """Return a context as `hold` does, for a lock on `folder` itself, which leaves no file there."""
    from contextlib import nullcontext  # takes 2 ms, and the fast path does not need it

    return _Lock(lambda: os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)), seconds, nullcontext())


def is_taken(name: str) -> bool:
    """Return whether `wait_for_holder` has taken the lock of the entry `name` for `hold`."""
    return name in _taken


def release(name: str) -> None:
    """Release the lock of the entry `name` if `wait_for_holder` has taken it."""
    if name in _taken:
        os.close(_taken.pop(name))


def wait_for_holder(name: str, environ: "Mapping[str, str]", *, seconds: float) -> bool:
    """Wait at most `seconds` while another process holds the lock of the entry `name`; return whether one did.

    If none did, this process holds it from now on. Processes that come later wait for it, and import nothing for a
    request of their own.
    """
    try:
        descriptor = _open(name, environ)
    except OSError:
        return False
    try:
        if _acquire(descriptor, 0):
            _taken[name] = descriptor
            return False
        _acquire(descriptor, seconds, is_shared=True)  # all waiting processes continue at the same time
    except OSError:  # a file system without locks
        os.close(descriptor)
        return False
    os.close(descriptor)
    return True


def report_stored(name: str, environ: "Mapping[str, str]") -> None:
    """Record in the lock's file that the session of the entry `name` is now stored. The file contains no secret."""
    _write(name, environ, b"stored\n")


def withdraw(name: str, environ: "Mapping[str, str]") -> None:
    """Undo `report_stored`, because the session cannot be found."""
    _write(name, environ, b"")


def has_stored(name: str, environ: "Mapping[str, str]") -> bool:
    """Return whether a process stored the session of the entry `name` after this one began, and within a minute."""
    try:
        status = os.stat(_path(_folder(environ), name), follow_symlinks=False)  # noqa: PTH116  as in `_folder`
    except OSError:
        return False
    age = time.time() - status.st_mtime
    return status.st_size > 0 and 0 <= age < _STORED_SECONDS and age < process_age()


def process_age(process: str = "/proc/self/stat") -> float:
    """Return the age of this process in seconds, by Linux's file `process`; elsewhere, the time since the import."""
    try:
        with open(process, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            started = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME")) - started  # noqa: B009  Linux alone has it
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _BEGAN


class _Lock:
    """A context manager that locks the descriptor that `opened` returns.

    If the lock cannot be taken, the block runs without it, unless it `is_required`.
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
        self._is_required = is_required and fcntl is not None
        self._descriptor: int | None = None

    def __enter__(self) -> bool:
        try:
            self._descriptor = self._opened()
        except OSError as error:
            if self._is_required:
                raise _unusable(error) from None
            return False
        try:
            with self._waiting:
                return not _acquire(self._descriptor, self._seconds)
        except OSError as error:  # a file system without locks
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


def _acquire(descriptor: int, seconds: float, *, is_shared: bool = False) -> bool:
    """Lock the descriptor's file within `seconds`, and return whether that succeeded.

    Raises OSError on a file system without locks.
    """
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


def _open(name: str, environ: "Mapping[str, str]") -> int:
    return _open_in(_folder(environ), name)


def _open_in(folder: str, name: str) -> int:
    if fcntl is None:
        raise OSError("no flock on this system")
    paths.make_private(folder)
    return os.open(_path(folder, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _path(folder: str, name: str) -> str:
    return f"{folder}/{sha256(name)[:32]}.lock"


def _write(name: str, environ: "Mapping[str, str]", text: bytes) -> None:
    """Replace the content of the lock's file by `text`, if the file can be written."""
    try:
        descriptor = _open(name, environ)
    except OSError:
        return
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, text)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _folder(environ: "Mapping[str, str]") -> str:
    """Return role-env's folder in the user's runtime folder if only the user can open that, else the state folder."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        try:
            status = os.stat(runtime, follow_symlinks=False)  # noqa: PTH116  pathlib costs more than the wait
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
