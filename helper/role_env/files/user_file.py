"""Replace or remove a file of this user that other programs also write, as a whole or not at all.

The file keeps its mode, group and ACL. A symlink is followed to its target, and removed with it. If another program
writes meanwhile, without any lock, its content is read again, so nothing is lost. Nothing is written for another user.
"""

import errno
import os
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from role_env.errors import ProfileError, UnreachableError
from role_env.files import locks
from role_env.files.dependencies import read_file
from role_env.files.private import check_own
from role_env.fingerprint import current_stamp
from role_env.paths import make_folders

# Another role-env of this user holds the lock only for milliseconds.
LOCK_SECONDS = 10.0
BACKUP_SUFFIX = ".role-env-backup"
_NEW_SUFFIX = ".role-env-new"
_TRIES = 5

# Takes the content (None: no file) and returns the new content (None: no file).
Change = Callable[[bytes | None], bytes | None]


class UserFile:
    """The file at `path`. A change keeps the former content in `backup`, unless `keeps_backup` is false.

    `environ` has the state folder with the lock, so that no other user can take it.
    """

    def __init__(self, path: str, environ: Mapping[str, str], *, keeps_backup: bool = True) -> None:
        self.path = path
        self._environ = environ
        self._keeps_backup = keeps_backup
        self._real = Path(os.path.realpath(path))
        self.backup = self._real.with_name(self._real.name + BACKUP_SUFFIX)

    def read(self) -> bytes | None:
        """Return the content, or None if there is no file. Raises ProfileError if it cannot be read or replaced."""
        check_own(self.path)
        return self._read()[0]

    def replace(self, change: Change) -> bool:
        """Replace the content by what `change` returns for it, and return whether it differs.

        `change` is called again if another program has written meanwhile. Raises what `change` raises, ProfileError if
        the file cannot be written, and UnreachableError if others keep writing.
        """
        check_own(self.path)
        try:
            make_folders(self._real.parent)
            with self.lock() as busy:
                for _ in range(0 if busy else _TRIES):
                    if (is_replaced := self._try(change)) is not None:
                        return is_replaced
        except OSError as error:
            raise self._error(f"could not be written: {error.strerror or error}") from None
        raise UnreachableError(f"{self.path} is being written by another process", hint="try again")

    def lock(self) -> AbstractContextManager[bool]:
        """Return a context that holds the file's lock; its value is whether another process still holds it."""
        name = f"file\t{self._real}"
        return locks.hold_in_state(name, self._environ, seconds=LOCK_SECONDS, waiting=nullcontext())

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
        """Try once to replace the file. Return whether it was replaced; None if another program wrote it meanwhile."""
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
            if os.path.islink(self.path):  # it would lead nowhere
                os.unlink(self.path)
            return True
        return self._put(self._real, changed, stamp, like=status) or None

    def _read(self) -> tuple[bytes | None, os.stat_result | None]:
        try:
            content, status = read_file(self._real)
        except FileNotFoundError:
            return None, None
        except OSError as error:
            raise self._error(f"cannot be read: {error.strerror or error}") from None
        if not status.st_mode & stat.S_IWUSR or not os.access(self._real, os.W_OK):
            raise self._error("is read-only", hint=f"chmod u+w {self._real}, if it may be changed")
        return content, status

    def _put(self, path: Path, content: bytes, stamp: str, *, like: os.stat_result | None = None) -> bool:
        """Write `content` to `path`, with the permissions of the file, whose stat is `like`, or for this user only.

        Write nothing and return False if the file has changed since it was read: its stamp was `stamp` then.
        """
        new = self._real.with_name(self._real.name + _NEW_SUFFIX)
        with suppress(FileNotFoundError):  # left by a killed process, since we hold the lock
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                if like:
                    _copy_access(self._real, like, new)
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


def _copy_access(file: Path, status: os.stat_result, new: Path) -> None:
    if status.st_gid != new.stat().st_gid:
        try:
            os.chown(new, -1, status.st_gid)
        except PermissionError:
            return  # the user has left the group: the file is now for this user only
    _remove_acl(new)  # inherited from the folder
    shutil.copystat(file, new)
    os.utime(new)


def _remove_acl(file: Path) -> None:
    if sys.platform != "linux":
        return
    try:
        os.removexattr(file, "system.posix_acl_access")
    except OSError as error:
        if error.errno not in (errno.ENODATA, errno.ENOTSUP):
            raise
