"""The locks of single flight: processes that miss the same session at the same time make one request to STS.

The lock is the kernel's own (flock), so a dead holder blocks nobody. If no lock can be taken, the request is made
without one.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from role_env.digests import sha256
from role_env.paths import make_private, state_folder

try:
    import fcntl
except ImportError:  # Windows: no lock, at worst two calls
    fcntl = None  # type: ignore[assignment]

_STEP_SECONDS = 0.02


@contextmanager
def held(
    name: str, environ: Mapping[str, str], *, seconds: float, waiting: AbstractContextManager[object] | None = None
) -> Iterator[bool]:
    """Hold the lock of the entry `name`, and yield whether another process holds it.

    Waits at most `seconds` for it, within `waiting`.
    """
    with _held(lambda: _open(name, environ), seconds, waiting) as busy:
        yield busy


@contextmanager
def folder_held(folder: Path, *, seconds: float) -> Iterator[bool]:
    """Hold the lock of what is in `folder`, which leaves no file there; yield as `held` does."""
    with _held(lambda: os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)), seconds) as busy:
        yield busy


@contextmanager
def _held(
    opened: Callable[[], int], seconds: float, waiting: AbstractContextManager[object] | None = None
) -> Iterator[bool]:
    try:
        descriptor = opened()
    except OSError:
        yield False
        return
    try:
        with waiting or nullcontext():
            held_by_us = _acquire(descriptor, seconds)
        yield not held_by_us
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_STEP_SECONDS)
        except OSError:  # a file system without locks
            return True
        else:
            return True


def _open(name: str, environ: Mapping[str, str]) -> int:
    if fcntl is None:
        raise OSError("no flock on this system")
    folder = _folder(environ)
    make_private(folder)
    return os.open(folder / f"{sha256(name)[:32]}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _folder(environ: Mapping[str, str]) -> Path:
    """In the user's runtime folder if it is theirs alone, else in the state folder; never in a shared one."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_absolute():
        try:
            status = Path(runtime).stat(follow_symlinks=False)
        except OSError:
            return state_folder(environ)
        if status.st_uid == os.geteuid() and status.st_mode & 0o777 == 0o700:
            return Path(runtime) / "role-env"
    return state_folder(environ)
