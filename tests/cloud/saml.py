"""A SAML identity provider, as far as STS and its clients see it: the responses that it gives to a person."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

RECIPIENT = "https://signin.aliyun.com/saml-role/sso"
"""The address of Alibaba Cloud to which a browser posts a response."""
_ATTRIBUTES = "https://www.aliyun.com/SAML-Role/Attributes"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Statement:
    """What a response says: the pairs of role (in lower case) and provider, the session's name, and STS's refusal."""

    pairs: frozenset[tuple[str, str]]
    session_name: str
    code: str = ""


@dataclass
class SamlProvider:
    """A provider that STS knows by its `arn`. `statements` has all that it has said, by the response in base64."""

    arn: str
    statements: dict[str, Statement] = field(default_factory=dict, repr=False)

    def response(
        self,
        roles: Iterable[str],
        *,
        session_name: str = "alice@example.com",
        code: str = "",
        provider_first: bool = False,
        is_encrypted: bool = False,
    ) -> str:
        """Return a response for the ARNs of `roles`, in base64. STS will refuse it by `code`, if that is not empty."""
        roles = list(roles)
        pairs = [f"{self.arn},{role}" if provider_first else f"{role}, {self.arn}" for role in roles]
        attributes = _attribute("Role", pairs) + _attribute("RoleSessionName", [session_name])
        assertion = f"<saml:Assertion ID='_{next(_numbers)}'><saml:AttributeStatement>{attributes}"
        assertion += "</saml:AttributeStatement></saml:Assertion>"
        if is_encrypted:
            assertion = f"<saml:EncryptedAssertion ID='_{next(_numbers)}'/>"
        document = (
            "<?xml version='1.0' encoding='UTF-8'?>"
            "<samlp:Response xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'"
            f" xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' Destination='{RECIPIENT}'>"
            f"{assertion}</samlp:Response>"
        )
        text = base64.b64encode(document.encode()).decode()
        pairs_of_sts = frozenset((role.lower(), self.arn) for role in roles)
        self.statements[text] = Statement(pairs_of_sts, session_name, code)
        return text


def _attribute(name: str, values: Iterable[str]) -> str:
    listed = "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in values)
    return f"<saml:Attribute Name='{_ATTRIBUTES}/{name}'>{listed}</saml:Attribute>"
