"""The user's folders for role-env: where the profiles file is looked for, and where state is stored.

`usual_folder` follows the XDG Base Directory Specification on Linux without importing platformdirs, which costs 10 ms.
Where a case is unusual it returns an empty text, and platformdirs decides.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = ("XDG_CONFIG_HOME", ".config")
STATE = ("XDG_STATE_HOME", ".local/state")


def usual_folder(environ: "Mapping[str, str]", kind: "tuple[str, str]") -> str:
    """Return the folder of the `kind` CONFIG or STATE as an absolute path.

    Return an empty text in unusual cases, and on another system than Linux.
    """
    if sys.platform != "linux":
        return ""
    variable, below_home = kind
    configured, home = environ.get(variable, ""), environ.get("HOME", "")
    if configured:
        return configured if configured.startswith("/") else ""
    return f"{home}/{below_home}" if home.startswith("/") else ""


def usual_profiles_file(environ: "Mapping[str, str]") -> str:
    """Return the profiles file, if it is the one of ROLE_ENV_CONFIG or the user's own in the usual place.

    Whether it is there, and counts, is not looked at. Raises FileNotFoundError if `profiles.locate` has to look on.
    """
    if configured := environ.get("ROLE_ENV_CONFIG"):
        return configured
    if folder := usual_folder(environ, CONFIG):
        return f"{folder}/role-env/profiles.ini"
    raise FileNotFoundError


def state_folder(environ: "Mapping[str, str]") -> "Path":
    """Return the folder for the index, notes and locks, which contain no secrets and may be lost. It may not exist.

    Raises OSError if the user has no such place: no HOME, and no entry in the system's list of users.
    """
    import errno
    from pathlib import Path

    if usual := usual_folder(environ, STATE):
        return Path(usual, "role-env")
    import platformdirs

    try:
        folder = Path(platformdirs.user_state_dir("role-env", appauthor=False))
    except RuntimeError:  # neither HOME nor an entry in the system's list of users
        folder = Path()
    if not folder.is_absolute():
        raise FileNotFoundError(errno.ENOENT, "there is no folder for it; is HOME set?")
    return folder


def make_private(folder: "Path") -> None:
    """Create `folder` for this user alone.

    Raises OSError, also if the folder belongs to another user or others can write it.
    """
    import errno

    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)  # each of them: parents=True would leave that to the umask
    if not is_private(str(folder)):
        raise PermissionError(errno.EPERM, f"{folder} is not this user's alone")


def is_private(folder: str) -> bool:
    """Return whether `folder` is there, and belongs to this user, and nobody else can write it."""
    try:
        status = os.stat(folder, follow_symlinks=False)  # noqa: PTH116  not for the fast path
    except OSError:
        return False
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def append_line(file: "Path", line: str, *, largest: int = 0) -> None:
    """Append `line` to a file of state in one write, so that no process loses another's.

    With `largest`, a file of more bytes is started anew. Raises OSError, as `make_private` does for the folder.
    """
    make_private(file.parent)
    is_full = bool(largest) and file.exists() and file.stat().st_size > largest
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | (os.O_TRUNC if is_full else 0)
    descriptor = os.open(file, flags, 0o600)
    try:
        os.write(descriptor, f"{line}\n".encode("utf-8", "surrogateescape"))
    finally:
        os.close(descriptor)
