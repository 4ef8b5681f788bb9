"""The base class of the sources that need a sign-in."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from role_env.context import Context
from role_env.errors import KeyringError, ProfileError
from role_env.files import locks
from role_env.fingerprint import Fingerprint
from role_env.keyrings import access_keys, sign_ins
from role_env.keyrings.entry import Entry
from role_env.keyrings.sign_ins import SignIn
from role_env.sources.base import Source


class SignedInSource(Source):
    """A source whose tokens `role-env login` stores in the keyring as `sign_in_entry`.

    `issuer_host` (host or host:port) issues the tokens, and they are sent only there. `hint` is the hint for a sign-in
    that is missing or has ended.
    """

    # Whether the kernel keyring may store the tokens. It must not store a refresh token.
    in_kernel = False
    sign_in_entry: Entry

    def __init__(self, profile: str, where: str, sign_in_entry: Entry, issuer_host: str) -> None:
        super().__init__(profile, where)
        self.sign_in_entry = sign_in_entry
        self.issuer_host = issuer_host
        self.hint = f"run: role-env login {profile}"
        # The ID of the sign-in that has been read, so that the identity stays the same during a command.
        self._id: str | None = None

    def hold_lock(self, context: Context, does: str) -> AbstractContextManager[bool]:
        """Return a context that holds the lock of the tokens; its value is whether another role-env holds it.

        `does` is the verb for a message about the wait. Without the lock, a refresh token could be used twice, or its
        successor could overwrite a newer one. Raises ProfileError if there is no folder for the lock.
        """
        waiting = context.messages.waiting_for(f"another role-env, which {does} the same sign-in")
        seconds = context.deadline.remaining() / 2
        return locks.hold_in_state(self.sign_in_entry.name, context.environ, seconds=seconds, waiting=waiting)

    def load_sign_in(
        self, context: Context, *, prompts: bool = True, known: Mapping[str, str | None] | None = None
    ) -> SignIn | None:
        """Return the sign-in, even an expired one, or None. Raises KeyringError."""
        try:
            return sign_ins.load(self.sign_in_entry, context, in_kernel=self.in_kernel, prompts=prompts, known=known)
        except KeyringError as error:
            message = f"profile {self.profile}: its sign-in is in the keyring: {error.message} ({self.where})"
            raise KeyringError(message, hint=error.hint) from None

    def watch(self, fingerprint: Fingerprint) -> None:
        """Add the mark that every login and logout changes."""
        access_keys.watch_mark(fingerprint)

    def sign_in_id(self, context: Context) -> str:
        """Return the ID of the sign-in, empty if there is none. Raises KeyringError."""
        if self._id is None:
            found = self.load_sign_in(context)
            self._id = found.id if found else ""
        return self._id

    def sign_in_expiration(self, context: Context, known: Mapping[str, str | None] | None = None) -> int | None:
        """Return the end of the sign-in (epoch seconds); None if there is none, or if the keyring cannot be read."""
        try:
            found = self.load_sign_in(context, prompts=False, known=known)
        except KeyringError:
            return None
        return int(found.expiration) if found else None

    def require_sign_in(self, context: Context) -> SignIn:
        """Return the sign-in, whose tokens may be sent to its issuer. Raises ProfileError, KeyringError."""
        found = self.load_sign_in(context)
        if found is None:
            raise ProfileError(f"there is no sign-in at {self.issuer_host}", hint=self.hint)
        if found.host != self.issuer_host:
            what = f"its sign-in is at {found.host}, whose token is not sent to {self.issuer_host}"
            raise ProfileError(what, hint=self.hint)
        return found
