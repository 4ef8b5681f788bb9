"""Profiles of the `aliyun` CLI as credential sources."""

import time
from dataclasses import dataclass
from typing import ClassVar

from role_env.aliyun.config import CliProfile
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.sources.base import Source, key_digest


@dataclass(frozen=True)
class AliyunCliProfile(Source):
    """A profile of the `aliyun` CLI, by name or its current one, until `sessions.aliyun_hops` reads it."""

    aliyun_profile: str | None = ""
    kind: ClassVar[str] = "aliyun_cli"


@dataclass(frozen=True)
class SignedIn(Source):
    """A credential source that is the session of a sign-in with the CLI (CloudSSO, OAuth)."""

    cli_profile: CliProfile
    kind: ClassVar[str] = "aliyun_cli"
    is_renewable: ClassVar[bool] = False

    def identity(self, context: Context) -> list[str]:
        """Return where and as whom a person signed in."""
        return [self.cli_profile.mode, *self.cli_profile.signed_in_as]

    def passthrough_identity(self, context: Context) -> list[str]:
        """Return the digest of the session in the file: another person may have signed in since."""
        return [key_digest(self.cli_profile.key)] if self.cli_profile.key else []

    def _fetch(self, context: Context) -> AccessKey:
        return self.cli_profile.live_key(time.time())
