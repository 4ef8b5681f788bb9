"""The user's folders for role-env, configuration and state, and the files of lines in the state folder."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CONFIG = ("XDG_CONFIG_HOME", ".config")
STATE = ("XDG_STATE_HOME", ".local/state")


def xdg_folder(environ: "Mapping[str, str]", kind: "tuple[str, str]") -> str:
    """Return the folder of the `kind` CONFIG or STATE by the XDG Base Directory Specification, as an absolute path.

    It saves importing platformdirs, which costs 10 ms. Return an empty text where only platformdirs can find the
    folder: for a relative path, without HOME, and on systems other than Linux.
    """
    if sys.platform != "linux":
        return ""
    variable, below_home = kind
    configured, home = environ.get(variable, ""), environ.get("HOME", "")
    if configured:
        return configured if configured.startswith("/") else ""
    return f"{home}/{below_home}" if home.startswith("/") else ""


def usual_profiles_file(environ: "Mapping[str, str]") -> str:
    """Return the profiles file that ROLE_ENV_CONFIG names, else the user's own or, without that, the SDKs'.

    The file may not exist. Raises FileNotFoundError if only `profiles.locate` can find the folder.
    """
    if configured := environ.get("ROLE_ENV_CONFIG"):
        return configured
    folder = xdg_folder(environ, CONFIG)
    if not folder:
        raise FileNotFoundError
    own = f"{folder}/role-env/profiles.ini"
    return own if os.path.exists(own) else next(filter(os.path.exists, sdk_files(environ)), own)


def sdk_files(environ: "Mapping[str, str]") -> "list[str]":
    """Return the paths that the Alibaba SDKs' own file can have, first choice first."""
    chosen = environ.get("ALIBABA_CLOUD_CREDENTIALS_FILE")
    folder = f"{environ.get('HOME') or os.path.expanduser('~')}/.alibabacloud"
    known = [f"{folder}/credentials.ini", f"{folder}/credentials"] if os.path.isabs(folder) else []
    return [chosen, *known] if chosen else known


def own_folder(environ: "Mapping[str, str]", kind: "tuple[str, str]") -> str:
    """Return role-env's folder of the `kind` CONFIG or STATE as an absolute path. It may not exist.

    Return an empty text if the user has no such folder: no HOME, and no entry in the system's list of users.
    """
    if folder := xdg_folder(environ, kind):
        return f"{folder}/role-env"
    import platformdirs

    find = platformdirs.user_config_dir if kind == CONFIG else platformdirs.user_state_dir
    try:
        folder = find("role-env", appauthor=False)
    except RuntimeError:
        return ""
    return folder if os.path.isabs(folder) else ""


def state_folder(environ: "Mapping[str, str]") -> str:
    """Return the folder for the index, notes and locks; no secrets, and all may be lost. Raises OSError without one."""
    if folder := own_folder(environ, STATE):
        return folder
    import errno

    raise FileNotFoundError(errno.ENOENT, "there is no folder for it; is HOME set?")


def absolute(path: str) -> str:
    """Return `path`, made absolute by the working folder, as `Path.absolute` does. Raises OSError without one."""
    if ".." not in path:
        return os.path.abspath(path)
    from pathlib import Path

    return str(Path(path).absolute())  # keeps `link/..`, which may lead to another folder


def foreign_part(path: str) -> str:
    """Return what belongs to another user, as a sentence: the file at `path`, or its folder or the nearest one.

    Return an empty text if both are this user's or root's. For root, every folder above counts too, and every link: a
    user who can exchange one of them lets root write elsewhere.
    """
    for place in dict.fromkeys((os.path.abspath(path), os.path.realpath(path))):
        for part in _upward(place):
            try:
                owner = os.lstat(part).st_uid
            except OSError:  # it does not exist yet
                continue
            if owner not in (os.geteuid(), 0):
                return f"{part} belongs to another user (uid {owner})"
            if part != place and os.geteuid():
                break
    return ""


def _upward(path: str) -> "Iterator[str]":
    """Yield `path` and the folders above it. `pathlib` takes 3 ms, and a process that waits for another needs none."""
    while path:
        yield path
        folder = os.path.dirname(path)
        path = "" if folder == path else folder


def make_folders(folder: "Path") -> None:
    """Create `folder` and its missing parents, for this user only. Raises OSError."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)  # for each folder: with parents=True the umask would decide


def make_private(folder: str) -> None:
    """Create `folder` for this user only. Raises OSError if it or a `foreign_part` is not this user's alone."""
    import errno

    if part := foreign_part(folder):
        raise PermissionError(errno.EPERM, part)
    if not _is_private(folder):
        from pathlib import Path

        make_folders(Path(folder))
    if not _is_private(folder):
        raise PermissionError(errno.EPERM, f"{folder} is not this user's alone")


def _is_private(folder: str) -> bool:
    try:
        status = os.stat(folder, follow_symlinks=False)
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def state_lines(environ: "Mapping[str, str]", name: str) -> "list[str]":
    """Return the lines of the state file `name`: at least one if it can be read, else none."""
    try:
        path = f"{state_folder(environ)}/{name}"
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().split("\n")
    except OSError:
        return []


def append_line(environ: "Mapping[str, str]", name: str, line: str, *, largest: int = 0) -> None:
    """Append `line` to the state file `name` in one write, so that no process loses another's line.

    With `largest`, a file of more bytes is emptied first. Raises OSError: as `make_private` does, and for a line that
    contains a line break.
    """
    if "\n" in line or "\r" in line:
        import errno

        raise OSError(errno.EINVAL, "a line break in it")
    descriptor = _open_state(environ, name)
    try:
        if largest and os.fstat(descriptor).st_size > largest:
            os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{line}\n".encode("utf-8", "surrogateescape"))
    finally:
        os.close(descriptor)


def touch(environ: "Mapping[str, str]", name: str) -> None:
    """Set the modification time of the state file `name` to now. Raises OSError as `append_line` does."""
    os.close(_open_state(environ, name))
    os.utime(f"{state_folder(environ)}/{name}")


def _open_state(environ: "Mapping[str, str]", name: str) -> int:
    folder = state_folder(environ)
    make_private(folder)
    return os.open(f"{folder}/{name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
