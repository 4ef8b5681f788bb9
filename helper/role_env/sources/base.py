"""The base class of credential sources, which give the credentials that assume a chain's first role.

A source is made from a profile and does nothing until it is called. Its identity goes into the digest of the chain: the
values that decide who requests a role, and that stay the same while the same identity requests it.
"""

import contextlib

from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.dataclass import dataclass
from role_env.errors import ProfileError, RefusedError, UnreachableError, printable
from role_env.files.dependencies import Dependencies
from role_env.fingerprint import sha256
from role_env.sources import registry
from role_env.sources.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from role_env.keyrings.sign_ins import StoredSignIn
    from role_env.sts.hop import Hop

FAULTS_OF_THE_KEY = ("SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidSecurityToken")
"""The beginnings of the Codes of STS that concern the key that signed rather than the role."""


@dataclass(frozen=True)
class SourceFault:
    """A reason why a source gives no credentials. `is_certain` is False if another shell may have what is missing."""

    message: str
    hint: str
    is_certain: bool = True


class Source:
    """The credential source of the profile `profile`; `where` is the file and line that choose it.

    `values` are those of its `keys`, in their order, an empty text for a missing key. By default, they decide whose
    credentials it gives. `registry` says which keys of a profile choose its class. A class imports TLS where it sends a
    request: `list` and `explain` use its objects too.
    """

    kind: str
    """The name of the kind, as `list` and `explain` show it."""

    keys: "Mapping[str, Callable[[str], Any]]" = {}
    """The keys of a profile that are the source's own, each with its check."""

    is_cacheable: bool = True
    """Whether a passed-through session may be cached, because the source's identity also identifies the session."""

    is_cli_profile: bool = False
    """Whether it stands for a profile of the `aliyun` CLI, whose source and roles take its place in a chain."""

    request_name: str = "AssumeRole"
    """The request to STS that assumes a role with its credentials."""

    requires_role: bool = False
    """Whether it has no credentials of its own, but only assumes a role."""

    waits_for: str = ""
    """What the terminal shows during a wait for it; empty if there is no wait."""

    choice: str = ""
    """The text with which `configure` offers it; empty if it does not."""

    questions: "tuple[tuple[str, str], ...]" = ()
    """The keys that `configure` then asks for, each with its question."""

    not_carried: tuple[str, ...] = ()
    """The keys of a role that its request to STS does not take."""

    access_key_id: str | None = None
    """The ID of the access key that the profile names, empty if it names none; None if it takes no access key."""

    access_config: str = ""
    """The access configuration whose session it gives; empty if it gives another one."""

    sign_in: "StoredSignIn | None" = None
    """The place of its sign-in in the keyring; None if it needs none. Sources may share a sign-in."""

    person: str = ""
    """The ARN of the person whose credentials were fetched last, as the sign-in has it; empty if it is not known."""

    profile_fields: "Mapping[str, Any]"
    """The fields of the profile that the source decides."""

    def __init__(self, profile: str, where: str, *values: str) -> None:
        self.profile = profile
        self.where = where
        self.values = values
        self.profile_fields = {}

    @classmethod
    def parse(cls, section: Section, values: "Mapping[str, Any]", dependencies: Dependencies) -> "Source":
        """Return the source that the section chooses; `values` are its checked keys. Raises ProfileError."""
        return cls(section.name, section.where_is(cls.chooser()), *(values.get(key, "") for key in cls.keys))

    @classmethod
    def chooser(cls) -> str:
        """Return the key of a profile that chooses it."""
        return registry.chooser_of(cls.kind)

    @property
    def gives_session(self) -> bool:
        """Whether its credentials are temporary, so that a profile without a role can pass them through."""
        return self.kind not in registry.LONG_LIVED

    def location(self, environ: "Mapping[str, str]") -> str:
        """Return the file and line, and the variables of `environ`, that choose the credentials."""
        return self.where

    def watch(self, dependencies: Dependencies) -> None:
        """Add to `dependencies` the files and variables that decide whose credentials the source gives."""

    def identity(self, context: Context) -> list[str]:
        """Return what decides whose credentials they are, secrets as digests.

        It may read the access key, and keep it for `key`. Raises ProfileError, KeyringError.
        """
        return list(self.values)

    def base_key_digest(self, context: Context) -> str:
        """Return a digest of the key if it is one of the environment, which a renewal finds only there; else empty."""
        return ""

    def stored_key(self, context: Context) -> AccessKey | None:
        """Return the access key if it can be read without a request, a program or a prompt, else None."""
        return None

    def find_fault(self, context: Context) -> SourceFault | None:
        """Return a reason why it gives no credentials, as far as that is known without a request or a prompt."""
        return None

    def key(self, context: Context) -> AccessKey:
        """Fetch the credentials: Credentials if they expire, else an access key.

        Raises ProfileError, RefusedError, UnreachableError or KeyringError, with the profile and its location.
        """
        with self.locate_errors(), context.messages.waiting_for(self.waits_for):
            return self._fetch(context)

    def assume(self, hop: "Hop", context: Context) -> Credentials:
        """Request a session of the role of `hop`. Raises what `key` raises, and RefusedError and UnreachableError."""
        key = self.key(context)
        from role_env.sts import client as sts  # imports TLS, which `list` and `explain` do not need

        try:
            if self.person:
                self.check_person(str(sts.caller_identity(key, endpoint=hop.endpoint, context=context)["Arn"]))
            return sts.assume_role(hop, key, context)
        except sts.StsError as refusal:
            if refusal.code.startswith(FAULTS_OF_THE_KEY):
                places = self.location(context.environ).split("; ")
                place = "; ".join(each for each in places if each != hop.where)  # that one is named already
                whose = f"the key is that of profile {self.profile}" + (f" ({place})" if place else "")
                refusal.message = printable(f"{refusal.message}; {whose}")
            raise

    def check_person(self, arn: str) -> None:
        """Raise RefusedError unless `arn`, whose credentials were fetched last, is `person`."""
        if not self.person:
            return
        from role_env.keyrings.sign_ins import ascii_identity  # already imported by a source with a person

        if self.person != ascii_identity(arn):
            raise RefusedError(
                f"profile {self.profile}: its sign-in gave a session of {arn}, and {self.person} has signed in"
                f" ({self.where})",
                hint=f"nothing was exported or stored; sign in again: `role-env login {self.profile}`",
            )

    def _fetch(self, context: Context) -> AccessKey:
        raise NotImplementedError

    @contextlib.contextmanager
    def locate_errors(self) -> "Iterator[None]":
        """Add the profile and its location to errors."""
        try:
            yield
        except (ProfileError, RefusedError, UnreachableError) as error:
            raise type(error)(f"profile {self.profile}: {error.message} ({self.where})", hint=error.hint) from None


def key_digest(key: AccessKey) -> str:
    """Return a digest that identifies `key` without revealing it."""
    return sha256("\0".join((key.access_key_id, key.access_key_secret, key.security_token)))
