"""The credential source for an OAuth sign-in, whose tokens are exchanged for the user's own session.

A refresh token works once. So all processes share one refresh, and the new token is stored before anything else.
"""

import contextlib
import time

from role_env import validators
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.deadline import TimedOut, within
from role_env.errors import KeyringError, SignInEndedError, UnreachableError
from role_env.files.dependencies import Dependencies
from role_env.issuers.hosts import ENDPOINTS, Site, find_site
from role_env.keyrings import sign_ins
from role_env.keyrings.sign_ins import SignIn
from role_env.sources.section import Section
from role_env.sources.signed_in import SignedInSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# How long the keyring may take to store the new tokens (seconds).
_STORE_SECONDS = 120.0
# How long an interrupted refresh may continue: unless its response is stored, the sign-in is lost (seconds).
_GRACE_SECONDS = 3.0


class OAuth(SignedInSource):
    """A credential source that uses the OAuth sign-in of a profile, made by `role-env login`."""

    kind = "oauth"
    keys = {
        "oauth_site_type": validators.site_kind,
        "oauth_client_id": validators.pattern(r"[\w.-]{1,64}", "the ID of an OAuth application"),
    }
    waits_for = "the OAuth sign-in"
    choice = "OAuth, after a sign-in with your browser"
    questions = (("oauth_site_type", "Site, CN or INTL"),)

    def __init__(self, profile: str, where: str, path: str, site: Site) -> None:
        sign_in = sign_ins.of_profile(path, profile)
        super().__init__(profile, where, sign_in, site.tokens, site.tokens, site.client_id)
        self.site = site

    @classmethod
    def parse(cls, section: Section, values: "Mapping[str, Any]", dependencies: Dependencies) -> SignedInSource:
        """Return the source for the user's own session at the site that the section names."""
        chooser = cls.chooser()
        if chooser not in values:
            raise section.error("oauth_client_id", f"requires {chooser}", hint=f"add {chooser} = CN or INTL")
        site = find_site(values[chooser], values.get("oauth_client_id", ""), dependencies.variable(ENDPOINTS))
        return cls(section.name, section.where_is(chooser), section.profiles_file, site)

    def require_sign_in(self, context: Context) -> SignIn:
        """Return the sign-in of the profile's client. Raises ProfileError, KeyringError."""
        sign_in = super().require_sign_in(context)
        if sign_in.client_id != self.site.client_id:
            raise SignInEndedError(f"its sign-in belongs to the client {sign_in.client_id}", hint=self.hint)
        return sign_in

    def _fetch(self, context: Context) -> Credentials:
        from role_env.issuers.issuer import SHORTEST_TOKEN_SECONDS, TokenEnded  # TLS; `list` needs none
        from role_env.issuers.oauth import exchange

        sign_in = self.require_sign_in(context)
        self.person = sign_in.identity
        if sign_in.access_expiration - time.time() > SHORTEST_TOKEN_SECONDS:
            with contextlib.suppress(TokenEnded):  # the server may have revoked it
                return exchange(sign_in.host, sign_in.access_token, context)
        try:
            sign_in = self._refresh_once(sign_in, context)
            self.person = sign_in.identity
            return exchange(sign_in.host, sign_in.access_token, context)
        except TokenEnded as error:
            raise SignInEndedError(f"its sign-in has ended: {error.message}", hint=self.hint) from None

    def _refresh_once(self, stale: SignIn, context: Context) -> SignIn:
        with self.sign_in.hold_lock(context, "refreshes") as is_busy:
            sign_in = self.require_sign_in(context)
            if sign_in.access_token != stale.access_token:
                context.messages.decided(f"{self.profile}: another process has just refreshed the sign-in")
                return sign_in
            if is_busy:
                raise UnreachableError("another process is still refreshing the sign-in", hint="try again")
            if not sign_in.refresh_token:
                raise SignInEndedError("its sign-in has expired", hint=self.hint)
            context.messages.decided(f"{self.profile}: the access token is refreshed at {self.site.tokens}")
            seconds = context.deadline.remaining() + _STORE_SECONDS
            try:
                return within(seconds, lambda: self._refresh_and_store(sign_in, context), grace=_GRACE_SECONDS)
            except TimedOut:
                raise UnreachableError("the sign-in was not refreshed in time", hint="try again") from None

    def _refresh_and_store(self, sign_in: SignIn, context: Context) -> SignIn:
        from role_env.issuers.oauth import refresh

        self.sign_in.check_storable(context)  # a refresh that cannot be stored would end the sign-in
        renewed = refresh(self.site, sign_in, context)
        try:
            stored = self.sign_in.load(context)
            if stored is None or stored.id != sign_in.id:  # login and logout wait for the lock only for a limited time
                raise UnreachableError("the sign-in was replaced or removed while it was refreshed", hint="try again")
            self.sign_in.store(renewed, context)
        except KeyringError as error:
            message = f"profile {self.profile}: its refreshed sign-in could not be stored: {error.message}"
            hint = f"when the keyring can be used again: `role-env login {self.profile}`"
            raise KeyringError(message, hint=hint) from None
        return renewed
