"""OAuth: the user's own session, obtained with the tokens of a sign-in in the browser.

All processes share one refresh, whose new token is stored before anything else.
"""

import contextlib
import time
from pathlib import Path

from role_env.context import Context
from role_env.credentials import Credentials
from role_env.deadline import TimedOut, within
from role_env.errors import KeyringError, ProfileError, UnreachableError
from role_env.keyrings import sign_ins
from role_env.keyrings.sign_ins import SignIn
from role_env.sources.sign_in_hosts import Site
from role_env.sources.signed_in import SignedInSource

# How long a refresh that has begun may take to end when it is interrupted, and a keyring to store it (seconds).
_GRACE_SECONDS, _STORE_SECONDS = 3.0, 120.0


class OAuth(SignedInSource):
    """The user's own session by an OAuth sign-in, after `role-env login`."""

    kind = "oauth"
    waits_for = "the OAuth sign-in"

    def __init__(self, profile: str, where: str, path: Path, site: Site) -> None:
        super().__init__(profile, where, sign_ins.profile_entry(path, profile), site.tokens)
        self.site = site

    def identity(self, context: Context) -> list[str]:
        """Return the server, the client and the ID of the sign-in."""
        return [self.site.tokens, self.site.client_id, self.sign_in_id(context)]

    def require_sign_in(self, context: Context) -> SignIn:
        """Return the sign-in, which is of the profile's client. Raises ProfileError, KeyringError."""
        found = super().require_sign_in(context)
        if found.client_id != self.site.client_id:
            raise ProfileError(f"its sign-in belongs to the client {found.client_id}", hint=self.hint)
        return found

    def _fetch(self, context: Context) -> Credentials:
        from role_env.sources.issuer import SHORTEST_TOKEN_SECONDS, TokenEnded  # TLS, which `list` does not need
        from role_env.sources.oauth_client import exchange

        found = self.require_sign_in(context)
        if found.access_expiration - time.time() > SHORTEST_TOKEN_SECONDS:
            with contextlib.suppress(TokenEnded):  # it can be revoked, or expire, before its time
                return exchange(found.host, found.access_token, context)
        try:
            renewed = self._refreshed(found, context)
            return exchange(renewed.host, renewed.access_token, context)
        except TokenEnded as error:
            raise ProfileError(f"its sign-in has ended: {error.message}", hint=self.hint) from None

    def _refreshed(self, stale: SignIn, context: Context) -> SignIn:
        """Return the sign-in with another access token than that of `stale`: from this process, or from another one."""
        with self.held(context, "refreshes") as busy:
            found = self.require_sign_in(context)
            if found.access_token != stale.access_token:
                context.messages.decided(f"{self.profile}: another process has just refreshed the sign-in")
                return found
            if busy:
                raise UnreachableError("another process is still refreshing the sign-in", hint="try again")
            if not found.refresh_token:
                raise ProfileError("its sign-in has expired", hint=self.hint)
            context.messages.decided(f"{self.profile}: the access token is refreshed at {self.site.tokens}")
            try:  # an interruption between the answer and its storing would lose the new refresh token
                most = context.deadline.remaining() + _STORE_SECONDS
                return within(most, lambda: self._refresh_and_store(found, context), grace=_GRACE_SECONDS)
            except TimedOut:
                raise UnreachableError("the sign-in was not refreshed in time", hint="try again") from None

    def _refresh_and_store(self, found: SignIn, context: Context) -> SignIn:
        from role_env.sources.oauth_client import refresh

        sign_ins.check_storable(self.sign_in_entry, context)  # before the server takes the old token for the last time
        renewed = refresh(self.site, found, context)
        try:
            stored = sign_ins.load(self.sign_in_entry, context)
            if stored is None or stored.id != found.id:  # without the lock, if this process was stopped for long
                raise UnreachableError("the sign-in was replaced or removed while it was refreshed", hint="try again")
            sign_ins.store(self.sign_in_entry, renewed, context)
        except KeyringError as error:
            what = f"profile {self.profile}: its refreshed sign-in could not be stored: {error.message}"
            again = f"when the keyring can be used again: role-env login {self.profile}"
            raise KeyringError(what, hint=again) from None
        return renewed
