"""The calls to STS: built and signed by Alibaba's SDK, carried by our own TLS connection.

The SDK never sends: its transport leaves out SNI on current Pythons, turns the check of certificates off for an empty
ALIBABA_CLOUD_CA_BUNDLE, ignores NO_PROXY and has no total deadline. Rules of the API: STS 2015-04-01, AssumeRole and
GetCallerIdentity. Nothing of a request or an answer is ever put into an error but STS's own Code and Message.
"""

import base64
import email.utils
import http.client
import json
import os
import random
import re
import socket
import ssl
import time
import urllib.parse
import urllib.request
from functools import partial
from typing import Any

from role_env import __version__, exporters
from role_env.credentials import AccessKey, Credentials
from role_env.deadline import Deadline, Late, within
from role_env.errors import ProfileError, RefusedError, UnreachableError, printable

CONNECT_SECONDS = 10.0
TRIES = 3
# An answer has a few thousand bytes; a token with a session policy some more.
LARGEST_ANSWER = 256 * 1024
_VALUE = re.compile(r"[\x20-\x7e]+")
# Asking a proxy that refuses again would only lock its user out.
_PROXY_REFUSED = re.compile(r"Tunnel connection failed: 4")
# A gateway's Message may quote the string that was to be signed, and in it the token; no other word is so long.
_LONG_WORD = re.compile(r"\S{120,}")


class StsError(RefusedError):
    """STS answered with an error. `code` is its Code; `clock_offset` how many seconds this clock is behind STS's."""

    def __init__(self, message: str, *, code: str, hint: str = "", clock_offset: float = 0) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.clock_offset = clock_offset


class _Passing(Exception):
    """A failure after which the same call may succeed: a network fault, a 5xx, throttling."""


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


def caller_identity(key: AccessKey, *, endpoint: str, deadline: Deadline) -> dict[str, Any]:
    """STS's own answer on who signs with `key`. Raises StsError and UnreachableError."""
    from aliyunsdksts.request.v20150401.GetCallerIdentityRequest import GetCallerIdentityRequest

    answer = _call(GetCallerIdentityRequest(), key, endpoint, deadline)
    if not isinstance(answer.get("Arn"), str) or not isinstance(answer.get("AccountId"), str):
        raise _nonsense(endpoint, "it does not tell the identity")
    return answer


def _call(request: Any, key: AccessKey, endpoint: str, deadline: Deadline) -> dict[str, Any]:
    """Sends `request`, again after a passing failure, at most TRIES times and not past the deadline."""
    request.set_accept_format("JSON")
    if key.security_token:
        request.add_query_param("SecurityToken", key.security_token)
    send = _Connector(endpoint)
    failure: Exception | None = None
    for attempt in range(TRIES):
        if failure:
            time.sleep(min(random.uniform(0.2, 0.6) * 2**attempt, deadline.remaining()))  # noqa: S311  jitter
        # Signed anew each time, since STS takes a nonce only once.
        path = request.get_url("cn-hangzhou", key.access_key_id, key.access_key_secret)
        headers = dict(request.get_headers()) | {"User-Agent": f"role-env/{__version__}"}
        try:
            return within(deadline.remaining(), partial(send, path, headers, deadline))
        except _Passing as passing:
            failure = passing
        except Late:
            break
        if deadline.remaining() <= 0:
            break
    what = str(failure) if failure else "there was no answer in time"
    raise UnreachableError(
        f"STS at {endpoint} could not be asked: {what}", hint="check the network and try again"
    ) from None


class _Connector:
    """One request at a time to an endpoint, through the proxy that the environment names."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        try:
            parts = urllib.parse.urlsplit(f"//{endpoint}")
            self._host, self._port = parts.hostname or endpoint, parts.port or 443
        except ValueError:
            raise ProfileError(f"the endpoint {printable(endpoint)} is not host or host:port") from None
        self._proxy = _proxy(f"{self._host}:{self._port}")
        self._context = _tls_context()

    def __call__(self, path: str, headers: dict[str, str], deadline: Deadline) -> dict[str, Any]:
        """The document that STS answers. Raises _Passing, StsError and UnreachableError."""
        try:
            status, moment, body = self._exchange(path, headers, deadline)
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError(
                f"the certificate of {self._endpoint} was not accepted: {error.verify_message}; nothing was sent",
                hint="is a proxy in between? ALIBABA_CLOUD_CA_BUNDLE or SSL_CERT_FILE names the authority to trust",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            if _PROXY_REFUSED.match(str(error)):
                raise UnreachableError(
                    f"{self._endpoint} was not reached: {_network_fault(error)}",
                    hint="do HTTPS_PROXY and the name and password in it still hold?",
                ) from None
            raise _Passing(_network_fault(error)) from None
        return _document(self._endpoint, status, moment, body)

    def _exchange(self, path: str, headers: dict[str, str], deadline: Deadline) -> tuple[int, str, bytes]:
        connection = self._connection(min(CONNECT_SECONDS, max(deadline.remaining(), 0.01)))
        try:
            connection.connect()
            if connection.sock:
                connection.sock.settimeout(max(deadline.remaining(), 0.01))
            connection.request("POST", path, body=b"", headers=headers)
            response = connection.getresponse()
            body = response.read(LARGEST_ANSWER + 1)
            if response.length and len(body) <= LARGEST_ANSWER:
                raise http.client.IncompleteRead(b"")
            return response.status, response.headers.get("Date") or "", body
        finally:
            connection.close()

    def _connection(self, seconds: float) -> http.client.HTTPSConnection:
        if not self._proxy:
            return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=self._context)
        host, port, login = self._proxy
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=self._context)
        connection.set_tunnel(self._host, self._port, login)
        return connection


def _proxy(server: str) -> tuple[str, int, dict[str, str]] | None:
    """The proxy for `server` (host:port), its port and the header that it wants, by the usual variables; NO_PROXY
    counts.
    """
    proxies = urllib.request.getproxies()
    address = proxies.get("https") or proxies.get("all")
    if not address or urllib.request.proxy_bypass(server):
        return None
    hint = "name an http:// proxy in HTTPS_PROXY, or the endpoint's host in NO_PROXY"
    try:
        proxy = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
        host, port = proxy.hostname, proxy.port or 80
    except ValueError:  # its text is the address, with the password in it
        raise ProfileError("the address of the proxy for https cannot be read", hint=hint) from None
    if proxy.scheme != "http" or not host:
        raise ProfileError(
            f"the proxy for https is of the kind {printable(proxy.scheme)}://, which role-env cannot use", hint=hint
        )
    headers = {}
    if proxy.username:
        login = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    return host, port, headers


def _tls_context() -> ssl.SSLContext:
    """Checks certificate and host name, always; an empty ALIBABA_CLOUD_CA_BUNDLE counts as none."""
    bundle = os.environ.get("ALIBABA_CLOUD_CA_BUNDLE") or None
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        if bundle:
            raise ProfileError(f"ALIBABA_CLOUD_CA_BUNDLE names {bundle}, which holds no certificates") from None
        raise ProfileError(
            f"TLS cannot be set up: {error.strerror or type(error).__name__}",
            hint="do SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE name what they should?",
        ) from None


def _network_fault(error: Exception) -> str:
    """The fault in words, without the request's address: that holds the token."""
    if isinstance(error, socket.gaierror):
        return "its name is not known to the network"
    if isinstance(error, TimeoutError):
        return "there was no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({printable(error.reason or 'cut off')})"
    if isinstance(error, OSError):
        if str(error).startswith("Tunnel connection failed"):
            return f"the proxy refused: {printable(str(error))[:100]}"
        return error.strerror or "the connection was cut"
    return "the connection was cut, or what came is no HTTP"


def _document(endpoint: str, status: int, moment: str, body: bytes) -> dict[str, Any]:
    document = _object(body)
    code = document.get("Code") if document else None
    if status >= 500 or (isinstance(code, str) and code.startswith("Throttling")) or status == 429:
        raise _Passing(f"it answered {status}" + (f" {printable(code)[:80]}" if isinstance(code, str) else ""))
    if status == 200 and document is not None and not isinstance(code, str):
        return document
    if status != 200 and isinstance(code, str):
        raise _refusal(document or {}, code, moment)
    raise _nonsense(endpoint, f"status {status}" if status != 200 else "it is no JSON object")


def _object(body: bytes) -> dict[str, Any] | None:
    if len(body) > LARGEST_ANSWER:
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


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
    fields = part if isinstance(part, dict) else {}
    values = []
    for name in ("AccessKeyId", "AccessKeySecret", "SecurityToken"):
        value = fields.get(name)
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise _nonsense(endpoint, f"{name} is missing or not printable ASCII")
        values.append(value)
    expiration = _expiration(fields.get("Expiration"), endpoint)
    if expiration <= issued:
        raise _nonsense(endpoint, "its session has already expired; is this machine's clock right?")
    return Credentials(*values, issued=issued, expiration=expiration)


def _expiration(text: object, endpoint: str) -> int:
    try:
        return exporters.seconds(str(text))
    except ValueError:
        raise _nonsense(endpoint, "Expiration is missing or not a time in UTC") from None


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
