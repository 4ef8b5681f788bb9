"""The names of entries in a keyring."""

import os

from role_env.fingerprint import sha256

SESSION_SERVICE = "role-env session "
"""The prefix of the service of every cached session's entry."""
NO_OPTIONS = "\0\0\0\0"
"""The options of the entry of a person's request without an option that changes it."""


class Entry:
    """The name of an entry in a keyring, which a keyring browser shows.

    `name` joins both parts, as the index and the kernel keyring name the entry.
    """

    def __init__(self, service: str, username: str) -> None:
        self.service = service
        self.username = username
        self.name = f"{service}\t{username}"


def session_entry(path: str, profile: str, options: str = NO_OPTIONS) -> Entry:
    """Return the entry of the session of `profile` in the profiles file whose real path is `path`.

    `options` is a text of the options that change the request to STS.
    """
    return hashed_entry(SESSION_SERVICE, profile, path, profile, options)


def profile_entry(service: str, path: str, profile: str) -> Entry:
    """Return the entry of `service` for `profile` in the profiles file at `path`."""
    return hashed_entry(service, profile, os.path.realpath(path), profile)


def hashed_entry(service: str, username: str, *parts: str) -> Entry:
    """Return an entry whose service is `service` with a digest of `parts`."""
    return Entry(service + sha256("\0".join(parts))[:24], username)
