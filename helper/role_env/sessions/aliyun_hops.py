"""Profiles of the `aliyun` CLI as the beginning of a chain: what one holds becomes a source, and roles to assume."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from role_env.aliyun import process_command
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


class CliChain(NamedTuple):
    """The chain of a CLI profile: its source, the roles that it assumes, in order, and the profile's region."""

    source: Source
    hops: list[Profile]
    region_id: str


def resolve(wanted: AliyunCliProfile, origin: Origin) -> CliChain:
    """Return the chain of the CLI's profile. Raises ProfileError if the file or the profile is missing or invalid."""
    try:
        return _resolved(wanted, origin)
    except ProfileError as error:
        raise ProfileError(f"profile {wanted.profile}: {error.message} ({wanted.where})", hint=error.hint) from None


def _resolved(wanted: AliyunCliProfile, origin: Origin) -> CliChain:
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
    return CliChain(_source(found[0], wanted, file.path, origin), hops, found[-1].region_id)


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
        policy=profile.policy,
        region_id=profile.region_id,
        endpoint=_endpoint(profile, origin),
    )


def _endpoint(profile: CliProfile, origin: Origin) -> str:
    """Return the STS endpoint as the SDKs choose it: `enable_vpc` counts only with a region."""
    endpoint = profiles.endpoint(origin, sts_endpoint=profile.sts_endpoint, sts_region=profile.sts_region)
    is_regional = bool(profile.sts_region) and endpoint == f"sts.{profile.sts_region}.aliyuncs.com"
    return f"sts-vpc.{profile.sts_region}.aliyuncs.com" if profile.enable_vpc and is_regional else endpoint


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
        if process_command.runs_process(profile.process_command):
            raise ProfileError(
                f"{where}: its command is role-env's own process, which cannot be a source",
                hint="name a profile with credentials of its own, or use source_profile",
            )
        return sources.Process(name, where, profile.process_command)
    if profile.mode == "CredentialsURI":
        return sources.CredentialsUri(name, where, profile.credentials_uri)
    if profile.key is None:
        raise AssertionError(f"a profile of mode {profile.mode} has a key")
    return sources.FileKey(name, where, profile.key)
