"""The name of an entry in a keyring."""

SESSION_SERVICE = "role-env session "
"""How the service of each cached session's entry begins."""
PROOF_SERVICE = f"{SESSION_SERVICE}proof "
"""How the service of the proof beside it begins, which contains no secret."""


class Entry:
    """The name of an entry in a keyring, which a keyring browser shows.

    `name` is both parts in one text, as the index and the kernel's keyring name it.
    """

    __slots__ = ("name", "service", "username")

    def __init__(self, service: str, username: str) -> None:
        self.service = service
        self.username = username
        self.name = f"{service}\t{username}"
