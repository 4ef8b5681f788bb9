"""Recognize failures of the system, such as exhausted memory or a full disk, by the exceptions that they raise."""

import errno
import os
from types import TracebackType

from role_env.errors import ResourceError

_DISK_AND_LIMITS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "ESTALE", "EMFILE", "ENFILE", "ENOBUFS", "EPERM")
"""The errors of a disk, its free space and the limits of a process."""


def recognize(failure: BaseException) -> ResourceError | None:
    """Return the error to report if the system caused `failure`, else None."""
    if _is_exhaustion(failure):
        return ResourceError(
            "the system has no more memory, threads or processes for role-env",
            hint="end other programs, or raise the limit (ulimit -v, ulimit -u, the container's), and try again",
        )
    if isinstance(failure, ImportError) and _is_unloadable(failure):
        return ResourceError(
            f"the module {failure.name} of this installation could not be loaded",
            hint="check the memory and the disk, and try again; if it fails again, reinstall role-env",
        )
    if isinstance(failure, OSError) and _is_of_disk_or_limits(failure):
        return ResourceError(
            f"the system reported: {failure.strerror}",
            hint="check the disk, its free space and the limits (ulimit -a), and try again",
        )
    return None


def innermost(failure: BaseException) -> TracebackType | None:
    """Return the traceback entry of the line that raised `failure`, or None if it has no traceback."""
    trace = failure.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace


def _is_exhaustion(failure: BaseException) -> bool:
    """Return whether there is no memory, thread or process left.

    CPython can lose an error that it has no memory for, and then raises SystemError, which Python code never does.
    """
    if isinstance(failure, OSError):
        return failure.errno in (errno.EAGAIN, errno.ENOMEM)
    trace = innermost(failure)
    is_in_threading = trace is not None and trace.tb_frame.f_globals.get("__name__") == "threading"
    return isinstance(failure, MemoryError | SystemError) or (isinstance(failure, RuntimeError) and is_in_threading)


def _is_unloadable(failure: ImportError) -> bool:
    """Return whether a module was not found or a library failed to load. Otherwise a loaded module lacks a name."""
    return isinstance(failure, ModuleNotFoundError) or not (failure.path or ".py").endswith(".py")


def _is_of_disk_or_limits(failure: OSError) -> bool:
    """Return whether the system itself reported the error: then the error has the system's own text."""
    name = errno.errorcode.get(failure.errno or 0, "")
    return name in _DISK_AND_LIMITS and failure.strerror == os.strerror(failure.errno or 0)
