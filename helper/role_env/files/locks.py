"""The locks of single flight: processes that miss the same session at the same time make one request to STS.

The lock is the kernel's own (flock), so a dead holder blocks nobody. If no lock can be taken, the request is made
without one. The fast path uses it too, so it imports next to nothing.
"""

import os
import time

from role_env import paths
from role_env.fingerprint import sha256

try:
    import fcntl
except ImportError:  # Windows: no lock, at worst two calls
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
"""The locks that `wait_for_holder` has taken, by the names of their entries, until `hold` or `release` asks for one."""


def hold(
    name: str, environ: "Mapping[str, str]", *, seconds: float, waiting: "AbstractContextManager[object]"
) -> "AbstractContextManager[bool]":
    """Hold the lock of the entry `name`, and give whether another process holds it.

    Waits at most `seconds` for it, within `waiting`.
    """
    return _Lock(lambda: _taken.pop(name) if name in _taken else _open(name, environ), seconds, waiting)


def hold_in_state(
    name: str, environ: "Mapping[str, str]", *, seconds: float, waiting: "AbstractContextManager[object]"
) -> "AbstractContextManager[bool]":
    """Hold the lock of the entry `name` in the state folder, whatever the runtime folder is; give what `hold` gives.

    For what may happen once only: cron and `su` have no runtime folder, and would hold another lock. Raises
    ProfileError where there is no such folder, or others can write it.
    """
    return _Lock(lambda: _open_in(paths.state_folder(environ), name), seconds, waiting, is_required=True)


def hold_folder(folder: "Path", *, seconds: float) -> "AbstractContextManager[bool]":
    """Hold the lock of what is in `folder`, which leaves no file there; give what `hold` gives."""
    from contextlib import nullcontext  # 2 ms, which the fast path can do without

    return _Lock(lambda: os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)), seconds, nullcontext())


def is_taken(name: str) -> bool:
    """Return whether `wait_for_holder` has taken the lock of the entry `name` for `hold`."""
    return name in _taken


def release(name: str) -> None:
    """Release the lock of the entry `name` if `wait_for_holder` has taken it."""
    if name in _taken:
        os.close(_taken.pop(name))


def wait_for_holder(name: str, environ: "Mapping[str, str]", *, seconds: float) -> bool:
    """Wait while another process holds the lock of the entry `name`, at most `seconds`; return whether one did.

    If none does, this process has it from now on: those that come meanwhile wait for it, and need not import what a
    request takes.
    """
    try:
        descriptor = _open(name, environ)
    except OSError:
        return False
    try:
        if _acquire(descriptor, 0):
            _taken[name] = descriptor
            return False
        _acquire(descriptor, seconds, is_shared=True)  # all that wait go on at once
    except OSError:  # a file system without locks
        os.close(descriptor)
        return False
    os.close(descriptor)
    return True


def report_stored(name: str, environ: "Mapping[str, str]") -> None:
    """Note in the lock's file that the session of the entry `name` was stored now; the note contains no secret."""
    _write(name, environ, b"stored\n")


def withdraw(name: str, environ: "Mapping[str, str]") -> None:
    """Take back `report_stored`: the session cannot be found."""
    _write(name, environ, b"")


def has_stored(name: str, environ: "Mapping[str, str]") -> bool:
    """Return whether a process has stored the session of the entry `name` since this one began, in the last minute."""
    try:
        status = os.stat(_path(_folder(environ), name), follow_symlinks=False)  # noqa: PTH116  as in `_folder`
    except OSError:
        return False
    age = time.time() - status.st_mtime
    return status.st_size > 0 and 0 <= age < _STORED_SECONDS and age < process_age()


def process_age(process: str = "/proc/self/stat") -> float:
    """Return for how many seconds this process has existed, by `process`, Linux's file, or has known this module."""
    try:
        with open(process, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            started = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME")) - started  # noqa: B009  Linux alone has it
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _BEGAN


class _Lock:
    """The lock of the descriptor that `opened` gives, while a `with` block runs.

    Where it cannot be taken, the block runs without it, unless it `is_required`.
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
    """Lock the descriptor's file, and return whether that was possible within `seconds`.

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
    """Let `text` be what the lock's file contains, if it can be written."""
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
    """Return our folder in the user's runtime folder if that is theirs alone, else in the state folder."""
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
