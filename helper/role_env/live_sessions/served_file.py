"""Make the read-only file for Terraform's and Pulumi's provider: a profile of mode External, without a secret.

The provider runs the profile's command when its session is about to expire. Its library then tries to write the session
back: it opens the file for writing, writes a file beside it with a longer name, and renames that. A sealed file in
memory refuses the first step. On systems without such files, the file is on disk and its name has the greatest length.
"""

import contextlib
import errno
import json
import os
import sys
import tempfile
from pathlib import Path

from role_env import variables
from role_env.errors import ProfileError

_LONGEST_NAME = 246
"""A file name that leaves no room for `.tmp-` and a number in the 255 bytes of a name."""


def publish(command: str) -> str:
    """Return the path of a new file with a profile that runs `command`.

    A file in memory lasts as long as this process. One on disk lasts until `remove`, and its name contains this
    process's ID. Raises ProfileError if neither can be made.
    """
    name = variables.SERVED_PROFILE
    profile = {"name": name, "mode": "External", "process_command": command}
    content = json.dumps({"current": name, "profiles": [profile]}, separators=(",", ":")).encode()
    with contextlib.suppress(OSError):
        path = Path(f"/proc/{os.getpid()}/fd/{sealed(content)}")
        if path.read_bytes() == content:  # False if /proc is missing or belongs to another PID namespace
            return str(path)
    try:
        return str(_write(content))
    except OSError as error:
        raise ProfileError(
            f"the file for Terraform cannot be made: {error.strerror}", hint="set TMPDIR to a folder of yours"
        ) from None


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


def _write(content: bytes) -> Path:
    path = Path(tempfile.mkdtemp(prefix="role-env-"), f"{variables.SERVED_PROFILE}-{os.getpid()}-")
    path = path.with_name(path.name.ljust(_LONGEST_NAME, "0"))
    path.touch(0o600)
    path.write_bytes(content)
    path.chmod(0o400)
    path.parent.chmod(0o500)
    return path


def remove(path: str) -> None:
    """Remove the file at `path` with its folder, if it is on disk."""
    if path.startswith("/proc/"):
        return
    with contextlib.suppress(OSError):  # somebody has removed it
        folder = Path(path).parent
        folder.chmod(0o700)
        Path(path).unlink()
        folder.rmdir()
