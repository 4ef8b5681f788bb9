"""The base class of the sources that need a sign-in."""

from collections.abc import Iterator
from contextlib import contextmanager

from role_env.context import Context
from role_env.errors import KeyringError, SignInEndedError
from role_env.files.dependencies import Dependencies
from role_env.keyrings import access_keys
from role_env.keyrings.sign_ins import SignIn, StoredSignIn
from role_env.keyrings.vault import NoKeyring
from role_env.sources.base import Source


class SignedInSource(Source):
    """A source whose tokens `role-env login` stores in the keyring, as `sign_in`.

    `issuer_host` (host or host:port) issues the tokens, and they are sent only there. `hint` is the hint for a sign-in
    that is missing or has ended.
    """

    sign_in: StoredSignIn

    def __init__(self, profile: str, where: str, sign_in: StoredSignIn, issuer_host: str, *values: str) -> None:
        super().__init__(profile, where, *values)
        self.sign_in = sign_in
        self.issuer_host = issuer_host
        self.hint = f"run: `role-env login {profile}`"

    def watch(self, dependencies: Dependencies) -> None:
        """Add the mark that every login and logout changes."""
        access_keys.watch_mark(dependencies)

    def identity(self, context: Context) -> list[str]:
        """Return the values, and the ID of the sign-in, empty if there is none."""
        with self._locate_keyring_errors(context):
            return [*self.values, self.sign_in.id(context)]

    def load_sign_in(self, context: Context) -> SignIn | None:
        """Return the sign-in, even an expired one, or None. Raises KeyringError."""
        with self._locate_keyring_errors(context):
            return self.sign_in.load(context)

    def require_sign_in(self, context: Context) -> SignIn:
        """Return the sign-in, whose tokens may be sent to its issuer. Raises ProfileError, KeyringError."""
        found = self.load_sign_in(context)
        if found is None:
            raise SignInEndedError(f"there is no sign-in at {self.issuer_host}", hint=self.hint)
        if found.host != self.issuer_host:
            what = f"its sign-in is at {found.host}, whose token is not sent to {self.issuer_host}"
            raise SignInEndedError(what, hint=self.hint)
        return found

    @contextmanager
    def _locate_keyring_errors(self, context: Context) -> Iterator[None]:
        """Add the profile and its location to errors of the keyring."""
        try:
            yield
        except KeyringError as error:
            message = f"profile {self.profile}: its sign-in cannot be read: {error.message} ({self.where})"
            hint = error.hint
            if isinstance(error, NoKeyring) and self.sign_in.has_kernel(context):
                hint = f"{self.hint}, for a sign-in in the kernel keyring; or see `role-env help headless`"
            raise KeyringError(message, hint=hint) from None
