"""The names of entries in a keyring."""

import os

from role_env.fingerprint import sha256

SESSION_SERVICE = "role-env session "
"""How the service of each cached session's entry begins."""
PROOF_SERVICE = f"{SESSION_SERVICE}proof "
"""How the service of the proof beside it begins, which contains no secret."""
NO_OPTIONS = "\0"
"""The options of an entry if none of them changes what is requested from STS."""


class Entry:
    """The name of an entry in a keyring, which a keyring browser shows.

    `name` is both parts in one text, as the index and the kernel's keyring name it.
    """

    __slots__ = ("name", "service", "username")

    def __init__(self, service: str, username: str) -> None:
        self.service = service
        self.username = username
        self.name = f"{service}\t{username}"


def session_entry(path: str, profile: str, options: str = NO_OPTIONS) -> Entry:
    """Return the entry of the session of `profile` in the profiles file whose real path is `path`.

    `options` is a text of the options that change what is requested from STS.
    """
    return hashed_entry(SESSION_SERVICE, profile, path, profile, options)


def profile_entry(service: str, path: "str | os.PathLike[str]", profile: str) -> Entry:
    """Return the entry of what `service` is for, of `profile` in the profiles file at `path`."""
    return hashed_entry(service, profile, os.path.realpath(path), profile)


def hashed_entry(service: str, username: str, *parts: str) -> Entry:
    """Return an entry whose service is `service` with a digest of `parts`."""
    return Entry(service + sha256("\0".join(parts))[:24], username)
