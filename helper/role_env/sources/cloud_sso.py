"""CloudSSO: a session of an access configuration, obtained with the token of one sign-in per portal."""

import time

from role_env import timestamps
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.keyrings import sign_ins
from role_env.sources.sign_in_hosts import host_of
from role_env.sources.signed_in import SignedInSource


class CloudSso(SignedInSource):
    """A session of an access configuration of CloudSSO, after `role-env login`."""

    kind = "cloud_sso"
    waits_for = "CloudSSO"
    in_kernel = True

    def __init__(self, profile: str, where: str, url: str, account_id: str, access_config: str) -> None:
        super().__init__(profile, where, sign_ins.portal_entry(url), host_of(url))
        self.url = url
        self.account_id = account_id
        self.access_config = access_config

    def identity(self, context: Context) -> list[str]:
        """Return the portal, what is asked for there, and the ID of the sign-in."""
        return [self.url, self.account_id, self.access_config, self.sign_in_id(context)]

    def _fetch(self, context: Context) -> AccessKey:
        from role_env.sources.issuer import TokenEnded  # TLS, which `list` and `explain` do not need
        from role_env.sources.portal import Portal

        found = self.require_sign_in(context)
        if found.expiration <= time.time():
            ended = timestamps.format_utc(int(found.expiration))
            raise ProfileError(f"the sign-in at {self.issuer_host} expired at {ended}", hint=self.hint)
        portal = Portal(self.url, context)
        try:
            return portal.issue_session(found.access_token, self.account_id, self.access_config)
        except TokenEnded as error:
            raise ProfileError(f"the sign-in has ended: {error.message}", hint=self.hint) from None
