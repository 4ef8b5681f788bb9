"""Refuse a file that decides a request if other users can change it, or can read a secret in it.

And refuse to write where another user could put something else in the place of the file.
"""

import os

from role_env import paths
from role_env.errors import ProfileError


def check_private(name: str, path: object, status: os.stat_result, *, has_secret: bool = False) -> None:
    """Raise ProfileError unless the file at `path` is private to this user, by its `status`.

    `name` is its name in messages, with the path. It must belong to this user or root, and nobody else may write it;
    with `has_secret`, nobody else may read it either.
    """
    if status.st_uid not in (os.geteuid(), 0):
        raise ProfileError(f"{name} belongs to another user (uid {status.st_uid})", hint="use a copy of your own")
    if has_secret and status.st_mode & 0o066:
        what = " and ".join(word for word, bits in (("read", 0o044), ("write", 0o022)) if status.st_mode & bits)
        raise ProfileError(f"{name} contains a secret and others can {what} it", hint=f"chmod 600 {path}")
    if status.st_mode & 0o022:
        raise ProfileError(f"others can write {name}", hint=f"chmod go-w {path}")


def check_own(path: str) -> None:
    """Raise ProfileError if `paths.foreign_part` of the file at `path` is another user's: nothing is written there."""
    if part := paths.foreign_part(path):
        hint = (
            "do it as that user; with sudo, set HOME too: sudo -H" if os.geteuid() == 0 else "use a folder of your own"
        )
        raise ProfileError(f"{part}; nothing was changed", hint=hint)
