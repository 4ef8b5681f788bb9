"""A local STS: the answers, and above all the refusals, of Alibaba Cloud's STS over real TLS.

In a test::

    with LocalSts(tmp_path) as sts:
        ...                                     # sts.endpoint, sts.ca_file, sts.access_key_id, sts.role_arn
        sts.fault("reset-mid-answer")           # the next call fails that way; see faults.py
        assert len(sts.calls_of("AssumeRole")) == 1

The same server answers a few calls of ECS and KMS (products.py), for what a session may do.
"""

from __future__ import annotations

import base64
import re
import secrets
from pathlib import Path
from typing import Literal

from cloud import policies, products
from cloud.answers import Document, Refused
from cloud.api_server import ApiServer, check_mandatory
from cloud.faults import spoil
from cloud.saml import RECIPIENT
from cloud.signatures import Request
from cloud.world import ACCOUNT_A, ACCOUNT_B, Identity, Role, Session, default_world, letters, role_arn
from support.certificates import Certificate

ArnShape = Literal["role", "assumed-role", "ram-assumed-role"]

STS_VERSION = "2015-04-01"
STS_ACTIONS = ("AssumeRole", "AssumeRoleWithOIDC", "AssumeRoleWithSAML", "GetCallerIdentity")


class LocalSts(ApiServer):
    """A running STS; see ApiServer."""

    def __init__(self, folder: Path, *, certificate: Certificate = "good", calls_file: Path | None = None) -> None:
        self.arn_shape: ArnShape = "assumed-role"
        self.session_seconds: float | None = None
        self.token_length = 700
        super().__init__(folder, default_world(), certificate=certificate, calls_file=calls_file)

    @property
    def issued(self) -> list[Session]:
        """The sessions that were issued, in order."""
        return self.world.issued

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
        """Return a token that is accepted, or one that is refused with the code given."""
        tokens = self.world.providers[self.oidc_provider_arn].tokens
        return next(token for token, code in tokens.items() if code == refused_with)

    # -- the actions --

    def version_of(self, action: str) -> str | None:
        """Return the version of STS's or a product's API, or None."""
        return STS_VERSION if action in STS_ACTIONS else products.VERSIONS.get(action)

    def act_unsigned(self, request: Request, fault: str) -> Document | None:
        """Carry out an action that takes a token or an assertion for a signature. Raises Refused."""
        if request.action == "AssumeRoleWithOIDC":
            return self._assume_role_with_oidc(request, fault)
        return self._assume_role_with_saml(request, fault) if request.action == "AssumeRoleWithSAML" else None

    def act(self, request: Request, identity: Identity, fault: str) -> Document:
        """Carry out the request of the identity. Raises Refused."""
        if request.action == "AssumeRole":
            return self._assume_role(request, identity, fault)
        if request.action == "GetCallerIdentity":
            return self._get_caller_identity(identity)
        return products.answer(request, identity)

    def _role_asked_for(self, parameters: dict[str, str], mandatory: tuple[str, ...] = ("RoleSessionName",)) -> Role:
        check_mandatory(parameters, ("RoleArn", *mandatory))
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

    def _assume_role(self, request: Request, identity: Identity, fault: str) -> Document:
        parameters = request.parameters
        # A caller without any permission for AssumeRole does not learn which roles exist.
        if not identity.owner or not identity.owner.may_assume:
            raise Refused("NoPermission")
        role = self._role_asked_for(parameters)
        if not (identity.is_allowed_to_assume(role) and identity.is_trusted_by(role)):
            raise Refused("NoPermission")
        if role.external_id is not None and parameters.get("ExternalId") != role.external_id:
            raise Refused("NoPermission")
        return self._issue(parameters, role, fault)

    def _assume_role_with_oidc(self, request: Request, fault: str) -> Document:
        parameters = request.parameters
        check_mandatory(parameters, ("OIDCProviderArn", "OIDCToken"))
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
        return {**self._issue(parameters, role, fault), "OIDCTokenInfo": token_info}

    def _assume_role_with_saml(self, request: Request, fault: str) -> Document:
        parameters = request.parameters
        check_mandatory(parameters, ("SAMLProviderArn", "SAMLAssertion"))
        role = self._role_asked_for(parameters, ())
        arn = _check_pattern(parameters, "SAMLProviderArn", r"acs:ram::\d{1,32}:saml-provider/[\w.-]{1,128}")
        provider = self.world.saml_providers.get(arn)
        if provider is None:
            raise Refused("EntityNotExist.SAMLProvider")
        statement = provider.statements.get(parameters["SAMLAssertion"])
        if statement is None or (role.arn.lower(), arn) not in statement.pairs:
            raise Refused("AuthenticationFail.SAMLAssertion.Invalid")
        if statement.code:
            raise Refused(statement.code)
        if provider.arn not in role.trusts:
            raise Refused("AuthenticationFail.NoPermission")
        info = {
            "SubjectType": "persistent",
            "Subject": "alice",
            "Issuer": "https://idp.example",
            "Recipient": RECIPIENT,
        }
        return {
            **self._issue(parameters | {"RoleSessionName": statement.session_name}, role, fault),
            "SAMLAssertionInfo": info,
        }

    def _issue(self, parameters: dict[str, str], role: Role, fault: str) -> Document:
        seconds = float(_check_duration(parameters, role.max_session_seconds))
        if self.session_seconds is not None:
            seconds = self.session_seconds
        session = Session(
            id="STS.NU" + letters(22),
            secret=letters(44),
            token=base64.b64encode(secrets.token_bytes(self.token_length)).decode()[: self.token_length],
            # STS gives whole seconds, and the session ends at that second.
            expiration=float(int(self.now() + seconds)),
            role=role,
            name=parameters["RoleSessionName"],
            policy=parameters.get("Policy", ""),
        )
        self.world.issued.append(session)
        credentials, user = session.credentials, {"Arn": self._assumed_role_arn(session)}
        spoil(credentials, fault)
        spoil(user, fault)
        session.secret = credentials.get("AccessKeySecret", session.secret)
        session.token = credentials.get("SecurityToken", session.token)
        return {"Credentials": credentials, "AssumedRoleUser": user}

    def _assumed_role_arn(self, session: Session) -> str:
        account = session.role.account
        head = {
            "role": f"acs:ram::{account}:role",
            "assumed-role": f"acs:sts::{account}:assumed-role",
            "ram-assumed-role": f"acs:ram::{account}:assumed-role",
        }[self.arn_shape]
        return f"{head}/{session.role.name.lower()}/{session.name}"

    @staticmethod
    def _get_caller_identity(identity: Identity) -> Document:
        return {
            "AccountId": identity.account,
            "Arn": identity.arn,
            "IdentityType": identity.kind,
            "PrincipalId": identity.account,
            "UserId": identity.account,
        }


def _check_pattern(parameters: dict[str, str], name: str, pattern: str) -> str:
    value = parameters.get(name, "")
    if value and not re.fullmatch(pattern, value, re.ASCII):
        raise Refused(f"InvalidParameter.{name}")
    return value


def _check_policy(policy: str) -> None:
    if len(policy) > policies.LONGEST:
        raise Refused("InvalidParameter.PolicySize")
    try:
        if policy:
            policies.parse(policy)
    except policies.PolicyError as error:
        raise Refused("InvalidParameter.PolicyGrammar", str(error)) from None


def _check_duration(parameters: dict[str, str], longest: int) -> int:
    text = parameters.get("DurationSeconds") or "3600"
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not 900 <= int(text) <= longest:
        raise Refused("InvalidParameter.DurationSeconds")
    return int(text)
