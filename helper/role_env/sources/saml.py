"""The credential source for a SAML assertion, which replaces a key in AssumeRoleWithSAML.

A program signs in to an identity provider and prints the base64 of the provider's whole SAML response. The assertion in
it names the roles that the person may assume, each with the SAML provider, and the session's name. It is a secret, and
valid for minutes, so the program is run for each session. Its signature is STS's to check.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from role_env import validators
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.errors import ProfileError, printable
from role_env.files.dependencies import Dependencies
from role_env.sources import program
from role_env.sources.base import Source
from role_env.sources.section import Section

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from role_env.sts.hop import Hop

_KIND = "SAML process"
# The longest assertion that STS takes (characters).
_LONGEST = 100_000
# The ends of the names of the assertion's attributes: the beginning has the name of the site.
_ROLE, _SESSION_NAME = "/SAML-Role/Attributes/Role", "/SAML-Role/Attributes/RoleSessionName"
_HINT = "make it print the base64 of the identity provider's whole SAML response, and nothing else"
# The most roles that a hint names.
_MOST_NAMED = 5


class SamlAssertion(Source):
    """A credential source that assumes a role with a SAML assertion instead of a key."""

    kind = "saml"
    keys = {
        "saml_provider_arn": validators.pattern(
            r"acs:ram::[0-9]{1,32}:saml-provider/[A-Za-z0-9._-]{1,128}",
            "a SAML provider's ARN, acs:ram::<account>:saml-provider/<name>",
        ),
        "saml_process": validators.command,
    }
    request_name = "AssumeRoleWithSAML"
    not_carried = ("role_session_name", "external_id", "source_identity")
    requires_role = True
    waits_for = "the SAML process"
    choice = "SAML, by a command that signs in at an identity provider"
    questions = (
        ("saml_provider_arn", "ARN of the SAML provider"),
        ("saml_process", "Command that prints the SAML response as base64"),
    )

    @classmethod
    def parse(cls, section: Section, values: Mapping[str, Any], dependencies: Dependencies) -> Source:
        """Return the source. The assertion names the session."""
        for key in ("role_arn", *cls.keys):
            if key not in values:
                raise section.missing(
                    key, hint=f"add it: a SAML assertion is used with role_arn, {' and '.join(cls.keys)}"
                )
        source = super().parse(section, values, dependencies)
        source.profile_fields = {"role_session_name": ""}
        return source

    def assume(self, hop: "Hop", context: Context) -> Credentials:
        """Request a session of the role of `hop` with the assertion that the program prints."""
        provider_arn, command = self.values
        with self.locate_errors(), context.messages.waiting_for(self.waits_for):
            with program.own_seconds(context) as seconds:
                silent = context.messages.silent
                output = program.run(command, context.environ, kind=_KIND, seconds=seconds, silent=silent)
            assertion, session_name = _read(output, program.shown(command, _KIND), hop.role_arn, provider_arn)
        from role_env.sts import client as sts

        return sts.assume_role_with_saml(hop, assertion, provider_arn, context, session_name=session_name)


def _read(output: bytes, name: str, role_arn: str, provider_arn: str) -> tuple[str, str]:
    """Return the SAML response in `output` as STS takes it, and the session's name; empty if that is encrypted.

    Raises ProfileError, which calls the program `name`, for anything else, and for a response that offers other roles.
    """
    text = "".join(output.decode("ascii", "replace").split())
    if len(text) > _LONGEST:
        raise ProfileError(f"{name} prints a response of more than {_LONGEST} characters, which STS does not take")
    try:
        response = _parse(base64.b64decode(text, validate=True))
    except ValueError:  # also for other characters, and for what is no XML
        raise ProfileError(f"{name} prints no SAML response in base64", hint=_HINT) from None
    pairs = [_pair(value) for value in _values(response, _ROLE)]
    wanted = (role_arn.lower(), provider_arn)
    if pairs and wanted not in [(role.lower(), provider) for role, provider in pairs]:
        offered = [f"role_arn = {role} with saml_provider_arn = {provider}" for role, provider in pairs[:_MOST_NAMED]]
        raise ProfileError(
            f"the assertion that {name} prints is not for {role_arn} with {provider_arn}",
            hint=printable(f"its roles are: {'; '.join(offered)}{'; …' if len(pairs) > _MOST_NAMED else ''}"),
        )
    return text, next(iter(_values(response, _SESSION_NAME)), "")


def _parse(content: bytes) -> "Element":
    """Return the SAML response in `content`. Raises ValueError for anything else."""
    from xml.etree import ElementTree  # only where a session is requested

    if b"<!DOCTYPE" in content:  # SAML has no document type, whose entities could grow without bound
        raise ValueError("a document type")
    try:
        response = ElementTree.fromstring(content)  # noqa: S314  it declares no entity
    except ElementTree.ParseError as error:
        raise ValueError("no XML") from error
    if not response.tag.endswith("}Response"):
        raise ValueError("no response")
    return response


def _values(response: "Element", attribute: str) -> list[str]:
    """Return the values of the assertion's attribute whose name ends in `attribute`; none if it is encrypted."""
    found = (one for one in response.iter() if one.tag.endswith("}Attribute"))
    return [
        (value.text or "").strip()
        for one in found
        if one.get("Name", "").endswith(attribute)
        for value in one
        if value.tag.endswith("}AttributeValue")
    ]


def _pair(value: str) -> tuple[str, str]:
    """Return the ARNs of the role and of the provider in a value of the attribute; they come in either order."""
    first, _, second = (part.strip() for part in value.partition(","))
    return (second, first) if ":saml-provider/" in first else (first, second)
