"""OAuth: the user's own session, obtained with the tokens of a sign-in in the browser."""

from pathlib import Path

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.keyrings import sign_ins
from role_env.keyrings.sign_ins import SignIn
from role_env.sources.sign_in_hosts import Site
from role_env.sources.signed_in import SignedInSource


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

    def _fetch(self, context: Context) -> AccessKey:
        from role_env.sources.oauth_session import fetch  # TLS, which `list` and `explain` do not need

        return fetch(self, context)

    def require_sign_in(self, context: Context) -> SignIn:
        """Return the sign-in, which is of the profile's client. Raises ProfileError, KeyringError."""
        found = super().require_sign_in(context)
        if found.client_id != self.site.client_id:
            raise ProfileError(f"its sign-in belongs to the client {found.client_id}", hint=self.hint)
        return found
