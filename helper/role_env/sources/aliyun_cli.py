"""Profiles of the `aliyun` CLI as credential sources."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from role_env.aliyun.config import CliProfile
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.fingerprint import sha256
from role_env.issuers.hosts import ALLOWED_HOST, ENDPOINTS, check_url, find_site
from role_env.sources.base import Source, key_digest
from role_env.sources.section import Section
from role_env.validators import key_part, one_line, site_kind

# The time that the CLI's access token must have left (seconds): OAuth's cannot be exchanged later.
_LEAST_LEFT = {"CloudSSO": 0, "OAuth": 900}


class AliyunCliProfile(Source):
    """A profile of the `aliyun` CLI, named or current, which `sessions.aliyun_hops` replaces by its own source.

    Its values are the name, and the endpoint and the region of STS.
    """

    kind = "aliyun_cli"
    keys = {"aliyun_profile": one_line}
    is_cli_profile = True

    @classmethod
    def parse(cls, section: Section, values: Mapping[str, Any], dependencies: Dependencies) -> Source:
        """Return the source for the CLI's profile that the section names, whose STS endpoint serves its roles too."""
        given = (values.get(key, "") for key in ("aliyun_profile", "sts_endpoint", "sts_region"))
        return cls(section.name, section.where_is(cls.chooser()), *given)


class SignedIn(Source):
    """A credential source that uses the session of a sign-in with the CLI (CloudSSO, OAuth).

    With `is_passed_through` the chain has no role, so that its session is the source's own.
    """

    kind = "aliyun_cli"

    def __init__(self, profile: str, where: str, cli_profile: CliProfile, *, is_passed_through: bool) -> None:
        super().__init__(profile, where)
        self.cli_profile = cli_profile
        self._is_passed_through = is_passed_through

    def identity(self, context: Context) -> list[str]:
        """Return the identity of the sign-in, and its ID, since the next sign-in may be another person's.

        For a session that is passed through, add digests of the session and of the access token.
        """
        found = self.cli_profile
        values = [found.mode, *vars(found.signed_in_as).values(), found.sign_in_id]
        if self._is_passed_through and found.key:
            values.append(key_digest(found.key))
        if self._is_passed_through and found.access_token:
            values.append(sha256(found.access_token))
        return values

    def _fetch(self, context: Context) -> AccessKey:
        """Return the session in the file or, if that has expired, one for the CLI's access token.

        The CLI's refresh token is not used, since that could sign the CLI out.
        """
        cli_profile, now = self.cli_profile, time.time()
        left = cli_profile.access_token_expiration - now
        has_session = cli_profile.key and cli_profile.sts_expiration > now
        if has_session or not cli_profile.access_token or left <= _LEAST_LEFT[cli_profile.mode]:
            return cli_profile.live_key(now)
        context.messages.decided(f"{cli_profile.name}: the CLI's session has expired, and its access token has not")
        from role_env.issuers.issuer import TokenEnded  # imports TLS, which only an expired session needs

        token = self._check("its access token", key_part, cli_profile.access_token)
        issue = self._cloud_sso_session if cli_profile.mode == "CloudSSO" else self._oauth_session
        try:
            return issue(token, context)
        except TokenEnded as error:
            raise ProfileError(f"{cli_profile.where}: {error.message}", hint=cli_profile.sign_in_hint) from None

    def _cloud_sso_session(self, token: str, context: Context) -> AccessKey:
        from role_env.issuers.portal import Portal

        identity, allowed_host = self.cli_profile.signed_in_as, context.environ.get(ALLOWED_HOST, "")
        url = self._check("cloud_sso_sign_in_url", lambda text: check_url(text, allowed_host), identity.sign_in_url)
        return Portal(url, context).issue_session(token, identity.account_id, identity.access_config)

    def _oauth_session(self, token: str, context: Context) -> AccessKey:
        from role_env.issuers import oauth

        kind = self._check("oauth_site_type", site_kind, self.cli_profile.signed_in_as.site_type)
        return oauth.exchange(find_site(kind, "", context.environ.get(ENDPOINTS, "")).tokens, token, context)

    def _check(self, what: str, check: Callable[[str], str], text: str) -> str:
        cli_profile = self.cli_profile
        try:
            return check(text)
        except ValueError as error:
            message = f"{cli_profile.where}: {what} {error}"
            raise ProfileError(message, hint=cli_profile.sign_in_hint) from None
