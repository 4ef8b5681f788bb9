"""Resolve a profile of the `aliyun` CLI at a chain's source into a credential source and roles to assume."""

from pathlib import Path

from role_env.aliyun import process_command
from role_env.aliyun.config import CliProfile, ConfigFile
from role_env.aliyun.location import config_path
from role_env.credentials import RoleArn
from role_env.dataclass import dataclass, replace
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.files.private import check_private
from role_env.profiles.endpoint import default_session_name, sts_endpoint
from role_env.profiles.file import ProfilesFile
from role_env.profiles.profile import CARRIED, DURATION_SECONDS, Profile
from role_env.sources.access_key import FileKey
from role_env.sources.aliyun_cli import AliyunCliProfile, SignedIn
from role_env.sources.base import Source

_ROLES = ("RamRoleArn", "RamRoleArnWithRoleName", "ChainableRamRoleArn", "OIDC")


@dataclass(frozen=True)
class CliChain:
    """The chain of a CLI profile: its source, its region, and the roles to assume, in order, each as a profile."""

    source: Source
    roles: list[Profile]
    region_id: str


def resolve(wanted: Source, dependencies: Dependencies, *, has_role: bool) -> CliChain:
    """Return the chain of the CLI's profile that `wanted` names. With `has_role` a role of the profiles file follows.

    Raises ProfileError if the file or a profile is missing or invalid.
    """
    if not isinstance(wanted, AliyunCliProfile):
        raise AssertionError("the source stands for a profile of the CLI")
    with wanted.locate_errors():
        file = _config_file(dependencies)
        found = _chain(file, wanted.values[0])
        roles = [_profile(profile, wanted, file.path, dependencies) for profile in found if profile.mode in _ROLES]
        source = _source(found[0], wanted, file.path, is_passed_through=not (roles or has_role))
        return CliChain(source, roles, found[-1].region_id)


def with_last_role(profile: Profile, cli: CliChain, file: ProfilesFile) -> Profile:
    """Return `profile` of `file`, which has no role, with the last role of the chain `cli` as its own.

    Its keys come before those of the CLI's profile. Raises ProfileError for a key that no request can carry, and for a
    second policy, since two cannot be combined.
    """
    if not cli.roles:
        return file.without_keys(profile, CARRIED)
    if len(cli.roles) == 1:
        profile = file.without_keys(profile, cli.source.not_carried)
    role = cli.roles[-1]
    if profile.policy and role.policy:
        raise file.error(
            profile.name, "policy", f"and the policy of {role.where} both narrow its role", hint="keep one"
        )
    return replace(
        profile,
        where=f"{profile.where}; {role.where}",
        role_arn=role.role_arn,
        role_session_name=profile.role_session_name or role.role_session_name,
        has_default_session_name=role.has_default_session_name and not profile.role_session_name,
        duration_seconds=profile.duration_seconds or role.duration_seconds,
        max_session_duration=max(profile.max_session_duration, role.duration_seconds),
        external_id=profile.external_id or role.external_id,
        policy=profile.policy or role.policy,
        endpoint=role.endpoint,
    )


def _config_file(dependencies: Dependencies) -> ConfigFile:
    path = config_path(dependencies.variable("HOME"))
    try:
        content, status = dependencies.read(path)
    except OSError as error:
        raise ProfileError(
            f"the aliyun CLI's ~/.aliyun/config.json cannot be read: {error.strerror or error}",
            hint="create it with: aliyun configure",
        ) from None
    file = ConfigFile(path, content)
    check_private(f"the aliyun CLI's file {path}", path, status, has_secret=file.has_secret)
    return file


def _chain(file: ConfigFile, name: str) -> list[CliProfile]:
    found = [file.profile(name)]
    while found[0].mode == "ChainableRamRoleArn":
        passed = [profile.name for profile in reversed(found)]
        name = found[0].source_profile
        if name in passed:
            loop = " -> ".join([*passed[passed.index(name) :], name])
            raise ProfileError(
                f"{file.path}: source profiles form a loop, {loop}",
                hint="give one of them an access key or another source",
            )
        found.insert(0, file.profile(name))
    return found


def _profile(profile: CliProfile, wanted: AliyunCliProfile, path: str, dependencies: Dependencies) -> Profile:
    return Profile(
        profile.name,
        profile.where,
        path,
        role_arn=RoleArn(profile.role_arn),
        role_session_name=profile.session_name or default_session_name(dependencies),
        duration_seconds=profile.duration_seconds or DURATION_SECONDS,
        external_id=profile.external_id,
        policy=profile.policy,
        region_id=profile.region_id,
        endpoint=_endpoint(profile, wanted, dependencies),
        has_default_session_name=not profile.session_name,
    )


def _endpoint(profile: CliProfile, wanted: AliyunCliProfile, dependencies: Dependencies) -> str:
    """Return the STS endpoint of the CLI's profile, else of the profile that names it.

    As for the SDKs, `enable_vpc` counts only with a region of the CLI's profile.
    """
    _, endpoint, region = wanted.values
    return sts_endpoint(
        dependencies,
        endpoint=profile.sts_endpoint or endpoint,
        region=profile.sts_region or region,
        is_within_vpc=profile.enable_vpc and bool(profile.sts_region),
    )


def _source(profile: CliProfile, wanted: Source, path: str, *, is_passed_through: bool) -> Source:
    name, where = wanted.profile, profile.where
    if profile.mode in ("CloudSSO", "OAuth"):
        return SignedIn(name, where, profile, is_passed_through=is_passed_through)
    if profile.mode in ("EcsRamRole", "RamRoleArnWithRoleName"):
        from role_env.sources.ecs_metadata import EcsRole

        return EcsRole(name, where, profile.ecs_role_name)
    if profile.mode == "OIDC":
        from role_env.sources.oidc import OidcToken

        return OidcToken(name, where, profile.oidc_provider_arn, Path(path).parent / profile.oidc_token_file)
    if profile.mode == "External":
        from role_env.sources.credential_process import Process

        if process_command.runs_process(profile.process_command):
            raise ProfileError(
                f"{where}: its command is role-env's own process, which cannot be a source",
                hint="name a profile with credentials of its own, or use source_profile",
            )
        return Process(name, where, profile.process_command)
    if profile.mode == "CredentialsURI":
        from role_env.sources.credentials_uri import CredentialsUri

        return CredentialsUri(name, where, profile.credentials_uri)
    if profile.key is None:
        raise AssertionError(f"a profile of mode {profile.mode} has a key")
    return FileKey(name, where, profile.key)
