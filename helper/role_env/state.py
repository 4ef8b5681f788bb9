"""The folder where role-env keeps what is no secret and may be lost: the index, marks and locks."""

import errno
import os
from pathlib import Path


def state_folder() -> Path:
    """The path of the folder, which may not be there yet.

    Raises OSError when this user has no such place: no HOME, and no entry in the system's list of users.
    """
    import platformdirs

    try:
        folder = Path(platformdirs.user_state_dir("role-env", appauthor=False))
    except RuntimeError:  # neither HOME nor an entry in the system's list of users
        folder = Path()
    if not folder.is_absolute():
        raise FileNotFoundError(errno.ENOENT, "there is no folder for it; is HOME set?")
    return folder


def make_private(folder: Path) -> None:
    """Makes `folder` for this user alone. Raises OSError, also when it is another's or open to others."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)  # each of them: parents=True would leave that to the umask
    status = folder.stat(follow_symlinks=False)
    if os.name == "posix" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
        raise PermissionError(errno.EPERM, f"{folder} is not this user's alone")
