"""The chain of a session: the profiles from the credential source to the requested one.

A chain makes no request, and only its digest reads the access key. If its source is a profile of the `aliyun` CLI, that
profile's source replaces it, and its roles come before ours. The last of them is our own last role if our profile has
none.
"""

import os
from collections.abc import Iterator, Mapping

from role_env.aliyun.location import config_path
from role_env.context import Context
from role_env.credentials import RoleArn
from role_env.dataclass import dataclass, replace
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies
from role_env.fingerprint import sha256
from role_env.profiles.file import ProfilesFile, check_length
from role_env.profiles.profile import Profile
from role_env.sources.base import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from role_env.aliyun.entries import ShellSettings


@dataclass(frozen=True)
class Chain:
    """The `source` of a chain and its `profiles`, from the first to the requested one, its `target`.

    `policy_name` is the session's value of ROLE_ENV_POLICY, empty for a full session. `why_read_only` says what makes
    the session read-only; `agents_policy` is `read-only` if the profile's key `agents` does, else empty.
    """

    source: Source
    profiles: tuple[Profile, ...]
    dependencies: Dependencies
    policy_name: str = ""
    why_read_only: str = ""
    agents_policy: str = ""

    @property
    def target(self) -> Profile:
        """The requested profile."""
        return self.profiles[-1]

    @property
    def role_arn(self) -> RoleArn:
        """The session's role; empty for a session that is passed through."""
        return self.target.role_arn

    @property
    def session_name(self) -> str:
        """The session's name; empty for a session that is passed through."""
        return self.target.role_session_name

    def with_target(self, **changes: "Any") -> "Chain":
        """Return the chain with other values of some fields of its target."""
        return replace(self, profiles=(*self.profiles[:-1], replace(self.target, **changes)))

    @property
    def gives_session(self) -> bool:
        """Whether the chain gives temporary credentials rather than a long-lived key."""
        return bool(self.role_arn) or self.source.gives_session

    @property
    def is_cacheable(self) -> bool:
        """Whether the session may be cached."""
        return bool(self.role_arn) or self.source.is_cacheable

    @property
    def why_not_cached(self) -> str:
        """Why the session is requested each time. Only meaningful for one that is not cacheable."""
        return f"a session of a {self.source.kind} is requested each time"

    @property
    def policy_digest(self) -> str:
        """A digest of the session policy that is sent for the last role, from any origin; empty for none."""
        return sha256(self.target.policy) if self.target.policy else ""

    @property
    def before(self) -> "Chain | None":
        """The chain of the session that assumes the target's role; None if the source's own key does."""
        rest = self.profiles[:-1]
        assumes_role = any(profile.role_arn for profile in rest)
        # What a sign-in gives is a session too: it is cached, so that each role is not a request to the issuer.
        signs_in = bool(rest and self.source.sign_in)
        return Chain(self.source, rest, self.dependencies) if assumes_role or signs_in else None

    def digest_with_key(self, context: Context) -> str:
        """Read the source's access key, and return a digest of all that decides which key requests which role.

        A keyring with the key may ask a person to unlock it. Raises ProfileError, KeyringError.
        """
        roles = [
            [
                *(hop.role_arn, hop.session_name, hop.duration_seconds, hop.external_id, hop.policy),
                *(hop.source_identity, hop.endpoint),
            ]
            for hop in (profile.hop for profile in self.profiles if profile.role_arn)
        ]
        source = [self.source.kind, *self.source.identity(context)]
        if not self.target.role_arn:  # the account of a source is known only after a request
            source.append(self.target.expected_account_id)
        return sha256(repr([source, roles]))  # `json` would cost 1.5 ms

    def read_shell_settings(self) -> "ShellSettings | None":
        """Read the `aliyun` CLI's settings for the session's shell; return None without a file of the CLI."""
        path = _cli_file(self.dependencies)
        if not path or not os.path.exists(path):
            return None
        from role_env.aliyun import entries  # only if the file exists

        return entries.shell_settings(path)

    def for_source(self, context: Context) -> Context:
        """Return the context for the source, with the chain's profiles in ROLE_ENV_CHAIN for a credential process."""
        marks = [context.environ.get("ROLE_ENV_CHAIN", ""), *map(_mark, self.profiles)]
        return context.with_environ({**context.environ, "ROLE_ENV_CHAIN": " ".join(marks).strip()})


def resolve(file: ProfilesFile, name: str) -> Chain:
    """Return the chain of the profile `name`, with the file's dependencies. Raises ProfileError."""
    profiles, dependencies = file.chain(name), file.dependencies
    source = profiles[0].source
    if source is None:
        raise AssertionError("a chain has a source")
    if source.is_cli_profile:
        source, profiles = _with_cli_chain(source, profiles, file)
    check_length(profiles)
    source.watch(dependencies)
    if path := _cli_file(dependencies):  # the shell of the session gets settings from it
        dependencies.watch(path)
    return Chain(source, tuple(profiles), dependencies)


def _with_cli_chain(source: Source, profiles: list[Profile], file: ProfilesFile) -> tuple[Source, list[Profile]]:
    """Return the source and the profiles with what the `aliyun` CLI's profile, which `source` names, stands for."""
    from role_env.sessions import aliyun_hops  # only for a chain that needs it

    first, others = profiles[0], profiles[1:]
    found = aliyun_hops.resolve(source, file.dependencies, has_role=bool(first.role_arn or others))
    before = found.roles
    if not first.role_arn:
        first = aliyun_hops.with_last_role(first, found, file)
        before = before[:-1]
    profiles = [*before, first, *others]
    profiles[-1] = replace(profiles[-1], region_id=profiles[-1].region_id or found.region_id)
    return found.source, profiles


def _cli_file(dependencies: Dependencies) -> str:
    """Return the path of the CLI's file, empty for a user without a home folder."""
    try:
        return config_path(dependencies.variable("HOME"))
    except ProfileError:
        return ""


def resolve_valid(file: ProfilesFile) -> Iterator[Chain]:
    """Yield the valid chains of the profiles, in file order."""
    for name in file.names():
        try:
            yield resolve(file, name)
        except ProfileError:
            continue


def check_gives_session(chain: Chain, file: ProfilesFile) -> None:
    """Raise ProfileError if the target, a profile of `file`, gives only a long-lived key."""
    if not chain.gives_session:
        users = file.users(chain.target.name)
        such_as = f", such as {users[0]}" if users else ", or create one with: `role-env configure`"
        raise ProfileError(
            f"profile {chain.target.name} is only a source, without role_arn ({chain.target.where})",
            hint=f"use a profile with role_arn{such_as}; role-env hands out temporary credentials only",
        )


def check_loop(chain: Chain, environ: Mapping[str, str]) -> None:
    """Raise ProfileError for a profile whose credential process started this process, directly or indirectly."""
    passed = environ.get("ROLE_ENV_CHAIN", "").split()
    for profile in chain.profiles if passed else ():
        if {profile.name, _mark(profile)} & set(passed):
            names = " -> ".join([*(item.split("#")[0] for item in passed), profile.name])
            raise ProfileError(
                f"profile {profile.name}: its credential process comes back to it, {names} ({profile.where})",
                hint="give one of them a key or another source",
            )


def _mark(profile: Profile) -> str:
    """Return the name of a profile with its file's digest, since two files may share a name."""
    return f"{profile.name}#{sha256(os.path.realpath(profile.path))[:8]}"
