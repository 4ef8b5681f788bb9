"""Check that the server named by ROLE_ENV_SERVER is running and serves this session.

The variable contains the path of a file in the server's memory, `<pid>/fd/<N>` below /proc, then a space and the URI.
The file contains the URI and what is shown of the session (`variables.SHOWN`). So a later process with the same ID is
not taken for the server, nor is the server of another session, whose variables direnv may mix with these. Only the
user can open the file. On a system without such files the variable contains only the process ID, which another
process of this user may get later.
"""

import contextlib
import os
import stat
from collections.abc import Mapping

from role_env import variables

_LONGEST = 4096


def announce(uri: str, shown: str) -> str:
    """Return the value of ROLE_ENV_SERVER for this process, which serves `uri` and keeps the file open.

    `shown` are the values of `variables.SHOWN`, with spaces between them.
    """
    from role_env.files.sealed import sealed  # only the server itself needs it

    place = f"{os.getpid()}"
    with contextlib.suppress(OSError):  # a system, or a sandbox, without memfd
        descriptor = sealed(f"{uri}\n{shown}\n".encode())
        if _lives(f"{place}/fd/{descriptor}", uri, shown):  # False if /proc is missing
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
    """Return the text of the file; empty if it is another kind of file or cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  a pipe would be waited for
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read(_LONGEST)
    except OSError:
        return ""
