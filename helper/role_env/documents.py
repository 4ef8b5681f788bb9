"""Print sessions as JSON for programs. The fast path uses this module, so it imports neither `json` nor `shells`."""

from role_env.credentials import Credentials, Session, format_utc


def process(credentials: Credentials) -> str:
    """Return the External-mode document, which the `aliyun` CLI and the SDKs read, on one line."""
    document = {
        "mode": "StsToken",
        "access_key_id": credentials.access_key_id,
        "access_key_secret": credentials.access_key_secret,
        "sts_token": credentials.security_token,
        "expiration": format_utc(credentials.expiration),
    }
    return "{" + ", ".join(f'"{name}": {_text(value)}' for name, value in document.items()) + "}\n"


def session_json(session: Session) -> str:
    """Return the document of `--format json`."""
    credentials = session.credentials
    document = {
        **credentials.document(format_utc(credentials.expiration)),
        "RegionId": session.region_id,
        "Profile": session.profile,
        "RoleArn": session.role_arn,
    }
    lines = (f'  "{name}": {_text(value) if value else "null"}' for name, value in document.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _text(value: str) -> str:
    """Return `value` in JSON."""
    if value.isascii() and value.isprintable() and not set(value) & set('"\\'):
        return f'"{value}"'
    try:
        from _json import encode_basestring_ascii
    except ImportError:  # an interpreter without the C accelerator
        from json.encoder import encode_basestring_ascii
    return str(encode_basestring_ascii(value))
