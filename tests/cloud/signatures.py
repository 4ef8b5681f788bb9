"""The signatures of Alibaba Cloud's RPC APIs, both kinds, written from their description and not from the SDK."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlsplit


@dataclass
class Request:
    """A request of either protocol, taken apart and not yet believed."""

    action: str
    version: str
    parameters: dict[str, str]
    access_key_id: str
    token: str
    nonce: str
    timestamp: str
    signature: str
    string_to_sign: str
    sign: Callable[[str, str], str]
    defect: str = ""


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
    if "x-acs-action" in headers and "Action" not in both:
        return _read_acs3(method, query, both, headers, body)
    scheme = f"{both.get('SignatureMethod', 'HMAC-SHA1')} {both.get('SignatureVersion', '1.0')}"
    if scheme != "HMAC-SHA1 1.0":
        defect = defect or "InvalidSignatureMethod"
    if both.get("Format") != "JSON":
        defect = defect or "InvalidParameter.Format"
    signed = {name: value for name, value in both.items() if name != "Signature"}
    return Request(
        action=both.get("Action", ""),
        version=both.get("Version", ""),
        parameters=both,
        access_key_id=both.get("AccessKeyId", ""),
        token=both.get("SecurityToken", ""),
        nonce=both.get("SignatureNonce", ""),
        timestamp=both.get("Timestamp", ""),
        signature=both.get("Signature", ""),
        string_to_sign=f"{method}&%2F&{_percent(_canonical_query(signed))}",
        sign=_sign_rpc,
        defect=defect,
    )


def _read_acs3(
    method: str, query: dict[str, str], parameters: dict[str, str], headers: Mapping[str, str], body: bytes
) -> Request:
    """Take a V3 request (ACS3-HMAC-SHA256) apart."""
    found = re.fullmatch(
        r"ACS3-HMAC-SHA256 Credential=([^,]*),\s*SignedHeaders=([^,]*),\s*Signature=([0-9a-f]*)",
        headers.get("authorization", ""),
    )
    key_id, names, signature = found.groups() if found else ("", "", "")
    signed, digest = names.split(";"), hashlib.sha256(body).hexdigest()
    # An x-acs- header that is left out of the signature could be exchanged on the way.
    due = {name for name in headers if name.startswith("x-acs-")} | {"host"}
    is_whole = due <= set(signed) and signed == sorted(signed) and headers.get("x-acs-content-sha256") == digest
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in signed)
    canonical = "\n".join((method, "/", _canonical_query(query), lines, names, digest))
    return Request(
        action=headers.get("x-acs-action", ""),
        version=headers.get("x-acs-version", ""),
        parameters=parameters,
        access_key_id=key_id,
        token=headers.get("x-acs-security-token", ""),
        nonce=headers.get("x-acs-signature-nonce", ""),
        timestamp=headers.get("x-acs-date", ""),
        signature=signature,
        string_to_sign=f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}",
        sign=_sign_acs3,
        defect="" if is_whole or not found else "SignatureDoesNotMatch",
    )


def _sign_rpc(secret: str, string_to_sign: str) -> str:
    """Return the HMAC-SHA1 signature of an RPC request (SignatureVersion 1.0)."""
    mac = hmac.new(f"{secret}&".encode(), string_to_sign.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def _sign_acs3(secret: str, string_to_sign: str) -> str:
    return hmac.new(secret.encode(), string_to_sign.encode(), hashlib.sha256).hexdigest()


def _percent(text: str) -> str:
    return quote(text, safe="-_.~")


def _canonical_query(parameters: dict[str, str]) -> str:
    return "&".join(f"{_percent(name)}={_percent(value)}" for name, value in sorted(parameters.items()))
