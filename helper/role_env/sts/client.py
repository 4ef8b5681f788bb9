"""The calls to STS: built and signed by Alibaba's SDK, carried by our own TLS connection.

The SDK never sends: its transport leaves out SNI on current Pythons, turns the check of certificates off for an empty
ALIBABA_CLOUD_CA_BUNDLE, ignores NO_PROXY and has no total deadline. Rules of the API: STS 2015-04-01, AssumeRole,
AssumeRoleWithOIDC (which is not signed) and GetCallerIdentity. Nothing of a request or an answer is ever put into an
error but STS's own Code and Message.
"""

import email.utils
import re
import secrets
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from role_env import timestamps
from role_env.credentials import AccessKey, Credentials
from role_env.deadline import Deadline
from role_env.errors import RefusedError, UnreachableError, printable
from role_env.sts import responses as answers
from role_env.sts.http import Answer, Passing, Server, persistently
from role_env.ui import messages

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# A gateway's Message may quote the string that was to be signed, and in it the token; no other word is so long.
_LONG_WORD = re.compile(r"\S{120,}")


class StsError(RefusedError):
    """STS answered with an error. `code` is its Code; `clock_offset` how many seconds this clock is behind STS's."""

    def __init__(self, message: str, *, code: str, hint: str = "", clock_offset: float = 0) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.clock_offset = clock_offset


def assume_role(
    key: AccessKey,
    *,
    endpoint: str,
    role_arn: str,
    session_name: str,
    duration_seconds: int,
    deadline: Deadline,
    external_id: str = "",
    policy: str = "",
    source_identity: str = "",
) -> Credentials:
    """The credentials of a new session of `role_arn`, whose answer has been checked.

    Raises StsError when STS refuses, RefusedError when the session is not of the account, role and name asked for,
    UnreachableError when no sensible answer came by the deadline.
    """
    from aliyunsdksts.request.v20150401.AssumeRoleRequest import AssumeRoleRequest

    request = AssumeRoleRequest()
    request.set_RoleArn(role_arn)
    request.set_RoleSessionName(session_name)
    request.set_DurationSeconds(duration_seconds)
    for put, value in (
        (request.set_ExternalId, external_id),
        (request.set_Policy, policy),
        (request.set_SourceIdentity, source_identity),
    ):
        if value:
            put(value)
    issued = time.time()
    answer = _call(request, key, endpoint, deadline)
    credentials = _credentials(answer, endpoint, issued)
    _check_assumed(answer, endpoint, role_arn, session_name)
    return credentials


def assume_role_with_oidc(
    token: str,
    *,
    endpoint: str,
    provider_arn: str,
    role_arn: str,
    session_name: str,
    duration_seconds: int,
    deadline: Deadline,
    policy: str = "",
) -> Credentials:
    """The credentials of a new session of `role_arn`, for whom the OIDC provider's `token` names; no key is needed.

    The token goes in the body, since addresses are written to logs. Raises as assume_role does.
    """
    form = {
        "RoleArn": role_arn,
        "OIDCProviderArn": provider_arn,
        "OIDCToken": token,
        "RoleSessionName": session_name,
        "DurationSeconds": str(duration_seconds),
        **({"Policy": policy} if policy else {}),
    }
    server = Server(endpoint)

    def call() -> dict[str, Any]:
        answer = server.ask("POST", _unsigned("AssumeRoleWithOIDC"), headers=_FORM, body=body, deadline=deadline)
        return _document(endpoint, answer)

    body = urllib.parse.urlencode(form).encode()
    issued = time.time()
    answer = _asked(endpoint, call, deadline)
    credentials = _credentials(answer, endpoint, issued)
    _check_assumed(answer, endpoint, role_arn, session_name)
    return credentials


def _unsigned(action: str) -> str:
    """The address of a call that needs no signature, of this moment."""
    common = {
        "Action": action,
        "Version": "2015-04-01",
        "Format": "JSON",
        "Timestamp": timestamps.format_utc(int(time.time())),
        "SignatureNonce": secrets.token_hex(16),
    }
    return "/?" + urllib.parse.urlencode(common)


def caller_identity(key: AccessKey, *, endpoint: str, deadline: Deadline) -> dict[str, Any]:
    """STS's own answer on who signs with `key`. Raises StsError and UnreachableError."""
    from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest

    answer = _call(GetCallerIdentityRequest(), key, endpoint, deadline)
    if not isinstance(answer.get("Arn"), str) or not isinstance(answer.get("AccountId"), str):
        raise _nonsense(endpoint, "it does not tell the identity")
    return answer


def _call(request: Any, key: AccessKey, endpoint: str, deadline: Deadline) -> dict[str, Any]:
    """What STS answers to `request`, which is signed anew for each try, since STS takes a nonce only once."""
    messages.hush_libraries()
    request.set_accept_format("JSON")
    if key.security_token:
        request.add_query_param("SecurityToken", key.security_token)
    server = Server(endpoint)

    def call() -> dict[str, Any]:
        path = request.get_url("cn-hangzhou", key.access_key_id, key.access_key_secret)
        return _document(endpoint, server.ask("POST", path, headers=request.get_headers(), deadline=deadline))

    return _asked(endpoint, call, deadline)


def _asked(endpoint: str, call: Callable[[], dict[str, Any]], deadline: Deadline) -> dict[str, Any]:
    return persistently(f"STS at {endpoint} could not be asked", call, deadline)


def _document(endpoint: str, answer: Answer) -> dict[str, Any]:
    status, moment, body = answer
    document = answers.json_object(body)
    code = document.get("Code") if document else None
    if status >= 500 or (isinstance(code, str) and code.startswith("Throttling")) or status == 429:
        raise Passing(f"it answered {status}" + (f" {printable(code)[:80]}" if isinstance(code, str) else ""))
    if status == 200 and document is not None and not isinstance(code, str):
        return document
    if status != 200 and isinstance(code, str):
        raise _refusal(document or {}, code, moment)
    raise _nonsense(endpoint, f"status {status}" if status != 200 else "it is no JSON object")


def _nonsense(endpoint: str, what: str) -> UnreachableError:
    return UnreachableError(
        f"what {endpoint} answered is not STS's: {what}",
        hint="is it the right endpoint, or does a sign-in page or proxy stand in between?",
    )


# What a person can do about each Code of STS (prefixes, the longest first).
_HINTS: tuple[tuple[str, str], ...] = (
    ("EntityNotExist.Role", "check role_arn: its account and its name"),
    ("InvalidAccessKeyId.NotFound", "the key was deleted, or its id is mistyped"),
    ("InvalidAccessKeyId.Inactive", "the key is disabled: enable it in the RAM console, or use another"),
    ("SignatureDoesNotMatch", "access_key_secret is not the secret of this access_key_id"),
    ("InvalidSecurityToken.Expired", "the source's own session has ended: get a new one"),
    ("InvalidSecurityToken", "security_token does not belong to this key: take both from the same place"),
    ("InvalidParameter.DurationSeconds", "the role allows shorter sessions only: see its MaxSessionDuration"),
    ("InvalidParameter", "the profile's value for what is named after the dot is not what STS takes"),
    ("SignatureNonceUsed", "try again"),
    ("AuthenticationFail.OIDCToken.Expired", "the OIDC token has ended: let its issuer give a new one"),
    ("AuthenticationFail.OIDCToken.AudienceNotMatch", "the token's audience must be a client id of the OIDC provider"),
    ("AuthenticationFail.OIDCToken", "is the token of the issuer that oidc_provider_arn stands for, and is it whole?"),
    ("AuthenticationFail", "the role's trust policy must name the OIDC provider, and its conditions fit the token"),
    ("EntityNotExist.OIDCProvider", "check oidc_provider_arn: its account and its name"),
)


def _refusal(document: dict[str, Any], code: str, moment: str) -> StsError:
    message = document.get("Message")
    said = _LONG_WORD.sub("…", printable(message))[:300] if isinstance(message, str) else ""
    offset = _clock_offset(moment)
    hint = next((hint for prefix, hint in _HINTS if code.startswith(prefix)), "")
    if code.startswith("InvalidTimeStamp"):
        direction = "behind" if offset > 0 else "ahead"
        hint = f"this machine's clock is {abs(round(offset / 60))} minutes {direction} of STS's: set it"
    said_code = _LONG_WORD.sub("…", printable(code))[:100]
    return StsError(f"STS said {said_code}: {said}", code=code, hint=hint, clock_offset=offset)


def _clock_offset(moment: str) -> float:
    """By how many seconds this clock is behind the answer's Date; 0 where there is none."""
    try:
        return email.utils.parsedate_to_datetime(moment).timestamp() - time.time()
    except (TypeError, ValueError):
        return 0.0


def _credentials(answer: dict[str, Any], endpoint: str, issued: float) -> Credentials:
    part = answer.get("Credentials")
    try:
        return answers.credentials(part if isinstance(part, dict) else {}, issued=issued)
    except ValueError as error:
        raise _nonsense(endpoint, str(error)) from None


def _check_assumed(answer: dict[str, Any], endpoint: str, role_arn: str, session_name: str) -> None:
    """Refuses a session of another account, role or name, in each of the shapes in which STS writes an ARN.

    The role's case does not count: a role created as `switchRoleSbc` comes back as `switchrolesbc`.
    """
    user = answer.get("AssumedRoleUser")
    arn = user.get("Arn") if isinstance(user, dict) else None
    if not isinstance(arn, str):
        raise _nonsense(endpoint, "it does not tell whose session it is")
    shape = re.fullmatch(r"acs:(?:ram|sts)::([0-9]+):(?:role|assumed-role)/([^/]+)/([^/]+)", arn)
    account, role = role_arn.split(":")[3], role_arn.split("/", 1)[1]
    if not shape or (shape[1], shape[2].lower(), shape[3]) != (account, role.lower(), session_name):
        raise RefusedError(
            f"STS answered with a session of {printable(arn)[:200]}, not of {role_arn} with the name {session_name}",
            hint="is the endpoint STS's? Nothing was exported",
        )
