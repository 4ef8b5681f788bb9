"""A local STS: the answers, and above all the refusals, of Alibaba Cloud's STS over real TLS.

It checks what the real one checks, with an implementation of its own, so that a test which passes against it
has signed, timed and carried its request properly. Nothing of role-env or of Alibaba's SDK is imported here.

In a test::

    with LocalSts(tmp_path) as sts:
        ...                                     # sts.endpoint, sts.ca_file, sts.access_key_id, sts.role_arn
        sts.fault("reset-mid-answer")           # the next call fails that way; see FAULTS
        assert len(sts.calls_of("AssumeRole")) == 1

As a program (a sandbox's shell script)::

    python tests/support/local_sts.py FOLDER            # ready when FOLDER/sts.json is there; serves till stdin ends
"""

from __future__ import annotations

import argparse
import base64
import calendar
import contextlib
import datetime
import email.utils
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import secrets
import signal
import socket
import socketserver
import ssl
import string
import struct
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, quote, urlsplit
from xml.sax.saxutils import escape

import trustme

ACCOUNT_A = "1111111111111111"
"""The account whose RAM users hold the long-lived keys."""
ACCOUNT_B = "2222222222222222"
"""The account of most roles."""
ACCOUNT_C = "3333333333333333"
"""The account of spoke1 to spoke10, which only the role `hub` may assume."""

EXTERNAL_ID = "vendor/2024:role-env"
"""What the role `needsexternalid` wants to hear."""

Certificate = Literal["good", "wrong-host", "expired", "unknown-ca"]
ArnShape = Literal["role", "assumed-role", "ram-assumed-role"]
Document = dict[str, Any]

STS_VERSION, ECS_VERSION = "2015-04-01", "2014-05-26"
ACTIONS = {
    "AssumeRole": STS_VERSION,
    "AssumeRoleWithOIDC": STS_VERSION,
    "GetCallerIdentity": STS_VERSION,
    "DescribeInstances": ECS_VERSION,
    "DeleteInstance": ECS_VERSION,
}
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
CLOCK_TOLERANCE = 15 * 60

# Code: HTTP status and text, as STS and its gateway write them.
REFUSALS = {
    "AuthenticationFail.NoPermission": (403, "This operation is forbidden by permission system."),
    "AuthenticationFail.OIDCToken.AudienceNotMatch": (401, "Invalid audience."),
    "AuthenticationFail.OIDCToken.Expired": (401, "This JsonWebToken is expired."),
    "AuthenticationFail.OIDCToken.Invalid": (401, "This JsonWebToken is invalid."),
    "EntityNotExist.OIDCProvider": (404, "The OIDC Provider does not exist."),
    "EntityNotExist.Role": (404, "The specified Role not exists ."),
    "Forbidden.RAM": (
        403,
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ),
    "InternalError": (500, "STS Server Internal Error happened, please send the RequestId to us."),
    "InvalidAccessKeyId.Inactive": (403, "Specified access key is disabled."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAction.NotFound": (404, "Specified api is not found, please check your url and method."),
    "InvalidParameter.ContentType": (
        400,
        'The ContentType request header must be "application/json" or "application/x-www-form-urlencoded".',
    ),
    "InvalidParameter.DurationSeconds": (400, "The Min/Max value of DurationSeconds is 15min/1hr."),
    "InvalidParameter.ExternalId": (400, "The parameter ExternalId is wrongly formed."),
    "InvalidParameter.OIDCProviderArn": (400, "The parameter OIDCProviderArn is wrongly formed."),
    "InvalidParameter.PolicyGrammar": (400, "The parameter Policy has not passed grammar check."),
    "InvalidParameter.PolicySize": (400, "The size of Policy must be smaller than 2048 bytes."),
    "InvalidParameter.RoleArn": (400, "The parameter RoleArn is wrongly formed."),
    "InvalidParameter.RoleSessionName": (400, "The parameter RoleSessionName is wrongly formed."),
    "InvalidParameter.SourceIdentity": (400, "The parameter SourceIdentity is wrongly formed."),
    "InvalidSecurityToken.Expired": (403, "Specified SecurityToken is expired."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidSecurityToken.MismatchWithAccessKey": (
        400,
        "Specified SecurityToken mismatch with the AccessKey.",
    ),
    "InvalidSignatureMethod": (400, "Specified signature method is not valid."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "InvalidTimeStamp.Format": (400, "Specified time stamp or date value is not well formatted."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "NoPermission": (403, "You are not authorized to do this action. You should be authorized by RAM."),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
}

# ---- the faults ----

CONNECTION_FAULTS = frozenset({"reset-on-accept", "hang-in-handshake", "reset-after-handshake"})
"""Happen before a request is read, so they take no `action`, and `calls` does not show them."""

NO_ANSWER_FAULTS = frozenset(
    {
        "reset-after-request",
        "hang",
        "empty",
        "html-200",
        "html-502",
        "captive-portal",
        "redirect",
        "huge",
        "500",
        "503",
        "internal-error",
        "throttling",
        "throttling-429",
        "escape-in-message",
    }
)
"""The request is recorded and its nonce is spent, but nothing is carried out."""

CARRIAGE_FAULTS = frozenset({"reset-mid-answer", "truncated-json", "slow"})
"""The call is carried out (a session may be issued) and its answer is lost, cut or a byte a second."""

SESSION_FAULTS = frozenset(
    {
        "missing-id",
        "missing-secret",
        "missing-token",
        "missing-expiration",
        "expired-answer",
        "expiration-without-zone",
        "other-account-arn",
        "other-role-arn",
        "other-session-arn",
        "quote-in-token",
        "newline-in-secret",
        "command-in-token",
        "nul-in-token",
        "non-ascii-token",
        "megabyte-token",
    }
)
"""A session is issued and answered wrongly. They wait for a call that issues one."""

FAULTS = CONNECTION_FAULTS | NO_ANSWER_FAULTS | CARRIAGE_FAULTS | SESSION_FAULTS
"""Every kind but the two with arguments: "delay:SECONDS" and "code:CODE:STATUS"."""

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31mrole-env: all is well\x1b[0m\r\x9b2K\b\u202e"
"""What "escape-in-message" puts into a Message: a terminal's title, colours, erasure, direction of text."""


@dataclass
class _Fault:
    kind: str
    times: int | None
    action: str | None

    def fits(self, action: str) -> bool:
        """Whether it may befall a call of this action."""
        if self.kind in SESSION_FAULTS and not action.startswith("AssumeRole"):
            return False
        return self.action in (None, action)


# ---- the world: who exists, and who may do what ----


@dataclass
class Role:
    """A RAM role. `trusts` holds ARNs: of a user, a role, an OIDC provider, or `acs:ram::<account>:root`."""

    account: str
    name: str
    trusts: set[str]
    may_assume: set[str] = field(default_factory=set)
    allows: set[str] = field(default_factory=set)
    max_session_seconds: int = 3600
    external_id: str | None = None
    role_id: str = field(default_factory=lambda: _digits(18))

    @property
    def arn(self) -> str:
        """The ARN as the console shows it, in the case in which the role was created."""
        return role_arn(self.account, self.name)


@dataclass
class User:
    """A RAM user. `may_assume` holds role ARNs, or "*"."""

    account: str
    name: str
    may_assume: set[str] = field(default_factory=set)
    user_id: str = field(default_factory=lambda: _digits(18))

    @property
    def arn(self) -> str:
        """`acs:ram::<account>:user/<name>`."""
        return f"acs:ram::{self.account}:user/{self.name}"


@dataclass
class AccessKey:
    """A long-lived key of a user, or of the account itself when `user` is None."""

    account: str
    user: User | None
    active: bool = True
    id: str = field(default_factory=lambda: "LTAI5t" + _letters(18))
    secret: str = field(default_factory=lambda: _letters(30), repr=False)


@dataclass
class OidcProvider:
    """An OIDC provider. `tokens` maps a token to "" (accepted) or the code that refuses it."""

    arn: str
    issuer: str
    tokens: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass
class World:
    """Everything that the STS knows; a test adds to it or changes it while the server runs."""

    keys: dict[str, AccessKey] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    providers: dict[str, OidcProvider] = field(default_factory=dict)

    def add_key(self, account: str, user: User | None, *, active: bool = True) -> AccessKey:
        """A new key, generated here and now."""
        key = AccessKey(account, user, active)
        self.keys[key.id] = key
        return key

    def add_role(self, role: Role) -> Role:
        """Makes the role known. Names are compared without case."""
        self.roles[role.arn.lower()] = role
        return role

    def add_provider(self, provider: OidcProvider) -> OidcProvider:
        """Makes the OIDC provider known."""
        self.providers[provider.arn] = provider
        return provider

    def key_of(self, user_name: str) -> AccessKey:
        """The first key of the user of that name; "root" is account A itself."""
        return next(key for key in self.keys.values() if (key.user.name if key.user else "root") == user_name)

    def role(self, name: str) -> Role:
        """The role of that name, in whichever account it is."""
        return next(role for role in self.roles.values() if role.name.lower() == name.lower())


def role_arn(account: str, name: str) -> str:
    """`acs:ram::<account>:role/<name>`."""
    return f"acs:ram::{account}:role/{name}"


def default_world() -> World:
    """The three accounts that the tests share, with keys that no other instance has."""
    world = World()
    user_1 = User(ACCOUNT_A, "test_user1")
    world.add_key(ACCOUNT_A, user_1)
    world.add_key(ACCOUNT_A, User(ACCOUNT_A, "test_user2"))
    world.add_key(ACCOUNT_A, User(ACCOUNT_A, "test_user3", {"*"}), active=False)
    world.add_key(ACCOUNT_A, None)

    of_a = {f"acs:ram::{ACCOUNT_A}:root"}
    spokes = [role_arn(ACCOUNT_C, f"spoke{number}") for number in range(1, 11)]
    provider = world.add_provider(
        OidcProvider(f"acs:ram::{ACCOUNT_B}:oidc-provider/github", "https://token.actions.example")
    )
    provider.tokens = {
        _json_web_token(provider.issuer, "good"): "",
        _json_web_token(provider.issuer, "old"): "AuthenticationFail.OIDCToken.Expired",
        _json_web_token(provider.issuer, "elsewhere"): "AuthenticationFail.OIDCToken.AudienceNotMatch",
    }
    for role in (
        Role(ACCOUNT_B, "switchRoleSbc", of_a, allows={"ecs:DescribeInstances"}),
        Role(ACCOUNT_B, "hub", of_a, may_assume=set(spokes)),
        Role(ACCOUNT_B, "needsExternalId", of_a, external_id=EXTERNAL_ID),
        Role(ACCOUNT_B, "longSession", of_a, max_session_seconds=43200),
        Role(ACCOUNT_B, "strangers", {f"acs:ram::{ACCOUNT_C}:root"}),
        Role(ACCOUNT_B, "chain1", {user_1.arn}, may_assume={role_arn(ACCOUNT_B, "chain2")}),
        Role(ACCOUNT_B, "ciDeploy", {provider.arn}, allows={"ecs:DescribeInstances"}),
    ):
        world.add_role(role)
        user_1.may_assume.add(role.arn)
    for number in range(2, 6):
        onward = {role_arn(ACCOUNT_B, f"chain{number + 1}")}
        trusted = {role_arn(ACCOUNT_B, f"chain{number - 1}")}
        world.add_role(Role(ACCOUNT_B, f"chain{number}", trusted, may_assume=onward))
    for number in range(1, 11):
        world.add_role(Role(ACCOUNT_C, f"spoke{number}", {role_arn(ACCOUNT_B, "hub")}))
    return world


def _digits(count: int) -> str:
    return "3" + "".join(secrets.choice(string.digits) for _ in range(count - 1))


def _letters(count: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(count))


def _json_web_token(issuer: str, subject: str) -> str:
    claims = json.dumps({"iss": issuer, "sub": subject}).encode()
    parts = (b'{"alg":"RS256","typ":"JWT"}', claims, secrets.token_bytes(64))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


# ---- what was asked, and what is answered ----


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
    source_identity: str = ""


@dataclass
class Call:
    """One request that arrived, without its secrets. `status` is 0 where no answer was given."""

    action: str
    role_arn: str = ""
    session_name: str = ""
    duration: str = ""
    policy: str = ""
    external_id: str = ""
    source_identity: str = ""
    region_id: str = ""
    access_key_id: str = ""
    identity: str = ""
    status: int = 0
    code: str = ""
    nonce: str = ""
    fault: str = ""
    header_names: tuple[str, ...] = ()
    arrived: float = 0.0


class Refused(Exception):
    """STS says no. The status and the text belong to the code unless given."""

    def __init__(self, code: str, message: str = "", status: int = 0) -> None:
        known_status, known_message = REFUSALS.get(code, (400, f"{code} was asked for by the test."))
        super().__init__(code)
        self.code, self.status, self.message = code, status or known_status, message or known_message


@dataclass
class _Answer:
    status: int
    body: bytes
    content_type: str = "application/json;charset=utf-8"
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def to_bytes(self, date: str, request_id: str) -> bytes:
        """The whole HTTP answer."""
        headers = {
            "Date": date,
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            "x-acs-request-id": request_id,
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass
class _Identity:
    """Who asks: the account, a user, or a role's session."""

    kind: Literal["Account", "RAMUser", "AssumedRoleUser"]
    account: str
    arn: str
    principal_arn: str
    principal_id: str
    may_assume: set[str]
    session: Session | None = None

    def is_trusted_by(self, role: Role) -> bool:
        """Whether the role's trust policy names this identity or its whole account."""
        trusted = {arn.lower() for arn in role.trusts}
        return bool(trusted & {self.principal_arn.lower(), f"acs:ram::{self.account}:root"})

    def is_allowed_to_assume(self, role: Role) -> bool:
        """Whether its own RAM policy lets it call AssumeRole for the role."""
        return "*" in self.may_assume or role.arn.lower() in {arn.lower() for arn in self.may_assume}


def _identity_of_key(key: AccessKey) -> _Identity:
    if key.user is None:
        root = f"acs:ram::{key.account}:root"
        return _Identity("Account", key.account, root, root, key.account, set())
    user = key.user
    return _Identity("RAMUser", user.account, user.arn, user.arn, user.user_id, user.may_assume)


def _identity_of_session(session: Session) -> _Identity:
    role = session.role
    return _Identity(
        "AssumedRoleUser",
        role.account,
        f"acs:ram::{role.account}:assumed-role/{role.name.lower()}/{session.name}",
        role.arn,
        f"{role.role_id}:{session.name}",
        role.may_assume,
        session,
    )


# ---- signatures, written from Alibaba's description and not from its SDK ----


def _percent(text: str) -> str:
    return quote(text, safe="-_.~")


def _canonical_query(parameters: dict[str, str]) -> str:
    return "&".join(f"{_percent(name)}={_percent(value)}" for name, value in sorted(parameters.items()))


def rpc_string_to_sign(method: str, parameters: dict[str, str]) -> str:
    """What an RPC request's signature (SignatureVersion 1.0) is made of."""
    signed = {name: value for name, value in parameters.items() if name != "Signature"}
    return f"{method}&%2F&{_percent(_canonical_query(signed))}"


def rpc_signature(secret: str, string_to_sign: str) -> str:
    """The HMAC-SHA1 signature of an RPC request."""
    mac = hmac.new(f"{secret}&".encode(), string_to_sign.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def acs3_string_to_sign(
    method: str, path: str, query: dict[str, str], headers: dict[str, str], signed: list[str], body: bytes
) -> str:
    """What a V3 request's signature (ACS3-HMAC-SHA256) is made of; `headers` has lower-case names."""
    canonical = "\n".join(
        (
            method,
            path,
            _canonical_query(query),
            "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in signed),
            ";".join(signed),
            hashlib.sha256(body).hexdigest(),
        )
    )
    return f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def acs3_signature(secret: str, string_to_sign: str) -> str:
    """The signature of a V3 request."""
    return hmac.new(secret.encode(), string_to_sign.encode(), hashlib.sha256).hexdigest()


@dataclass
class _Request:
    """A request of either protocol, taken apart and not yet believed."""

    action: str
    version: str
    parameters: dict[str, str]
    header_names: tuple[str, ...]
    json: bool
    access_key_id: str
    token: str
    nonce: str
    timestamp: str
    signature: str
    string_to_sign: str
    sign: Callable[[str, str], str]
    defect: str = ""
    is_replay: bool = False


def _read_request(method: str, target: str, headers: dict[str, str], body: bytes) -> _Request:
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    form: dict[str, str] = {}
    defect = "" if parts.path == "/" else "InvalidAction.NotFound"
    if body:
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        else:
            defect = defect or "InvalidParameter.ContentType"
    both = {**query, **form}
    authorization = headers.get("authorization", "")
    if authorization.startswith("ACS3-") or ("x-acs-action" in headers and "Action" not in both):
        return _read_acs3(method, parts.path, query, both, headers, body, defect)
    scheme = f"{both.get('SignatureMethod', 'HMAC-SHA1')} {both.get('SignatureVersion', '1.0')}"
    if scheme != "HMAC-SHA1 1.0":
        defect = defect or "InvalidSignatureMethod"
    return _Request(
        action=both.get("Action", ""),
        version=both.get("Version", ""),
        parameters=both,
        header_names=tuple(headers),
        json=both.get("Format", "XML").upper() == "JSON",
        access_key_id=both.get("AccessKeyId", ""),
        token=both.get("SecurityToken", ""),
        nonce=both.get("SignatureNonce", ""),
        timestamp=both.get("Timestamp", ""),
        signature=both.get("Signature", ""),
        string_to_sign=rpc_string_to_sign(method, both),
        sign=rpc_signature,
        defect=defect,
    )


def _read_acs3(
    method: str,
    path: str,
    query: dict[str, str],
    parameters: dict[str, str],
    headers: dict[str, str],
    body: bytes,
    defect: str,
) -> _Request:
    found = re.fullmatch(
        r"ACS3-HMAC-SHA256 Credential=([^,]*),\s*SignedHeaders=([^,]*),\s*Signature=([0-9a-f]*)",
        headers.get("authorization", ""),
    )
    key_id, names, signature = found.groups() if found else ("", "", "")
    signed = names.split(";")
    # An x-acs- header that is left out of the signature could be exchanged on the way.
    due = {name for name in headers if name.startswith("x-acs-")} | {"host"}
    if found and (not due <= set(signed) or signed != sorted(signed)):
        defect = defect or "SignatureDoesNotMatch"
    if found and headers.get("x-acs-content-sha256") != hashlib.sha256(body).hexdigest():
        defect = defect or "SignatureDoesNotMatch"
    return _Request(
        action=headers.get("x-acs-action", ""),
        version=headers.get("x-acs-version", ""),
        parameters=parameters,
        header_names=tuple(headers),
        json=True,
        access_key_id=key_id,
        token=headers.get("x-acs-security-token", ""),
        nonce=headers.get("x-acs-signature-nonce", ""),
        timestamp=headers.get("x-acs-date", ""),
        signature=signature,
        string_to_sign=acs3_string_to_sign(method, path, query, headers, signed, body),
        sign=acs3_signature,
        defect=defect,
    )


# ---- AssumeRole's parameters ----


def _check_pattern(parameters: dict[str, str], name: str, pattern: str) -> str:
    value = parameters.get(name, "")
    if value and not re.fullmatch(pattern, value, re.ASCII):
        raise Refused(f"InvalidParameter.{name}")
    return value


def _check_mandatory(parameters: dict[str, str], names: Iterable[str]) -> None:
    for name in names:
        if not parameters.get(name):
            raise Refused(f"Missing{name}", f"{name} is mandatory for this action.")


def _check_policy(policy: str) -> None:
    if len(policy) > 2048:
        raise Refused("InvalidParameter.PolicySize")
    if policy:
        _statements(policy)


def _statements(policy: str) -> list[Document]:
    try:
        document = json.loads(policy)
    except ValueError:
        document = None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        raise Refused("InvalidParameter.PolicyGrammar")
    return statements


def _denies(policy: str, action: str) -> bool:
    """Whether a session policy forbids the action in so many words; what it does not allow is let be."""
    for statement in _statements(policy) if policy else []:
        actions = statement.get("Action", [])
        patterns = [actions] if isinstance(actions, str) else actions
        is_meant = any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
        if is_meant and statement.get("Effect") == "Deny":
            return True
    return False


def _check_duration(parameters: dict[str, str], longest: int) -> int:
    text = parameters.get("DurationSeconds") or "3600"
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not 900 <= int(text) <= longest:
        raise Refused("InvalidParameter.DurationSeconds")
    return int(text)


# ---- the server ----


class LocalSts:
    """A running STS. Starts at once; `close()`, or leaving the `with` block, ends it.

    certificate -- "good", or how TLS is wrong: "wrong-host", "expired", "unknown-ca".
    calls_file  -- where each call is also appended as a line of JSON.
    """

    def __init__(
        self,
        folder: Path,
        *,
        certificate: Certificate = "good",
        calls_file: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ca_file = folder / "ca.pem"
        self.calls_file = calls_file
        self.world = default_world()
        self.calls: list[Call] = []
        self.issued: list[Session] = []
        self.requests_seen = 0
        self.connections_seen = 0
        self.server_names: list[str | None] = []
        """The SNI name of each handshake, None where the client sent none."""
        self.arn_shape: ArnShape = "assumed-role"
        self.session_seconds: float | None = None
        self.clock_offset = 0.0
        self.token_length = 700
        self.seconds_per_byte = 1.0
        """The pace of the fault "slow"."""
        self.command_ran = folder / "command-ran"
        """The file that the commands in "command-in-token" would create."""
        self._nonces: set[str] = set()
        self._faults: list[_Fault] = []
        self._lock = threading.RLock()
        self._healed = threading.Event()
        self._closing = False
        self._server = _Server(self, _tls_context(certificate, self.ca_file, self.server_names))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> LocalSts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server and whatever hangs in it."""
        self._closing = True
        self.heal()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def endpoint(self) -> str:
        """`localhost:<port>`."""
        return f"localhost:{self.port}"

    @property
    def access_key_id(self) -> str:
        """The id of test_user1's key."""
        return self.world.key_of("test_user1").id

    @property
    def access_key_secret(self) -> str:
        """The secret of test_user1's key."""
        return self.world.key_of("test_user1").secret

    @property
    def user_arn(self) -> str:
        """test_user1's ARN."""
        return f"acs:ram::{ACCOUNT_A}:user/test_user1"

    @property
    def role_arn(self) -> str:
        """The ARN of the role switchrolesbc, as STS writes it."""
        return role_arn(ACCOUNT_B, "switchrolesbc")

    @property
    def oidc_provider_arn(self) -> str:
        """The ARN of the provider whose tokens `oidc_token` gives."""
        return next(iter(self.world.providers))

    def oidc_token(self, refused_with: str = "") -> str:
        """A token that is accepted, or one that is refused with the code given."""
        tokens = self.world.providers[self.oidc_provider_arn].tokens
        return next(token for token, code in tokens.items() if code == refused_with)

    def now(self) -> float:
        """The server's own time, in seconds of the epoch."""
        return time.time() + self.clock_offset

    def calls_of(self, action: str) -> list[Call]:
        """The calls of one action, in the order in which they came."""
        with self._lock:
            return [call for call in self.calls if call.action == action]

    def clear_calls(self) -> None:
        """Forgets the calls and counts that were kept so far; the nonces stay spent."""
        with self._lock:
            self.calls.clear()
            self.requests_seen = self.connections_seen = 0
            self.server_names.clear()

    def fault(self, kind: str, times: int | None = 1, action: str | None = None) -> None:
        """Lets the next `times` calls (of `action`) fail that way; None: until `heal()`. Faults queue up."""
        if kind not in FAULTS and not re.fullmatch(r"delay:[0-9.]+|code:[^:]+:[1-5]\d\d", kind):
            raise ValueError(f"no such fault: {kind}")
        if kind in CONNECTION_FAULTS and action:
            raise ValueError(f"{kind} comes before any action is known")
        with self._lock:
            self._faults.append(_Fault(kind, times, action))

    def heal(self) -> None:
        """Takes back all faults and ends what hangs or dawdles because of one."""
        with self._lock:
            self._faults.clear()
            ended, self._healed = self._healed, threading.Event()
            ended.set()

    # -- faults --

    def _take_connection_fault(self) -> str:
        with self._lock:
            first = next((fault for fault in self._faults if fault.action is None), None)
            return self._use(first) if first and first.kind in CONNECTION_FAULTS else ""

    def _take_call_fault(self, action: str) -> str:
        with self._lock:
            for fault in self._faults:
                if fault.kind not in CONNECTION_FAULTS and fault.fits(action):
                    return self._use(fault)
            return ""

    def _use(self, fault: _Fault) -> str:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        return fault.kind

    # -- one request --

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[bytes, str]:
        """The bytes to send, and the fault by which to send them."""
        request_id = str(uuid.uuid4()).upper()
        request = _read_request(method, target, headers, body)
        with self._lock:
            self.requests_seen += 1
            request.is_replay = request.nonce in self._nonces
            self._nonces.add(request.nonce)
            fault = self._take_call_fault(request.action)
        call = self._record_of(request, fault)
        if fault in NO_ANSWER_FAULTS or fault.startswith("code:"):
            answer = self._fault_answer(fault, request, request_id)
        else:
            answer = self._carry_out(request, request_id, fault, call)
        if fault == "truncated-json":
            answer.body = answer.body[: len(answer.body) // 2]
        if fault not in ("hang", "reset-after-request"):
            call.status, call.code = answer.status, answer.code
        self._keep(call)
        return answer.to_bytes(email.utils.formatdate(self.now(), usegmt=True), request_id), fault

    def _carry_out(self, request: _Request, request_id: str, fault: str, call: Call) -> _Answer:
        try:
            if request.defect:
                raise Refused(request.defect)
            if request.action not in ACTIONS:
                raise Refused("InvalidAction.NotFound")
            if request.version != ACTIONS[request.action]:
                raise Refused("InvalidVersion")
            with self._lock:
                if request.action == "AssumeRoleWithOIDC":
                    document = self._assume_role_with_oidc(request, fault)
                else:
                    identity = self._authenticate(request)
                    call.identity = identity.arn
                    document = self._act(request, identity, fault)
        except Refused as refused:
            return self._refusal(request, request_id, refused)
        document = {"RequestId": request_id, **document}
        return _Answer(200, *_encoded(document, f"{request.action}Response", request.json))

    def _refusal(self, request: _Request, request_id: str, refused: Refused) -> _Answer:
        document = {
            "RequestId": request_id,
            "HostId": self.endpoint,
            "Code": refused.code,
            "Message": refused.message,
            "Recommend": f"https://api.aliyun.com/troubleshoot?q={refused.code}&product=Sts&requestId={request_id}",
        }
        return _Answer(refused.status, *_encoded(document, "Error", request.json), code=refused.code)

    def _record_of(self, request: _Request, fault: str) -> Call:
        given = request.parameters.get
        return Call(
            action=request.action,
            role_arn=given("RoleArn", ""),
            session_name=given("RoleSessionName", ""),
            duration=given("DurationSeconds", ""),
            policy=given("Policy", ""),
            external_id=given("ExternalId", ""),
            source_identity=given("SourceIdentity", ""),
            region_id=given("RegionId", ""),
            access_key_id=request.access_key_id,
            nonce=request.nonce,
            fault=fault,
            header_names=request.header_names,
            arrived=time.time(),
        )

    def _keep(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)
            if self.calls_file:
                with self.calls_file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(asdict(call)) + "\n")

    # -- who asks --

    def _authenticate(self, request: _Request) -> _Identity:
        for name, value in (
            ("AccessKeyId", request.access_key_id),
            ("Signature", request.signature),
            ("SignatureNonce", request.nonce),
            ("Timestamp", request.timestamp),
        ):
            if not value:
                raise Refused(f"Missing{name}", f"{name} is mandatory for this action.")
        self._check_timestamp(request.timestamp)
        secret, identity = self._find_key(request)
        expected = request.sign(secret, request.string_to_sign)
        if not hmac.compare_digest(expected.encode(), request.signature.encode()):
            # The real one echoes the string too, SecurityToken included: a caller must not print the Message.
            echo = f"{REFUSALS['SignatureDoesNotMatch'][1]} server string to sign is:{request.string_to_sign}"
            raise Refused("SignatureDoesNotMatch", echo)
        if identity.session and identity.session.expiration <= self.now():
            raise Refused("InvalidSecurityToken.Expired")
        if request.is_replay:
            raise Refused("SignatureNonceUsed")
        return identity

    def _check_timestamp(self, text: str) -> None:
        try:
            stamp = calendar.timegm(time.strptime(text, TIME_FORMAT))
        except ValueError:
            raise Refused("InvalidTimeStamp.Format") from None
        if abs(stamp - self.now()) > CLOCK_TOLERANCE:
            raise Refused("InvalidTimeStamp.Expired")

    def _find_key(self, request: _Request) -> tuple[str, _Identity]:
        owner = next((session for session in self.issued if session.token == request.token), None)
        if request.access_key_id.startswith("STS."):
            session = next((one for one in self.issued if one.id == request.access_key_id), None)
            if session is None:
                raise Refused("InvalidAccessKeyId.NotFound")
            if not request.token:
                raise Refused("MissingSecurityToken", "SecurityToken is mandatory for this action.")
            self._check_token_owner(owner, session)
            return session.secret, _identity_of_session(session)
        key = self.world.keys.get(request.access_key_id)
        if key is None:
            raise Refused("InvalidAccessKeyId.NotFound")
        if not key.active:
            raise Refused("InvalidAccessKeyId.Inactive")
        if request.token:
            self._check_token_owner(owner, None)
        return key.secret, _identity_of_key(key)

    @staticmethod
    def _check_token_owner(owner: Session | None, claimed: Session | None) -> None:
        if owner is None:
            raise Refused("InvalidSecurityToken.Malformed")
        if owner is not claimed:
            raise Refused("InvalidSecurityToken.MismatchWithAccessKey")

    # -- the actions --

    def _act(self, request: _Request, identity: _Identity, fault: str) -> Document:
        if request.action == "AssumeRole":
            return self._assume_role(request, identity, fault)
        if request.action == "GetCallerIdentity":
            return self._get_caller_identity(identity)
        return self._ecs(request, identity)

    def _role_asked_for(self, parameters: dict[str, str]) -> Role:
        _check_mandatory(parameters, ("RoleArn", "RoleSessionName"))
        arn = _check_pattern(parameters, "RoleArn", r"acs:ram::\d{1,32}:role/[A-Za-z0-9.\-_]{1,64}")
        _check_pattern(parameters, "RoleSessionName", r"[A-Za-z0-9.@\-_]{2,64}")
        _check_pattern(parameters, "ExternalId", r"[\w+=,.@:/-]{2,1224}")
        _check_pattern(parameters, "SourceIdentity", r"(?!acs:|aliyun:|alibabacloud:)[\w+=,.@-]{2,64}")
        _check_policy(parameters.get("Policy", ""))
        _check_duration(parameters, 43200)
        role = self.world.roles.get(arn.lower())
        if role is None:
            raise Refused("EntityNotExist.Role")
        return role

    def _assume_role(self, request: _Request, identity: _Identity, fault: str) -> Document:
        parameters = request.parameters
        if identity.kind == "Account":
            raise Refused("NoPermission", "Roles may not be assumed by root accounts.")
        # Without any permission to call AssumeRole one does not learn which roles exist.
        if not identity.may_assume:
            raise Refused("NoPermission")
        role = self._role_asked_for(parameters)
        if not (identity.is_allowed_to_assume(role) and identity.is_trusted_by(role)):
            raise Refused("NoPermission")
        if role.external_id is not None and parameters.get("ExternalId") != role.external_id:
            raise Refused("NoPermission")
        inherited = identity.session.source_identity if identity.session else ""
        source_identity = parameters.get("SourceIdentity", "") or inherited
        if inherited and source_identity != inherited:
            raise Refused("NoPermission")
        return self._issue(parameters, role, source_identity, fault)

    def _assume_role_with_oidc(self, request: _Request, fault: str) -> Document:
        parameters = request.parameters
        _check_mandatory(parameters, ("OIDCProviderArn", "OIDCToken"))
        role = self._role_asked_for(parameters)
        arn = _check_pattern(parameters, "OIDCProviderArn", r"acs:ram::\d{1,32}:oidc-provider/[\w.-]{1,128}")
        provider = self.world.providers.get(arn)
        if provider is None:
            raise Refused("EntityNotExist.OIDCProvider")
        code = provider.tokens.get(parameters["OIDCToken"], "AuthenticationFail.OIDCToken.Invalid")
        if code:
            raise Refused(code)
        if provider.arn not in role.trusts:
            raise Refused("AuthenticationFail.NoPermission")
        token_info = {"Issuer": provider.issuer, "Subject": "good", "ClientIds": "role-env"}
        return {**self._issue(parameters, role, "", fault), "OIDCTokenInfo": token_info}

    def _issue(self, parameters: dict[str, str], role: Role, source_identity: str, fault: str) -> Document:
        seconds = float(_check_duration(parameters, role.max_session_seconds))
        if self.session_seconds is not None:
            seconds = self.session_seconds
        session = Session(
            id="STS.NU" + _letters(22),
            secret=self._new_secret(fault),
            token=self._new_token(fault),
            # STS tells whole seconds, and the session ends when it says so.
            expiration=float(int(self.now() + seconds)),
            role=role,
            name=parameters["RoleSessionName"],
            policy=parameters.get("Policy", ""),
            source_identity=source_identity,
        )
        self.issued.append(session)
        document: Document = {
            "Credentials": {
                "AccessKeyId": session.id,
                "AccessKeySecret": session.secret,
                "SecurityToken": session.token,
                "Expiration": time.strftime(TIME_FORMAT, time.gmtime(session.expiration)),
            },
            "AssumedRoleUser": {
                "Arn": self._assumed_role_arn(role, session.name, fault),
                "AssumedRoleId": f"{role.role_id}:{session.name}",
            },
        }
        if source_identity:
            document["SourceIdentity"] = source_identity
        _spoil_credentials(document["Credentials"], fault)
        return document

    def _assumed_role_arn(self, role: Role, session_name: str, fault: str) -> str:
        account = "9999999999999999" if fault == "other-account-arn" else role.account
        name = "another-role" if fault == "other-role-arn" else role.name.lower()
        session_name = "another-session" if fault == "other-session-arn" else session_name
        head = {
            "role": f"acs:ram::{account}:role",
            "assumed-role": f"acs:sts::{account}:assumed-role",
            "ram-assumed-role": f"acs:ram::{account}:assumed-role",
        }[self.arn_shape]
        return f"{head}/{name}/{session_name}"

    def _new_secret(self, fault: str) -> str:
        secret = _letters(44)
        return f"{secret[:20]}\n{secret[20:]}" if fault == "newline-in-secret" else secret

    def _new_token(self, fault: str) -> str:
        token = base64.b64encode(secrets.token_bytes(self.token_length)).decode()[: self.token_length]
        touch = f"touch '{self.command_ran}'"
        odd = {
            "quote-in-token": "'\"' \\ \"$HOME\" '\\'' %s !! # ; & | < > ( ) { } ~ * ? ",
            "command-in-token": f"$({touch})`{touch}`';{touch};'\";{touch};\"$({touch})",
            "nul-in-token": "\x00",
            "non-ascii-token": "\u00e9\u2713\u5bc6",
        }.get(fault, "")
        if fault == "megabyte-token":
            return token + "A" * (1 << 20)
        return f"{token[:40]}{odd}{token[40:]}"

    @staticmethod
    def _get_caller_identity(identity: _Identity) -> Document:
        document = {
            "AccountId": identity.account,
            "Arn": identity.arn,
            "IdentityType": identity.kind,
            "PrincipalId": identity.principal_id,
            "UserId": identity.principal_id,
        }
        if identity.session:
            document["RoleId"] = identity.session.role.role_id
        return document

    @staticmethod
    def _ecs(request: _Request, identity: _Identity) -> Document:
        region = request.parameters.get("RegionId")
        if not region:
            raise Refused("MissingParameter", 'The input parameter "RegionId" is not supplied.')
        action = f"ecs:{request.action}"
        session = identity.session
        if session is None or action not in session.role.allows or _denies(session.policy, action):
            raise Refused("Forbidden.RAM")
        instances = [
            {"InstanceId": f"i-bp1{name}", "InstanceName": name, "RegionId": region, "Status": "Running"}
            for name in ("web", "db")
        ]
        return {
            "PageNumber": 1,
            "PageSize": 10,
            "TotalCount": len(instances),
            "Instances": {"Instance": instances},
        }

    # -- answers that STS did not mean --

    def _fault_answer(self, fault: str, request: _Request, request_id: str) -> _Answer:
        if fault.startswith("code:"):
            _, code, status = fault.split(":")
            return self._refusal(request, request_id, Refused(code, status=int(status)))
        refusals = {
            "503": Refused("ServiceUnavailable"),
            "internal-error": Refused("InternalError"),
            "throttling": Refused("Throttling.User"),
            "throttling-429": Refused("Throttling.User", status=429),
            "escape-in-message": Refused("NoPermission", f"You are not {ESCAPES}authorized."),
        }
        if fault in refusals:
            return self._refusal(request, request_id, refusals[fault])
        return self._foreign_answer(fault)

    def _foreign_answer(self, fault: str) -> _Answer:
        def page(title: str) -> bytes:
            return f"<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>".encode()

        html = "text/html;charset=utf-8"
        elsewhere = {"Location": f"https://{self.endpoint}/elsewhere"}
        portal = {"Location": "http://portal.invalid/login"}
        return {
            "html-200": _Answer(200, page("Welcome to the hotel"), html),
            "html-502": _Answer(502, page("502 Bad Gateway"), html),
            "500": _Answer(500, page("500 Internal Server Error"), html),
            "captive-portal": _Answer(302, page("Please sign in"), html, headers=portal),
            "redirect": _Answer(307, b"", html, headers=elsewhere),
            "huge": _Answer(200, b'{"RequestId":"' + b"A" * (10 << 20) + b'"}'),
        }.get(fault, _Answer(200, b""))


def _spoil_credentials(credentials: dict[str, str], fault: str) -> None:
    missing = {
        "missing-id": "AccessKeyId",
        "missing-secret": "AccessKeySecret",
        "missing-token": "SecurityToken",
        "missing-expiration": "Expiration",
    }
    if fault in missing:
        del credentials[missing[fault]]
    elif fault == "expired-answer":
        credentials["Expiration"] = "2020-01-01T00:00:00Z"
    elif fault == "expiration-without-zone":
        credentials["Expiration"] = credentials["Expiration"].removesuffix("Z")


def _encoded(document: Document, root: str, as_json: bool) -> tuple[bytes, str]:
    """The body and its type. STS answers XML to whoever does not ask for JSON."""
    if as_json:
        return json.dumps(document, ensure_ascii=False).encode(), "application/json;charset=utf-8"
    return f"<?xml version='1.0' encoding='UTF-8'?>{_xml(root, document)}".encode(), "text/xml;charset=utf-8"


def _xml(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_xml(name, one) for one in value)
    inner = "".join(_xml(*pair) for pair in value.items()) if isinstance(value, dict) else escape(str(value))
    return f"<{name}>{inner}</{name}>"


# ---- sockets and TLS ----


def _tls_context(certificate: Certificate, ca_file: Path, server_names: list[str | None]) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    if certificate == "unknown-ca":
        authority = trustme.CA()
    names = ("elsewhere.example",) if certificate == "wrong-host" else ("localhost", "127.0.0.1")
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    leaf = authority.issue_cert(*names, not_after=yesterday if certificate == "expired" else None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)

    def note_name(_connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        server_names.append(name)

    context.sni_callback = cast(Any, note_name)
    return context


def _reset_on_close(connection: socket.socket) -> None:
    """Makes closing the connection send RST instead of FIN."""
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    # Not HTTPServer: that one looks its own name up when it binds, which can take seconds.
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, sts: LocalSts, context: ssl.SSLContext) -> None:
        self.sts, self.context = sts, context
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Runs in the connection's own thread: a client that dawdles in its handshake delays no other."""
        sts = self.sts
        healed = sts._healed
        with sts._lock:
            sts.connections_seen += 1
        fault = sts._take_connection_fault()
        if fault == "hang-in-handshake" and not sts._closing:
            healed.wait()
        if fault in ("hang-in-handshake", "reset-on-accept"):
            _reset_on_close(request)
            return
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True) as connection:
            if fault == "reset-after-handshake":
                _reset_on_close(connection)
                return
            _Handler(connection, client_address, cast(Any, self))

    def shutdown_request(self, request: Any) -> None:
        """Closes without the FIN that the base class sends first, which would spoil a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Reports bugs of this file only: clients that hang up or refuse a certificate are what is tested."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: Any

    def do_POST(self) -> None:
        """Answers an API call."""
        sts: LocalSts = self.server.sts
        # Taken before the fault is: a heal() between the two must not be missed.
        healed = sts._healed
        if sts._closing:
            self._hang_up()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer, fault = sts._answer(self.command, self.path, headers, body)
        if fault.startswith("delay:"):
            healed.wait(float(fault.partition(":")[2]))
        if fault == "hang":
            healed.wait()
        if fault in ("hang", "reset-after-request"):
            self._hang_up()
        elif fault == "reset-mid-answer":
            self.wfile.write(answer[: len(answer) - 100])
            self._hang_up()
        elif fault == "slow":
            self._dawdle(answer, healed)
        else:
            self.wfile.write(answer)

    do_GET = do_POST

    def _hang_up(self) -> None:
        _reset_on_close(self.connection)
        self.close_connection = True

    def _dawdle(self, answer: bytes, healed: threading.Event) -> None:
        for value in answer:
            self.wfile.write(bytes([value]))
            if healed.wait(self.server.sts.seconds_per_byte):
                self._hang_up()
                return

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what arrived is in `calls`."""


# ---- as a program ----


def description(sts: LocalSts) -> Document:
    """What a script needs to know to use the server. Holds secrets: made-up ones, but they are compared."""
    return {
        "endpoint": sts.endpoint,
        "ca_file": str(sts.ca_file),
        "access_key_id": sts.access_key_id,
        "access_key_secret": sts.access_key_secret,
        "user_arn": sts.user_arn,
        "role_arn": sts.role_arn,
        "roles": {role.name.lower(): role.arn for role in sts.world.roles.values()},
        "keys": {
            key.user.name if key.user else "root": {"access_key_id": key.id, "access_key_secret": key.secret}
            for key in sts.world.keys.values()
        },
        "external_id": EXTERNAL_ID,
        "oidc_provider_arn": sts.oidc_provider_arn,
        "oidc_token": sts.oidc_token(),
        "calls_file": str(sts.calls_file or ""),
        "pid": os.getpid(),
    }


def _write_privately(path: Path, document: Document) -> None:
    """In one step: who sees the file sees all of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600, exist_ok=False)
    partial.write_text(json.dumps(document, indent=2), encoding="utf-8")
    partial.replace(path)


def main() -> int:
    """Serves until stdin closes or SIGTERM comes."""
    parser = argparse.ArgumentParser(description="A local STS; ready when FOLDER/sts.json is there.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    folder = parser.parse_args().folder.resolve()
    ready = folder / "sts.json"
    # A stale one would tell a script of a server that is gone.
    ready.unlink(missing_ok=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())

    def wait_for_end_of_input() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 4096):
                pass
        ended.set()

    with LocalSts(folder, calls_file=folder / "calls.jsonl") as sts:
        threading.Thread(target=wait_for_end_of_input, daemon=True).start()
        _write_privately(ready, description(sts))
        # Not without a timeout: that keeps Windows from noticing a signal.
        while not ended.wait(0.2):
            pass
        ready.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
