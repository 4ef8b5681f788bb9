"""The server of a served session, which ROLE_ENV_SERVER names: whether it lives, and whether the URI is its own.

The variable is the place of a file in the server's memory, `<pid>/fd/<N>` below /proc, and the URI, with a space
between them. The file contains that URI and what is shown of the session (`variables.SHOWN`): neither a later process
with the same ID passes for the server, nor the server of another session, whose variables direnv may mix with these.
Only the user can open it. Where there are no such files, the place is the process ID alone, which another process of
this user may have later.
"""

import contextlib
import os
import stat
import sys
from collections.abc import Mapping

from role_env import variables

_LONGEST = 4096


def announce(uri: str, shown: str) -> str:
    """Return the value of ROLE_ENV_SERVER for this process, which serves `uri`. The file stays open until it ends.

    `shown` are the values of `variables.SHOWN`, with spaces between them.
    """
    place = f"{os.getpid()}"
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(AttributeError, OSError):  # a system, or a sandbox, without memfd
            descriptor = os.memfd_create("role-env", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.write(descriptor, f"{uri}\n{shown}\n".encode())
            seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
            if _lives(f"{place}/fd/{descriptor}", uri, shown):  # not where /proc is missing
                place += f"/fd/{descriptor}"
    return f"{place} {uri}"


def fault(environ: Mapping[str, str]) -> str:
    """Return what is wrong with the server of the session in `environ`, or an empty text."""
    place, _, uri = environ.get(variables.SERVER, "").partition(" ")
    if not uri:
        return f"{variables.SERVER} is missing: nothing shows who serves this session"
    if environ.get(variables.CREDENTIALS_URI) != uri:
        return f"{variables.CREDENTIALS_URI} is not this session's: programs that ask it act as somebody else"
    if not _lives(place, uri, " ".join(environ.get(name, "") for name in variables.SHOWN)):
        return "the server of this session has ended, or serves another one: others could answer in its place"
    return ""


def _lives(place: str, uri: str, shown: str) -> bool:
    pid, has_file, descriptor = place.partition("/fd/")
    if not _is_number(pid) or pid.startswith("0"):
        return False
    if has_file:
        return _is_number(descriptor) and _read(f"/proc/{place}") == f"{uri}\n{shown}\n"
    try:
        os.kill(int(pid), 0)
    except (OSError, OverflowError):
        return False
    return True


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _read(path: str) -> str:
    """Return the text of the file; an empty one if it is another kind of file, or cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  a pipe would be waited for
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read(_LONGEST)
    except OSError:
        return ""
