"""What to do about a refusal of STS, or of a similar service, by its Code.

The codes of OIDC and SAML are those of the API pages of AssumeRoleWithOIDC and AssumeRoleWithSAML.
"""

LEAKED = "There is a risk of leakage of this AccessKey"
"""The beginning of the Message about a key that Alibaba Cloud has found in public; its Code is only `Forbidden`."""

_ROTATE_LEAKED = (
    "rotate it at once, in the RAM console: create another key there, store it with role-env's login, and delete this"
    " one; RAM refuses every call that this key signs, those of role-env's rotate too"
)
# The hint for each Code, by its beginning; the first that fits is used, so the longer one comes first.
_HINTS: tuple[tuple[str, str], ...] = (
    ("EntityNotExist.RoleArn", "check role_arn, its account and its name, and saml_provider_arn"),
    ("EntityNotExist.Role", "check role_arn: its account and its name"),
    ("EntityNotExist.SAMLProvider", "check saml_provider_arn: its account and its name"),
    ("EntityNotExist.OIDCProvider", "check oidc_provider_arn: its account and its name"),
    ("InvalidAccessKeyId.NotFound", "check access_key_id: the key was deleted, or its ID is mistyped"),
    (
        "InvalidAccessKeyId.Inactive",
        "look at the key in the RAM console: enable it if it is disabled; if it has a network access policy, or the"
        " account has one, this machine's address must be in it",
    ),
    ("SignatureDoesNotMatch", "check access_key_secret: it is not the secret of this access_key_id"),
    ("InvalidSecurityToken.Expired", "get a new session for the source: its own has expired"),
    ("InvalidSecurityToken", "take security_token and the key from the same place: they do not belong together"),
    ("InvalidParameter.DurationSeconds", "use a shorter duration: the role's MaxSessionDuration is below this one"),
    ("InvalidParameter.PolicyGrammar", "correct the session policy: STS does not accept it"),
    ("InvalidParameter.PolicySize", "shorten the session policy: STS takes 2,048 characters"),
    ("InvalidParameter", "check the profile's value for the parameter after the dot"),
    ("MissingParameter.SAMLAssertion", "let saml_process print the base64 of the identity provider's SAML response"),
    ("SignatureNonceUsed", "try again"),
    ("AuthenticationFail.OIDCToken.Expired", "get a new OIDC token from its issuer"),
    ("AuthenticationFail.OIDCToken.AudienceNotMatch", "use a client ID of the OIDC provider as the token's audience"),
    ("AuthenticationFail.OIDCToken", "check that the token is complete and comes from the issuer of oidc_provider_arn"),
    (
        "AuthenticationFail.SAMLAssertion.Expired",
        "let saml_process sign in again: the identity provider's SAML response is only valid for minutes",
    ),
    (
        "AuthenticationFail.SAMLAssertion",
        "check that saml_process prints the base64 of the whole SAML response, signed for saml_provider_arn, with the"
        " Audience urn:alibaba:cloudcomputing and a Role attribute with role_arn and saml_provider_arn",
    ),
    (
        "AuthenticationFail.IDPMetadata",
        "upload the identity provider's present metadata to the SAML provider in the RAM console: what it has is"
        " invalid",
    ),
    (
        "AuthenticationFail.NoPermission",
        "check the role's trust policy: the identity provider (OIDC or SAML), and the conditions on the token",
    ),
    ("AuthenticationFail", "check the role's trust policy: the OIDC provider, and the conditions on the token"),
)


def hint_for(code: str, message: str) -> str:
    """Return what to do about a refusal with this Code and Message; empty if that is unknown."""
    if LEAKED in message:
        return _ROTATE_LEAKED
    return next((hint for prefix, hint in _HINTS if code.startswith(prefix)), "")
