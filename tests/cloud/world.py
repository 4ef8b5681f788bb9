"""The accounts, users, roles and keys that the stand-ins for Alibaba Cloud share, and the sessions that STS issued."""

from __future__ import annotations

import base64
import json
import secrets
import string
import time
from dataclasses import dataclass, field

from cloud import policies
from cloud.saml import SamlProvider

ACCOUNT_A = "1111111111111111"
"""The account whose RAM users hold the long-lived keys."""
ACCOUNT_B = "2222222222222222"
"""The account of most roles."""
ACCOUNT_C = "3333333333333333"
"""The account of spoke1 to spoke10, which only the roles `hub` and `operator` may assume."""

EXTERNAL_ID = "vendor/2024:role-env"
"""What the role `needsexternalid` wants to hear."""

OWN_KEYS = {"ram:CreateAccessKey", "ram:ListAccessKeys", "ram:UpdateAccessKey", "ram:DeleteAccessKey"}
OWN_KEYS |= {"ram:GetAccessKeyLastUsed", "ram:GetAccessKeyPolicy", "ram:SetAccessKeyPolicy"}
"""What a user may do with the own keys unless a test takes it away."""

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"

LONG_AGO = 1_600_000_000.0
"""When the keys of the default world were made (seconds of the epoch)."""


@dataclass
class Role:
    """A RAM role. `trusts` holds ARNs: of a user, a role, an OIDC provider, or `acs:ram::<account>:root`.

    `may_assume` holds role ARNs, and `allows` actions, as a policy writes them: `ecs:Describe*`.
    """

    account: str
    name: str
    trusts: set[str]
    may_assume: set[str] = field(default_factory=set)
    allows: set[str] = field(default_factory=set)
    max_session_seconds: int = 3600
    external_id: str | None = None

    @property
    def arn(self) -> str:
        """The ARN as the console shows it, in the case in which the role was created."""
        return role_arn(self.account, self.name)


@dataclass
class User:
    """A RAM user. `may_assume` holds role ARNs, or "*"; `allows` actions, as a policy writes them."""

    account: str
    name: str
    may_assume: set[str] = field(default_factory=set)
    allows: set[str] = field(default_factory=lambda: set(OWN_KEYS))

    @property
    def arn(self) -> str:
        """`acs:ram::<account>:user/<name>`."""
        return f"acs:ram::{self.account}:user/{self.name}"


@dataclass
class AccessKey:
    """A long-lived key of a user, or of the account itself when `user` is None. Times are seconds of the epoch.

    `network_policy` is the JSON that IMS returns, `{}` for a key without a policy.
    """

    account: str
    user: User | None
    active: bool = True
    created: float = LONG_AGO
    last_used: float | None = None
    network_policy: str = "{}"
    id: str = field(default_factory=lambda: "LTAI5t" + letters(18))
    secret: str = field(default_factory=lambda: letters(30), repr=False)


@dataclass
class OidcProvider:
    """An OIDC provider. `tokens` maps a token to "" (accepted) or the code that refuses it."""

    arn: str
    issuer: str
    tokens: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass
class Session:
    """A session that was issued. `id`, `secret` and `token` are what the caller was given."""

    id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expiration: float
    role: Role
    name: str
    policy: str = ""

    @property
    def credentials(self) -> dict[str, str]:
        """The four values as the services write them."""
        return {
            "AccessKeyId": self.id,
            "AccessKeySecret": self.secret,
            "SecurityToken": self.token,
            "Expiration": format_time(self.expiration),
        }


@dataclass
class Identity:
    """Who asks: a user, a role's session or, without an `owner`, the account itself."""

    account: str
    owner: User | Role | None = None
    session: Session | None = None

    @property
    def kind(self) -> str:
        """The IdentityType as STS writes it."""
        return "AssumedRoleUser" if self.session else "RAMUser" if self.owner else "Account"

    @property
    def arn(self) -> str:
        """The ARN as STS writes it."""
        if self.owner is None:
            return f"acs:ram::{self.account}:root"
        if self.session is None:
            return self.owner.arn
        return f"acs:ram::{self.account}:assumed-role/{self.owner.name.lower()}/{self.session.name}"

    def is_trusted_by(self, role: Role) -> bool:
        """Whether the role's trust policy names this identity or its whole account."""
        own = {self.owner.arn.lower()} if self.owner else set()
        return bool({arn.lower() for arn in role.trusts} & {*own, f"acs:ram::{self.account}:root"})

    def is_allowed_to_assume(self, role: Role) -> bool:
        """Whether its own policies let it call AssumeRole for the role. An account itself may not."""
        own = {arn.lower() for arn in self.owner.may_assume} if self.owner else set()
        return bool(own & {"*", role.arn.lower()}) and self._session_may("sts:AssumeRole", role.arn)

    def is_allowed(self, action: str, resource: str) -> bool:
        """Whether its own policies allow the action, and in a narrowed session the session's policy too."""
        own = self.owner is None or policies.matches_any(self.owner.allows, action)
        return own and self._session_may(action, resource)

    def _session_may(self, action: str, resource: str) -> bool:
        policy = self.session.policy if self.session else ""
        return not policy or policies.allows(policy, action, resource)


@dataclass
class World:
    """Everything that the servers know; a test adds to it or changes it while they run."""

    keys: dict[str, AccessKey] = field(default_factory=dict)
    deleted_keys: list[AccessKey] = field(default_factory=list)
    issued: list[Session] = field(default_factory=list)
    roles: dict[str, Role] = field(default_factory=dict)
    providers: dict[str, OidcProvider] = field(default_factory=dict)
    saml_providers: dict[str, SamlProvider] = field(default_factory=dict)

    def add_key(self, account: str, user: User | None, *, active: bool = True) -> AccessKey:
        """Generate a key and return it."""
        key = AccessKey(account, user, active)
        self.keys[key.id] = key
        return key

    def add_role(self, role: Role) -> Role:
        """Make the role known. Names are compared without case."""
        self.roles[role.arn.lower()] = role
        return role

    def keys_of(self, user_name: str) -> list[AccessKey]:
        """Return the keys of the user of that name, the oldest first; "root" is account A itself."""
        return [key for key in self.keys.values() if (key.user.name if key.user else "root") == user_name]

    def key_of(self, user_name: str) -> AccessKey:
        """Return the first of these."""
        return self.keys_of(user_name)[0]

    def role(self, name: str) -> Role:
        """Return the role of that name, in whichever account it is."""
        return next(role for role in self.roles.values() if role.name.lower() == name.lower())


def role_arn(account: str, name: str) -> str:
    """`acs:ram::<account>:role/<name>`."""
    return f"acs:ram::{account}:role/{name}"


def default_world() -> World:
    """Return the three accounts that the tests share, with keys that no other instance has."""
    world = World()
    user_1 = User(ACCOUNT_A, "test_user1")
    world.add_key(ACCOUNT_A, user_1)
    world.add_key(ACCOUNT_A, User(ACCOUNT_A, "test_user2"))
    world.add_key(ACCOUNT_A, User(ACCOUNT_A, "test_user3", {"*"}), active=False)
    world.add_key(ACCOUNT_A, None)

    of_a = {f"acs:ram::{ACCOUNT_A}:root"}
    spokes = [role_arn(ACCOUNT_C, f"spoke{number}") for number in range(1, 11)]
    provider = OidcProvider(f"acs:ram::{ACCOUNT_B}:oidc-provider/github", "https://token.actions.example")
    world.providers[provider.arn] = provider
    provider.tokens = {
        _json_web_token(provider.issuer, "good"): "",
        _json_web_token(provider.issuer, "old"): "AuthenticationFail.OIDCToken.Expired",
        _json_web_token(provider.issuer, "elsewhere"): "AuthenticationFail.OIDCToken.AudienceNotMatch",
    }
    saml = SamlProvider(f"acs:ram::{ACCOUNT_B}:saml-provider/corporate")
    world.saml_providers[saml.arn] = saml
    for role in (
        Role(ACCOUNT_B, "switchRoleSbc", of_a, allows={"ecs:DescribeInstances"}),
        Role(ACCOUNT_B, "hub", of_a, may_assume=set(spokes)),
        Role(ACCOUNT_B, "needsExternalId", of_a, external_id=EXTERNAL_ID),
        Role(ACCOUNT_B, "longSession", of_a, max_session_seconds=43200),
        Role(ACCOUNT_B, "strangers", {f"acs:ram::{ACCOUNT_C}:root"}),
        Role(ACCOUNT_B, "chain1", {user_1.arn}, may_assume={role_arn(ACCOUNT_B, "chain2")}),
        Role(ACCOUNT_B, "operator", of_a, set(spokes), {"ecs:*", "kms:*"}),
        Role(ACCOUNT_B, "ciDeploy", {provider.arn}, allows={"ecs:DescribeInstances"}),
        Role(ACCOUNT_B, "employees", {saml.arn}, allows={"ecs:DescribeInstances"}, max_session_seconds=7200),
    ):
        world.add_role(role)
        user_1.may_assume.add(role.arn)
    for number in range(2, 6):
        onward = {role_arn(ACCOUNT_B, f"chain{number + 1}")}
        trusted = {role_arn(ACCOUNT_B, f"chain{number - 1}")}
        world.add_role(Role(ACCOUNT_B, f"chain{number}", trusted, may_assume=onward))
    for number in range(1, 11):
        trusted = {role_arn(ACCOUNT_B, name) for name in ("hub", "operator")}
        world.add_role(Role(ACCOUNT_C, f"spoke{number}", trusted))
    return world


def format_time(moment: float) -> str:
    """Return a moment (seconds of the epoch) as the services write it."""
    return time.strftime(TIME_FORMAT, time.gmtime(moment))


def timestamp(seconds: float) -> str:
    """Return a moment, `seconds` from now, as the services write it."""
    return format_time(time.time() + seconds)


def letters(count: int) -> str:
    """Return random letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count))


def _json_web_token(issuer: str, subject: str) -> str:
    claims = json.dumps({"iss": issuer, "sub": subject}).encode()
    parts = (b'{"alg":"RS256","typ":"JWT"}', claims, secrets.token_bytes(64))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
