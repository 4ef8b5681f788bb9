"""Where a chain begins: each kind of source, what identifies it, and the key that it gives.

A source is made from a profile and does nothing until it is asked. What identifies it goes into the digest of the
chain, so it is all that decides who asks, and nothing that changes while the same identity asks.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.deadline import Deadline
from role_env.environ import keys as environment
from role_env.errors import KeyringError, ProfileError, RefusedError, RoleEnvError, UnreachableError
from role_env.keyrings import access_keys

# A credential process may ask a person for something: it has longer than a call to STS.
PROCESS_SECONDS = 60.0


@dataclass(frozen=True)
class Source:
    """Where the chain of the profile `profile` begins, as `where` (file and line) says."""

    profile: str
    where: str
    kind: ClassVar[str] = ""
    # Whether it gives another key when it is asked again.
    renewable: ClassVar[bool] = True
    # Whether what it gives is a session, which a profile without a role can hand out.
    lends: ClassVar[bool] = True
    # What is waited for, as a person at a terminal is told; empty where nothing is, or who waits tells it.
    awaited: ClassVar[str] = ""

    def told_by(self, environ: Mapping[str, str]) -> str:
        """Which file and line, and variable of `environ`, says where the credentials come from."""
        return self.where

    def identity(self, context: Context) -> list[str]:
        """What decides who asks; a secret as its digest. Raises ProfileError, KeyringError."""
        raise NotImplementedError

    def lent(self, context: Context) -> list[str]:
        """What decides, beside its identity, which session a profile without a role hands out."""
        return []

    def key(self, context: Context) -> AccessKey:
        """The key with which the first request is signed; Credentials where it tells its end.

        Raises ProfileError, RefusedError, UnreachableError, KeyringError, each with the profile and its place.
        """
        try:
            with context.messages.waiting_for(self.awaited):
                return self._key(context)
        except (ProfileError, RefusedError, UnreachableError) as error:
            raise self._told(error) from None

    def _key(self, context: Context) -> AccessKey:
        raise NotImplementedError

    def _told(self, error: RoleEnvError) -> RoleEnvError:
        return type(error)(f"profile {self.profile}: {error.message} ({self.where})", hint=error.hint)


@dataclass(frozen=True)
class FileKey(Source):
    """A key that stands in the file."""

    access_key: AccessKey
    kind: ClassVar[str] = "access_key_id"
    renewable: ClassVar[bool] = False
    lends: ClassVar[bool] = False

    def identity(self, context: Context) -> list[str]:
        """The key's digest."""
        return [digest(self.access_key)]

    def _key(self, context: Context) -> AccessKey:
        return self.access_key


@dataclass(frozen=True)
class KeyringKey(Source):
    """A key that `role-env login` keeps in the keyring, for a profile of the file at `path`; of the id that the file
    names, where it names one.
    """

    path: Path
    access_key_id: str = ""
    # What has been read: some keyrings ask a person each time.
    read: dict[str, AccessKey | None] = field(default_factory=dict, compare=False, repr=False)
    kind: ClassVar[str] = "keyring"
    renewable: ClassVar[bool] = False
    lends: ClassVar[bool] = False

    def identity(self, context: Context) -> list[str]:
        """The key's digest."""
        return [digest(self.key(context))]

    def _key(self, context: Context) -> AccessKey:
        key = self._kept(context)
        login = f"role-env login {self.profile} puts a key there"
        if key is None and self.access_key_id:
            raise ProfileError("its secret is neither in the file nor in the keyring", hint=login)
        if key is None:
            raise ProfileError(
                "no key says where its credentials come from, and the keyring holds none for it",
                hint=f"add {CHOICES}; or {login}",
            )
        if self.access_key_id not in ("", key.access_key_id):
            raise ProfileError(
                f"access_key_id is {self.access_key_id}, and the keyring holds the secret of {key.access_key_id}",
                hint=login,
            )
        return key

    def _kept(self, context: Context) -> AccessKey | None:
        try:
            if "key" not in self.read:
                self.read["key"] = access_keys.load(self.path, self.profile, context)
            return self.read["key"]
        except KeyringError as error:
            if isinstance(error, access_keys.NoKeyring) and not self.access_key_id:
                return None
            what = f"profile {self.profile}: its key is kept in the keyring: {error.message} ({self.where})"
            raise KeyringError(what, hint=error.hint) from None


@dataclass(frozen=True)
class EnvironmentKey(Source):
    """The user's own key in the environment."""

    kind: ClassVar[str] = "environment"
    renewable: ClassVar[bool] = False
    lends: ClassVar[bool] = False

    def told_by(self, environ: Mapping[str, str]) -> str:
        """The line, and the variable that holds the key's id."""
        names = environment.own_names(environ)
        return f"{self.where}; {names.access_key_id}" if names else self.where

    def identity(self, context: Context) -> list[str]:
        """The key's digest."""
        return [digest(self.key(context))]

    def key(self, context: Context) -> AccessKey:
        """The key. Raises ProfileError when there is none; what is wrong with a variable concerns no profile."""
        key = environment.own_key(context.environ)
        if key is None:
            raise self._told(_nothing(context.environ))
        return key


def _nothing(environ: Mapping[str, str]) -> ProfileError:
    holds, hint = "no access key", "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
    if environ.get("ROLE_ENV_PROFILE"):
        holds = f"only the session of {environ['ROLE_ENV_PROFILE']}, which is role-env's own"
        hint = "use source_profile instead of the environment, or end the session with role-env off"
    elif environ.get("ROLE_ENV_NO_ACCOUNT"):
        holds, hint = "no account since a switch failed", "role-env off brings back what was there before"
    return ProfileError(f"credential_source = environment, but the environment holds {holds}", hint=hint)


@dataclass(frozen=True)
class EcsRole(Source):
    """The RAM role of the ECS instance that this is; `role_name` may be empty, since an instance has one."""

    role_name: str = ""
    kind: ClassVar[str] = "ecs_ram_role"
    awaited: ClassVar[str] = "this instance's metadata service"

    def identity(self, context: Context) -> list[str]:
        """The role's name."""
        return [self.role_name]

    def _key(self, context: Context) -> AccessKey:
        from role_env.sources import ecs_metadata

        return ecs_metadata.credentials(self.role_name, context)


@dataclass(frozen=True)
class OidcToken(Source):
    """A token of an identity provider: it is no key, and the first role is assumed with it alone."""

    provider_arn: str
    token_file: Path | None = None
    audience: str = ""
    # The variables that serve where a key is absent.
    variables: tuple[str, ...] = field(default=(), compare=False)
    kind: ClassVar[str] = "oidc"

    def told_by(self, environ: Mapping[str, str]) -> str:
        """The line, and the variables that say the rest."""
        return "; ".join([self.where, *self.variables])

    def identity(self, context: Context) -> list[str]:
        """The provider and where the token comes from: its content changes all the time."""
        return [self.provider_arn, str(self.token_file or "github"), self.audience]

    def token(self, context: Context) -> str:
        """The token, read or asked for anew each time. Raises ProfileError, RefusedError, UnreachableError."""
        from role_env.sources import oidc

        try:
            if self.token_file:
                return oidc.file_token(self.token_file)
            return oidc.github_token(context, audience=self.audience)
        except (ProfileError, RefusedError, UnreachableError) as error:
            raise self._told(error) from None


@dataclass(frozen=True)
class Process(Source):
    """A command that prints External-mode JSON."""

    command: str
    kind: ClassVar[str] = "credential_process"
    awaited: ClassVar[str] = "the credential process"

    def identity(self, context: Context) -> list[str]:
        """The command."""
        return [self.command]

    def _key(self, context: Context) -> AccessKey:
        from role_env.sources import credential_process

        # Whoever sets ROLE_ENV_TIMEOUT bounds all; else the process has its own time, as a person at a prompt has.
        own_time = not context.environ.get("ROLE_ENV_TIMEOUT") and not context.deadline.is_short
        deadline = Deadline(PROCESS_SECONDS) if own_time else context.deadline
        began = time.monotonic()
        try:
            return credential_process.run(
                self.command,
                context.environ,
                deadline=deadline,
                silent=context.messages.silent,
            )
        finally:
            if own_time:
                context.deadline.extend(time.monotonic() - began)


@dataclass(frozen=True)
class CredentialsUri(Source):
    """An address that answers with credentials."""

    uri: str
    kind: ClassVar[str] = "credentials_uri"
    awaited: ClassVar[str] = "the credentials URI"

    def identity(self, context: Context) -> list[str]:
        """The address, as its digest: its path may be all that protects it."""
        return [hashlib.sha256(self.uri.encode("utf-8", "surrogateescape")).hexdigest()]

    def _key(self, context: Context) -> AccessKey:
        from role_env.sources import credentials_uri

        return credentials_uri.fetch(self.uri, context)


@dataclass(frozen=True)
class AliyunCliProfile(Source):
    """A profile of the `aliyun` CLI, named or its current one: chain.resolve puts what it holds in its place."""

    aliyun_profile: str = ""
    kind: ClassVar[str] = "aliyun_cli"


# What a profile without a source is told to add.
CHOICES = (
    "source_profile, access_key_id with access_key_secret, credential_source, credential_process or oidc_provider_arn"
)


def digest(key: AccessKey) -> str:
    """A digest by which the same key is known again; it does not tell the secret."""
    text = "\0".join((key.access_key_id, key.access_key_secret, key.security_token))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
