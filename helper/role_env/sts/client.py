"""Call STS: Alibaba's SDK builds and signs the requests, and our own TLS connection sends them.

The SDK's transport is not used: it omits SNI on current Pythons, disables the check of certificates for an empty
ALIBABA_CLOUD_CA_BUNDLE, ignores NO_PROXY and has no total deadline. API: STS 2015-04-01, AssumeRole, GetCallerIdentity,
and without a signature AssumeRoleWithOIDC and AssumeRoleWithSAML. Errors quote only STS's own Code and Message from a
request or response.
"""

import contextlib
import json
import re
import secrets
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from role_env import validators
from role_env.context import Context
from role_env.credentials import AccessKey, Credentials, format_utc, parse_date
from role_env.dataclass import replace
from role_env.errors import RefusedError, UnreachableError, printable
from role_env.http import responses
from role_env.http.client import TRIES, Client, Response
from role_env.sts import sdk
from role_env.sts.hop import Hop

# How long the error about a missing permission may wait for the caller's identity (seconds).
_IDENTITY_SECONDS = 3.0
# How much longer than requested a session may last by STS's own clock (seconds).
_LONGER = 300
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# A gateway's Message may quote the string to sign with the token in it. No other word is that long.
_LONGEST_WORD = 120


class StsError(RefusedError):
    """A refusal by STS, or by another service with the same protocol.

    `code` is its Code; `clock_offset` is the number of seconds that this clock is behind STS's. `is_key_leaked` is set
    for a key that Alibaba Cloud has found in public, of which it refuses many calls.
    """

    is_key_leaked = False

    def __init__(self, message: str, *, code: str, hint: str = "", clock_offset: float = 0) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.clock_offset = clock_offset


def assume_role(hop: Hop, key: AccessKey, context: Context) -> Credentials:
    """Return the credentials of a new session of the role of `hop`, requested with `key`.

    Errors name the profile. Raises StsError if STS refuses, RefusedError if the key may not assume the role or the
    session is for another account, role or session name, UnreachableError if there is no valid response in time.
    """
    with waiting_for_sts(hop, context):
        context.messages.decided(f"{hop.profile}: AssumeRole of {hop.role_arn} at {hop.endpoint}")
        service = Service("STS", hop.endpoint, context)
        service.connect()  # while the SDK is imported
        request = sdk.assume_role_request()
        parameters = _parameters(hop, ExternalId=hop.external_id, SourceIdentity=hop.source_identity)
        issued = time.time()
        try:
            return _session(service, service.send(request, parameters, key), hop, issued)
        except StsError as refusal:
            if refusal.code != "NoPermission":
                raise
            raise _no_permission(hop, key, context, refusal) from None


def assume_role_with_oidc(hop: Hop, token: str, provider_arn: str, context: Context) -> Credentials:
    """Return the credentials of a new session of the role of `hop`, requested with only the OIDC provider's `token`.

    The token is sent in the body, since addresses are written to logs. Raises as assume_role does.
    """
    form = _parameters(hop, OIDCProviderArn=provider_arn, OIDCToken=token)
    with waiting_for_sts(hop, context):
        context.messages.decided(f"{hop.profile}: AssumeRoleWithOIDC of {hop.role_arn} at {hop.endpoint}")
        service, issued = Service("STS", hop.endpoint, context), time.time()
        return _session(service, service.send_form("AssumeRoleWithOIDC", form), hop, issued)


def assume_role_with_saml(
    hop: Hop, assertion: str, provider_arn: str, context: Context, *, session_name: str
) -> Credentials:
    """Return the credentials of a new session of the role of `hop`, requested with only a SAML `assertion`, in base64.

    The assertion decides the session's name; an empty `session_name` is not known. It is sent in the body, since
    addresses are written to logs and it has up to 100,000 characters. Raises as assume_role does.
    """
    form = _parameters(hop, SAMLProviderArn=provider_arn, SAMLAssertion=assertion)
    with waiting_for_sts(hop, context):
        context.messages.decided(f"{hop.profile}: AssumeRoleWithSAML of {hop.role_arn} at {hop.endpoint}")
        service, issued = Service("STS", hop.endpoint, context), time.time()
        document = service.send_form("AssumeRoleWithSAML", form)
        return _session(service, document, replace(hop, session_name=session_name), issued)


def caller_identity(key: AccessKey, *, endpoint: str, context: Context) -> dict[str, Any]:
    """Return STS's response about the identity that `key` belongs to. Raises StsError and UnreachableError."""
    service = Service("STS", endpoint, context)
    service.connect()
    document = service.send(sdk.caller_identity_request(), {}, key)
    arn, account = document.get("Arn"), document.get("AccountId")
    with service.reading():
        if not isinstance(arn, str) or not isinstance(account, str) or not re.fullmatch(r"[0-9]{1,32}", account):
            raise ValueError("no Arn, or no number of an account")
        validators.one_line(arn)
    return document


def user_name(key: AccessKey, *, endpoint: str, context: Context) -> str:
    """Return the name of the RAM user of `key`; empty for another identity, and if STS does not say it at once."""
    with contextlib.suppress(RefusedError, UnreachableError):
        short = context.with_deadline(context.restarted().deadline.soonest(_IDENTITY_SECONDS))
        arn = caller_identity(key, endpoint=endpoint, context=short)["Arn"]
        match = re.fullmatch(r"acs:ram::[0-9]+:user/([A-Za-z0-9._-]{1,64})", arn)
        return match[1] if match else ""
    return ""


@contextlib.contextmanager
def waiting_for_sts(hop: Hop, context: Context) -> Iterator[None]:
    """Report a wait for the STS of `hop`, and add the profile and its location to errors."""
    try:
        with context.messages.waiting_for(f"STS at {hop.endpoint}"):
            yield
    except (StsError, UnreachableError) as failure:
        what, where = failure.message, ""
        if isinstance(failure, StsError):
            where = f" ({hop.where})"
            if failure.code.startswith("EntityNotExist.Role"):
                what, where = f"there is no role {hop.role_arn}: {what}", f" ({hop.role_where or hop.where})"
        failure.message = printable(f"profile {hop.profile}: {what}{where}")
        raise


class Service(Client):
    """A client of STS or a similar service, `name`. `date` is the Date of its last response, empty before the first."""

    date = ""

    def __init__(self, name: str, endpoint: str, context: Context) -> None:
        setting = "sts_endpoint" if name == "STS" else f"ALIBABA_CLOUD_{name.upper().replace(' ', '_')}_ENDPOINT"
        hint = f"check {setting}; a proxy or sign-in page may be intercepting the request"
        super().__init__(name, endpoint, context, hint=hint)

    def send(
        self, request: Any, parameters: Mapping[str, str], key: AccessKey, *, tries: int = TRIES
    ) -> dict[str, Any]:
        """Send `request` with its `parameters`, signed with `key`, and return the response.

        It is signed again for each of at most `tries` tries, since a nonce works only once. Raises StsError if the
        service refuses, UnreachableError if there is no valid response by the deadline.
        """
        request.set_accept_format("JSON")
        for name, value in parameters.items():
            request.add_query_param(name, value)
        if key.security_token:
            request.add_query_param("SecurityToken", key.security_token)

        def path() -> str:
            return str(request.get_url("cn-hangzhou", key.access_key_id, key.access_key_secret))

        return self._parse(self.request("POST", path, headers=request.get_headers(), tries=tries))

    def send_form(self, action: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Send `form` to an action that needs no signature, and return the response. Raises as `send`."""
        body = urllib.parse.urlencode(form).encode()

        def path() -> str:
            """Return a path that is valid for one try: its nonce works only once."""
            common = {
                "Action": action,
                "Version": "2015-04-01",
                "Format": "JSON",
                "Timestamp": format_utc(int(time.time())),
                "SignatureNonce": secrets.token_hex(16),
            }
            return "/?" + urllib.parse.urlencode(common)

        return self._parse(self.request("POST", path, headers=_FORM, body=body))

    def _parse(self, response: Response) -> dict[str, Any]:
        self.date = response.date
        code = response.text("Code")
        if response.status != 200 and code:
            raise _refusal(response, code, self.name)
        document = self.object_of(response)
        if code:
            raise self.invalid("status 200 with a Code")
        return document


def _parameters(hop: Hop, **more: str) -> dict[str, str]:
    parameters = {
        "RoleArn": hop.role_arn,
        "RoleSessionName": hop.session_name,
        "DurationSeconds": str(hop.duration_seconds),
        "Policy": hop.policy,
        **more,
    }
    return {name: value for name, value in parameters.items() if value}


def _no_permission(hop: Hop, key: AccessKey, context: Context, refusal: StsError) -> RefusedError:
    """Return an error that names the identity (GetCallerIdentity is always allowed), the role and the permission.

    A source identity needs an action of its own, in the caller's policy and in the role's trust policy.
    """
    caller, trusted = f"the key {key.shown_id}", "its account"
    with contextlib.suppress(RefusedError, UnreachableError):
        short = context.with_deadline(context.deadline.soonest(_IDENTITY_SECONDS))
        identity = caller_identity(key, endpoint=hop.endpoint, context=short)
        caller, trusted = identity["Arn"], f"acs:ram::{identity['AccountId']}:root"
    message = f"profile {hop.profile}: {caller} may not assume {hop.role_arn}: {refusal.message} ({hop.where})"
    if caller == trusted:
        return RefusedError(
            message,
            hint="an Alibaba Cloud account itself cannot assume roles: create a RAM user in it with the policy"
            " AliyunSTSAssumeRoleAccess, and use a key of that user",
        )
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity"] if hop.source_identity else "sts:AssumeRole"
    statement = {"Effect": "Allow", "Action": actions, "Resource": hop.role_arn}
    policy = json.dumps({"Version": "1", "Statement": [statement]})
    also = ", allow sts:SetSourceIdentity there too" if hop.source_identity else ""
    hint = f"attach the policy {policy} to it, name {trusted} in the role's trust policy{also}, and check external_id"
    return RefusedError(message, hint=hint)


def _refusal(response: Response, code: str, service: str) -> StsError:
    from role_env.sts import hints  # only for a refusal

    said = responses.quote(response.text("Message"), longest_word=_LONGEST_WORD)
    offset = _clock_offset(response.date)
    hint = hints.hint_for(code, said)
    if code.startswith("InvalidTimeStamp"):
        direction = "behind" if offset > 0 else "ahead of"
        hint = f"set this machine's clock: it is {abs(round(offset / 60))} minutes {direction} STS's"
    said_code = responses.quote(code, longest_word=_LONGEST_WORD)[:100]
    refusal = StsError(f"{service} said {said_code}: {said}", code=code, hint=hint, clock_offset=offset)
    refusal.is_key_leaked = hints.LEAKED in said
    return refusal


def _clock_offset(moment: str) -> float:
    """Return the seconds that this clock is behind the response's Date; 0 if there is none."""
    date = parse_date(moment)
    return date - time.time() if date else 0.0


def _session(service: Service, document: dict[str, Any], hop: Hop, issued: float) -> Credentials:
    """Return the session in a response; `issued` is in epoch seconds.

    Raises UnreachableError if it lasts longer than requested, from the moment that the response's Date names. Raises
    RefusedError if it is of another account, role or session name, in any form in which STS writes an ARN. The case of
    the role is ignored: a role created as `switchRoleSbc` is returned as `switchrolesbc`. A session name that is not
    known in advance is not compared.
    """
    part, user = document.get("Credentials"), document.get("AssumedRoleUser")
    with service.reading():
        credentials = responses.credentials(part if isinstance(part, dict) else {}, issued=issued)
        if credentials.expiration > (parse_date(service.date) or issued) + hop.duration_seconds + _LONGER:
            raise ValueError("Expiration is later than requested")
    arn = user.get("Arn") if isinstance(user, dict) else None
    if not isinstance(arn, str):
        raise service.invalid("no AssumedRoleUser")
    match = re.fullmatch(r"acs:(?:ram|sts)::([0-9]+):(?:role|assumed-role)/([^/]+)/([^/]+)", arn)
    requested = (hop.role_arn.account, hop.role_arn.name.lower(), hop.session_name)
    if not match or (match[1], match[2].lower(), match[3] if hop.session_name else "") != requested:
        raise RefusedError(
            f"STS returned a session of {printable(arn)[:200]}, not of {hop.role_arn} with the name {hop.session_name}",
            hint="check sts_endpoint; nothing was exported",
        )
    return credentials
