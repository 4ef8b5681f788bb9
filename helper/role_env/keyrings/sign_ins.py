"""Store sign-ins in the OS keyring: CloudSSO's, one for each sign-in URL, and OAuth's, one for each profile.

Tokens never go to a file. A CloudSSO access token may go to the kernel keyring, which deletes it when it expires; a
refresh token never does. Each sign-in changes the mark of the access keys, so no session of an earlier one is used.
"""

import contextlib
import os
import time
from collections.abc import Mapping

from role_env.context import Context
from role_env.credentials import format_utc
from role_env.errors import KeyringError
from role_env.files import locks
from role_env.keyrings import Entry, hashed_entry, vault
from role_env.keyrings.order import MODE, OrderedKeyrings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any

SERVICE = "role-env sign-in "
_HEAD = "role-env sign-in 1"
_TEXTS = ("id", "host", "client_id", "access_token", "refresh_token", "identity")
_NUMBERS = ("issued", "access_expiration", "expiration")


class SignIn:
    """The tokens of one sign-in, and the `host` (host or host:port) that issued them. Its repr shows no token.

    `id` stays the same when the tokens are refreshed. Times are in epoch seconds: `issued` is that of these tokens,
    `access_expiration` the access token's, `expiration` the whole sign-in's. CloudSSO has no `refresh_token`.
    `identity` is the ARN of the person who signed in, empty if it is not known.
    """

    def __init__(
        self,
        host: str,
        access_token: str,
        *,
        access_expiration: float,
        expiration: float,
        client_id: str = "",
        refresh_token: str = "",
        identity: str = "",
        issued: float | None = None,
        id: str = "",
    ) -> None:
        self.id = id or os.urandom(8).hex()
        self.host = host
        self.client_id = client_id
        self.access_token = access_token
        self.refresh_token = refresh_token
        self.identity = ascii_identity(identity)
        self.issued = time.time() if issued is None else issued
        self.access_expiration = access_expiration
        self.expiration = expiration

    def __repr__(self) -> str:
        return f"SignIn({self.id!r}, {self.host!r})"

    def text(self) -> str:
        """Return the text that stores the sign-in."""
        lines = [_HEAD, *(f"{name} {getattr(self, name)}" for name in _TEXTS)]
        return "\n".join([*lines, *(f"{name} {getattr(self, name):.3f}" for name in _NUMBERS)])


def ascii_identity(arn: str) -> str:
    """Return `arn` in ASCII, as a stored sign-in contains it."""
    return arn.encode("ascii", "backslashreplace").decode("ascii")


def of_portal(url: str) -> "StoredSignIn":
    """Return the sign-in at a sign-in URL that is in its normal form. Its access token may be in the kernel keyring."""
    return StoredSignIn(hashed_entry(SERVICE, url, "cloud_sso", url), in_kernel=True)


def of_profile(path: str, profile: str) -> "StoredSignIn":
    """Return the OAuth sign-in of a profile in the profiles file at `path`."""
    return StoredSignIn(hashed_entry(SERVICE, profile, "oauth", os.path.realpath(path), profile))


class StoredSignIn:
    """The place of a sign-in in the keyring, as `entry`; with `in_kernel` also in the kernel keyring."""

    def __init__(self, entry: Entry, *, in_kernel: bool = False) -> None:
        self.entry = entry
        self._in_kernel = in_kernel
        # The ID that has been read, so that it stays the same during a command.
        self._id: str | None = None

    def load(self, context: Context, *, known: Mapping[str, str | None] | None = None) -> SignIn | None:
        """Return the sign-in, even an expired one, or None. Of both keyrings, the newer one counts.

        `known` has the texts of entries that have already been read, by name. Raises KeyringError if no sign-in is
        found and the keyring could not be used.
        """
        keyrings = self._keyrings(context)
        found = list(filter(None, map(_parse, keyrings.texts(self.entry, known or {}))))
        if not found and keyrings.system:
            vault.check_usable(keyrings.system)
        return max(found, key=lambda sign_in: sign_in.issued, default=None)

    def id(self, context: Context) -> str:
        """Return the ID of the sign-in, empty if there is none. Raises KeyringError."""
        if self._id is None:
            found = self.load(context)
            self._id = found.id if found else ""
        return self._id

    def expiration(self, context: Context, known: Mapping[str, str | None] | None = None) -> int | None:
        """Return the end of the sign-in (epoch seconds, perhaps past) or None, unasked. `known` is as for `load`.

        Raises KeyringError if that cannot be known.
        """
        found = self.load(context.without_prompts(), known=known)
        self._id = found.id if found else ""
        return int(found.expiration) if found else None

    def state(self, context: Context) -> tuple[str, float, str]:
        """Return what is known of the sign-in, its seconds left, and how to get at it if it cannot be read.

        The seconds are 0 if it cannot be used. Nobody is asked.
        """
        try:
            found = self.load(context.without_prompts())
        except KeyringError as error:
            return f"the sign-in cannot be read: {error.message}", 0, error.hint
        if found is None:
            return "not signed in", 0, ""
        left = found.expiration - time.time()
        if left <= 0:
            return "the sign-in has expired", 0, ""
        return f"signed in until {format_utc(int(found.expiration))}", left, ""

    def store(self, sign_in: SignIn, context: Context) -> None:
        """Store a sign-in and read it back. The kernel keyring gets it only if the OS keyring cannot be used.

        Raises KeyringError; an earlier sign-in may then still be stored.
        """
        keyrings = self._keyrings(context)
        seconds = max(1, int(sign_in.expiration - time.time()))
        is_stored = keyrings.write(self.entry, sign_in.text(), seconds=seconds)
        if keyrings.system and not (is_stored and keyrings.system.fault):
            stored = keyrings.system.read(self.entry)
            vault.check_usable(keyrings.system)
            vault.check_stored(stored, sign_in.text())
        elif keyrings.kernel and not is_stored:
            what = f"the sign-in cannot be stored: {keyrings.kernel.reason}"
            raise KeyringError(what, hint="see `role-env help headless`")

    def delete(self, context: Context) -> None:
        """Delete the sign-in wherever it is stored. Raises KeyringError if the keyring could not be used."""
        keyrings = OrderedKeyrings(context, "" if self._in_kernel else "keyring")
        keyrings.delete(self.entry)
        if keyrings.system and not (self._in_kernel and keyrings.system.is_absent):
            vault.check_usable(keyrings.system)

    def check_storable(self, context: Context) -> None:
        """Check that a sign-in can be stored, by storing and deleting an entry beside it.

        The caller must hold the lock. After a kill, the next call deletes the entry beside it. Raises KeyringError.
        """
        probe = SignIn("probe", os.urandom(8).hex(), access_expiration=0, expiration=time.time() + 60)
        beside = StoredSignIn(Entry(f"{self.entry.service} probe", self.entry.username), in_kernel=self._in_kernel)
        try:
            beside.store(probe, context)
        finally:
            with contextlib.suppress(KeyringError):
                beside.delete(context)

    def hold_lock(self, context: Context, does: str) -> "AbstractContextManager[bool]":
        """Return a context that holds the lock of the tokens; its value is whether another role-env holds it.

        `does` is the verb for a message about the wait. Without the lock, a refresh token could be used twice, or its
        successor could overwrite a newer one. Raises ProfileError if there is no folder for the lock.
        """
        waiting = context.messages.waiting_for(f"another role-env, which {does} the same sign-in")
        seconds = context.deadline.remaining() / 2
        return locks.hold_in_state(self.entry.name, context.environ, seconds=seconds, waiting=waiting)

    def has_kernel(self, context: Context) -> bool:
        """Return whether a sign-in may be stored in the kernel keyring."""
        return self._keyrings(context).kernel is not None

    def _keyrings(self, context: Context) -> OrderedKeyrings:
        """Return the keyrings that may have the sign-in. ROLE_ENV_CACHE=none is about sessions only."""
        mode = context.environ.get(MODE)
        mode = mode if mode in ("keyring", "kernel") else "auto"
        return OrderedKeyrings(context, mode if self._in_kernel else "keyring")


def _parse(text: str | None) -> SignIn | None:
    """Return the sign-in in `text`; None if it is empty, of another format or with other fields."""
    head, *lines = (text or "").split("\n")
    values: dict[str, Any] = dict(line.partition(" ")[::2] for line in lines)
    if head != _HEAD or list(values) != [*_TEXTS, *_NUMBERS]:
        return None
    return SignIn(**values | {name: float(values[name]) for name in _NUMBERS})
