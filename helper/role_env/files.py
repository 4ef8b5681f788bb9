"""A file that belongs to the user and to other programs, replaced or removed as a whole or not at all.

Its mode and owner stay, a symlink is followed to its target, and what other programs write meanwhile, without any lock,
is read again and not lost.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from role_env import locks
from role_env.errors import ProfileError, UnreachableError
from role_env.fingerprint import current_stamp, read_file
from role_env.paths import make_folders

# Another role-env holds the lock for milliseconds.
LOCK_SECONDS = 10.0
BACKUP_SUFFIX = ".role-env-backup"
_NEW_SUFFIX = ".role-env-new"
_TRIES = 5


# Takes the content (None: no file) and returns what is to be there instead (None: no file).
Change = Callable[[bytes | None], bytes | None]


class UserFile:
    """The file at `path`. Its former content goes to `backup` unless `keeps_backup` is false."""

    def __init__(self, path: Path, *, keeps_backup: bool = True) -> None:
        self.path = path
        self._keeps_backup = keeps_backup
        self._real = Path(os.path.realpath(path))
        self.backup = self._real.with_name(self._real.name + BACKUP_SUFFIX)

    def read(self) -> bytes | None:
        """Return the content, or None if there is no file. Raises ProfileError if it cannot be read or replaced."""
        return self._read()[0]

    def replace(self, change: Change) -> bool:
        """Replace the content by the one that `change` returns for it, and return whether it differs.

        `change` is called again if another program has written meanwhile. Raises what it raises, ProfileError if the
        file cannot be written, and UnreachableError if others keep writing.
        """
        folder = self._real.parent
        try:
            make_folders(folder)
            with locks.hold_folder(folder, seconds=LOCK_SECONDS) as busy:
                for _ in range(0 if busy else _TRIES):
                    if (is_replaced := self._try(change)) is not None:
                        return is_replaced
        except OSError as error:
            raise self._error(f"could not be written: {error.strerror or error}") from None
        raise UnreachableError(f"{self.path} is being written by another process", hint="try again")

    def remove_backup(self) -> bool:
        """Remove the backup, and return whether there was one. Raises ProfileError."""
        try:
            self.backup.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ProfileError(
                f"{self.backup} could not be removed: {error.strerror or error}", hint=f"rm {self.backup}"
            ) from None
        return True

    def _try(self, change: Change) -> bool | None:
        """Return whether the file was replaced; None if it has changed since it was read."""
        stamp = current_stamp(str(self._real))
        content, status = self._read()
        changed = change(content)
        if changed == content:
            return False
        if self._keeps_backup and content is not None and not self._put(self.backup, content, stamp):
            return None
        if changed is None:
            if current_stamp(str(self._real)) != stamp:
                return None
            self._real.unlink()
            return True
        return self._put(self._real, changed, stamp, like=status) or None

    def _read(self) -> tuple[bytes | None, os.stat_result | None]:
        try:
            content, status = read_file(self._real)
        except FileNotFoundError:
            return None, None
        except OSError as error:
            raise self._error(f"cannot be read: {error.strerror or error}") from None
        if os.name == "posix" and os.geteuid() not in (status.st_uid, 0):
            raise self._error(f"belongs to another user (uid {status.st_uid})")
        if not status.st_mode & stat.S_IWUSR or not os.access(self._real, os.W_OK):
            raise self._error("is read-only", hint=f"chmod u+w {self._real}, if it may be changed")
        return content, status

    def _put(self, path: Path, content: bytes, stamp: str, *, like: os.stat_result | None = None) -> bool:
        """Make `content` the file `path`, with the mode and owner of `like`, unless our file has changed since `stamp`.

        Returns whether it did.
        """
        new = self._real.with_name(self._real.name + _NEW_SUFFIX)
        with suppress(FileNotFoundError):  # of a process that was killed; we hold the lock
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                if like and os.name == "posix":
                    _own(descriptor, like)
                os.fsync(descriptor)
            if current_stamp(str(self._real)) != stamp:
                new.unlink()
                return False
            new.replace(path)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise
        return True

    def _error(self, what: str, *, hint: str = "") -> ProfileError:
        return ProfileError(f"{self.path} {what}", hint=hint or "nothing was changed")


def _own(descriptor: int, like: os.stat_result) -> None:
    """Give the file the mode and owner of `like`."""
    os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
    if like.st_uid != os.geteuid():
        os.fchown(descriptor, like.st_uid, like.st_gid)
    elif like.st_gid != os.getegid():
        with suppress(PermissionError):  # a group that one is no longer in
            os.fchown(descriptor, -1, like.st_gid)
