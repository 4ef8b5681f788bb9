"""Refuse a file that decides a request if other users can change it, or can read a secret in it."""

import os

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
