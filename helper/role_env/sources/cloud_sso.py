"""The credential source for CloudSSO: a session of an access configuration, by one sign-in per portal."""

import time

from role_env import validators
from role_env.context import Context
from role_env.credentials import AccessKey, format_utc
from role_env.errors import SignInEndedError
from role_env.files.dependencies import Dependencies
from role_env.issuers.hosts import ALLOWED_HOST, check_url, host_of
from role_env.keyrings import sign_ins
from role_env.sources.section import Section
from role_env.sources.signed_in import SignedInSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class CloudSso(SignedInSource):
    """A credential source that gives a session of a CloudSSO access configuration, after `role-env login`."""

    kind = "cloud_sso"
    keys = {
        "cloud_sso_sign_in_url": str,
        "cloud_sso_account_id": validators.account_id,
        "cloud_sso_access_config": validators.access_configuration,
    }
    waits_for = "CloudSSO"
    choice = "CloudSSO, after a sign-in (`role-env configure --cloud-sso URL` offers every account)"
    questions = (
        ("cloud_sso_sign_in_url", "Sign-in URL of the portal"),
        ("cloud_sso_account_id", "ID of the account"),
        ("cloud_sso_access_config", "Access configuration, its name or ID"),
    )

    def __init__(self, profile: str, where: str, url: str, account_id: str, access_config: str) -> None:
        super().__init__(profile, where, sign_ins.of_portal(url), host_of(url), url, account_id, access_config)
        self.url = url
        self.account_id = account_id
        self.access_config = access_config

    @classmethod
    def parse(cls, section: Section, values: "Mapping[str, Any]", dependencies: Dependencies) -> SignedInSource:
        """Return the source; without a role, a session of another account than its own is refused."""
        for key in cls.keys:
            if key not in values:
                raise section.missing(key, hint="add it, or run: `role-env configure --cloud-sso URL`")
        chooser, account = cls.chooser(), values["cloud_sso_account_id"]
        try:
            url = check_url(values[chooser], dependencies.variable(ALLOWED_HOST))
        except ValueError as error:
            raise section.error(chooser, str(error)) from None
        source = cls(section.name, section.where_is(chooser), url, account, values["cloud_sso_access_config"])
        if "role_arn" not in values:
            source.profile_fields = {"expected_account_id": values.get("expected_account_id", account)}
        return source

    def _fetch(self, context: Context) -> AccessKey:
        from role_env.issuers.issuer import TokenEnded  # imports TLS, which `list` and `explain` do not need
        from role_env.issuers.portal import Portal

        found = self.require_sign_in(context)
        if found.expiration <= time.time():
            ended = format_utc(int(found.expiration))
            raise SignInEndedError(f"the sign-in at {self.issuer_host} expired at {ended}", hint=self.hint)
        portal = Portal(self.url, context)
        try:
            return portal.issue_session(found.access_token, self.account_id, self.access_config)
        except TokenEnded as error:
            raise SignInEndedError(f"the sign-in has ended: {error.message}", hint=self.hint) from None
