"""The signatures of Alibaba Cloud's RPC APIs, both kinds, written from their description and not from the SDK."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit


def _percent(text: str) -> str:
    return quote(text, safe="-_.~")


def _canonical_query(parameters: dict[str, str]) -> str:
    return "&".join(f"{_percent(name)}={_percent(value)}" for name, value in sorted(parameters.items()))


def rpc_string_to_sign(method: str, parameters: dict[str, str]) -> str:
    """Return what an RPC request's signature (SignatureVersion 1.0) is made of."""
    signed = {name: value for name, value in parameters.items() if name != "Signature"}
    return f"{method}&%2F&{_percent(_canonical_query(signed))}"


def rpc_signature(secret: str, string_to_sign: str) -> str:
    """Return the HMAC-SHA1 signature of an RPC request."""
    mac = hmac.new(f"{secret}&".encode(), string_to_sign.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def acs3_string_to_sign(
    method: str, path: str, *, query: dict[str, str], headers: Mapping[str, str], signed: list[str], body: bytes
) -> str:
    """Return what a V3 request's signature (ACS3-HMAC-SHA256) is made of; `headers` has lower-case names."""
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
    """Return the signature of a V3 request."""
    return hmac.new(secret.encode(), string_to_sign.encode(), hashlib.sha256).hexdigest()


@dataclass
class Request:
    """A request of either protocol, taken apart and not yet believed."""

    action: str
    version: str
    parameters: dict[str, str]
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
    service: str = ""
    """`oss`, or "" where action and version tell the service."""


def read_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Take a request of either protocol apart. Header names are in lower case."""
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
        return _read_acs3(method, parts.path, query=query, parameters=both, headers=headers, body=body, defect=defect)
    scheme = f"{both.get('SignatureMethod', 'HMAC-SHA1')} {both.get('SignatureVersion', '1.0')}"
    if scheme != "HMAC-SHA1 1.0":
        defect = defect or "InvalidSignatureMethod"
    return Request(
        action=both.get("Action", ""),
        version=both.get("Version", ""),
        parameters=both,
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
    *,
    query: dict[str, str],
    parameters: dict[str, str],
    headers: Mapping[str, str],
    body: bytes,
    defect: str,
) -> Request:
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
    return Request(
        action=headers.get("x-acs-action", ""),
        version=headers.get("x-acs-version", ""),
        parameters=parameters,
        json=True,
        access_key_id=key_id,
        token=headers.get("x-acs-security-token", ""),
        nonce=headers.get("x-acs-signature-nonce", ""),
        timestamp=headers.get("x-acs-date", ""),
        signature=signature,
        string_to_sign=acs3_string_to_sign(method, path, query=query, headers=headers, signed=signed, body=body),
        sign=acs3_signature,
        defect=defect,
    )
