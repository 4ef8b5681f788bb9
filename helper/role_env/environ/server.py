"""Check that the server named by ROLE_ENV_SERVER is running and serves this session.

The variable contains the server's process ID, a space and the URI. ALICLOUD_SHARED_CREDENTIALS_FILE is a file in that
process's memory, which lasts as long as the server: a later process with the same ID does not have it. On a system
without such files it is on disk, below a name that contains the process ID.
"""

import os
import stat
from collections.abc import Mapping

from role_env import variables


def fault(environ: Mapping[str, str]) -> str:
    """Return what is wrong with the server of the session in `environ`, or an empty text."""
    server = environ.get(variables.SERVER, "")
    pid, _, uri = server.partition(" ")
    if not uri:
        return f"{variables.SERVER} is missing: nothing shows who serves this session"
    if environ.get(variables.CREDENTIALS_URI) != uri:
        return f"{variables.CREDENTIALS_URI} is not this session's: programs that ask it act as somebody else"
    path = environ.get(variables.SHARED_FILE, "")
    if not _is_servers(path, pid):
        return f"{variables.SHARED_FILE} is not this session's: Terraform and Pulumi act as somebody else"
    if not _is_served(path) or not _lives(int(pid)):
        return "the server of this session has ended, or is another user's: others could answer in its place"
    return ""


def _is_servers(path: str, pid: str) -> bool:
    """Return whether `path` is where the server `pid` has its file. The server is never this process or its shell."""
    if not _is_number(pid) or pid.startswith("0") or pid == str(os.getppid()):
        return False
    folder, _, name = path.rpartition("/")
    if folder == f"/proc/{pid}/fd":
        return _is_number(name)
    return "/role-env-" in folder and name.startswith(f"{variables.SERVED_PROFILE}-{pid}-")


def _is_served(path: str) -> bool:
    """Return whether the file at `path` is the user's, and begins like a server's file."""
    try:
        status = os.stat(path)  # noqa: PTH116
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():  # opening a pipe would wait
            return False
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read(len(variables.SERVED_FILE_START)) == variables.SERVED_FILE_START
    except PermissionError:  # in another user namespace, where only `_lives` can tell
        return True
    except OSError:
        return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
