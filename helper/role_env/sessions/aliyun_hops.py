"""Profiles of the `aliyun` CLI as the beginning of a chain: what one holds becomes a source, and roles to assume."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from role_env.aliyun.config import CliProfile, ConfigFile
from role_env.aliyun.location import config_path
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.fingerprint import Origin
from role_env.profiles import file as profiles
from role_env.profiles.file import Profile
from role_env.sources import base as sources
from role_env.sources.base import AliyunCliProfile, Source

_LONGEST_SESSION = 43200
_ROLES = ("RamRoleArn", "RamRoleArnWithRoleName", "ChainableRamRoleArn", "OIDC")


@dataclass(frozen=True)
class SignedIn(Source):
    """The session that the CLI keeps for somebody who signed in (CloudSSO, OAuth): who that is stands, while the token
    changes.
    """

    cli_profile: CliProfile
    kind: ClassVar[str] = "aliyun_cli"
    renewable: ClassVar[bool] = False

    def identity(self, context: Context) -> list[str]:
        """Who signed in, and where."""
        return [self.cli_profile.mode, *self.cli_profile.signed_in_as]

    def lent(self, context: Context) -> list[str]:
        """The session in the file: who signed in anew may be another, and of OAuth nothing else tells that."""
        return [sources.digest(self.cli_profile.key)] if self.cli_profile.key else []

    def _key(self, context: Context) -> AccessKey:
        return self.cli_profile.live_key(time.time())


def resolve(wanted: AliyunCliProfile, origin: Origin) -> tuple[Source, list[Profile]]:
    """Where the chain of the CLI's profile begins, and the roles that it assumes, in the order in which they are.

    Raises ProfileError when the file or the profile is absent or wrong.
    """
    try:
        return _resolved(wanted, origin)
    except ProfileError as error:
        raise ProfileError(f"profile {wanted.profile}: {error.message} ({wanted.where})", hint=error.hint) from None


def _resolved(wanted: AliyunCliProfile, origin: Origin) -> tuple[Source, list[Profile]]:
    file = _config_file(origin)
    found = [file.profile(wanted.aliyun_profile)]
    while found[0].mode == "ChainableRamRoleArn":
        names = [profile.name for profile in reversed(found)]
        name = found[0].source_profile
        if name in names:
            loop = " -> ".join([*names[names.index(name) :], name])
            raise ProfileError(
                f"{file.path}: source profiles go round in a loop, {loop}",
                hint="one of them needs a key or another source",
            )
        found.insert(0, file.profile(name))
    hops = [_hop(profile, file.path, origin) for profile in found if profile.mode in _ROLES]
    return _source(found[0], wanted, file.path, origin), hops


def _config_file(origin: Origin) -> ConfigFile:
    path = config_path(origin.variable("HOME"))
    try:
        content, _ = origin.read(path)
    except OSError as error:
        raise ProfileError(
            f"the aliyun CLI's ~/.aliyun/config.json cannot be read: {error.strerror or error}",
            hint="aliyun configure makes it",
        ) from None
    return ConfigFile(path, content)


def _hop(profile: CliProfile, path: Path, origin: Origin) -> Profile:
    return Profile(
        profile.name,
        profile.where,
        path,
        role_arn=profile.role_arn,
        role_session_name=profile.session_name or profiles.default_session_name(),
        duration_seconds=profile.duration_seconds or profiles.DURATION_SECONDS,
        max_session_duration=_LONGEST_SESSION,
        external_id=profile.external_id,
        region_id=profile.region_id,
        endpoint=profiles.endpoint(origin, sts_region=profile.sts_region),
    )


def _source(profile: CliProfile, wanted: AliyunCliProfile, path: Path, origin: Origin) -> Source:
    """What stands in the place of the CLI's profile with which the chain begins."""
    name, where = wanted.profile, profile.where
    if profile.mode in ("CloudSSO", "OAuth"):
        return SignedIn(name, where, profile)
    if profile.mode in ("EcsRamRole", "RamRoleArnWithRoleName"):
        return sources.EcsRole(name, where, profile.ecs_role_name)
    if profile.mode == "OIDC":
        return sources.OidcToken(name, where, profile.oidc_provider_arn, path.parent / profile.oidc_token_file)
    if profile.mode == "External":
        return sources.Process(name, where, profile.process_command)
    if profile.mode == "CredentialsURI":
        return sources.CredentialsUri(name, where, profile.credentials_uri)
    if profile.key is None:
        raise AssertionError(f"a profile of mode {profile.mode} has a key")
    return sources.FileKey(name, where, profile.key)
