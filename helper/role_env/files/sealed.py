"""Make read-only files in memory."""

import errno
import os
import sys


def sealed(content: bytes) -> int:
    """Return the descriptor of a file in memory with `content`, sealed so that no process can change it.

    Raises OSError if the system, or a sandbox, does not support such files.
    """
    if sys.platform != "linux" or not hasattr(os, "memfd_create"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    import fcntl

    descriptor = os.memfd_create("role-env", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.write(descriptor, content)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
