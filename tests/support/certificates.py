"""One certificate authority for a test run, and certificates of it for the servers on this machine."""

from __future__ import annotations

import datetime
import ssl
from functools import cache
from pathlib import Path
from typing import Literal

import trustme

Certificate = Literal["good", "wrong-host", "expired", "unknown-ca"]
"""A certificate for localhost by the authority, or how it differs from one."""


@cache
def authority() -> trustme.CA:
    """Return the authority of this process."""
    return trustme.CA()


def write_authority(path: Path) -> None:
    """Write the authority's certificate, for SSL_CERT_FILE and the like."""
    authority().cert_pem.write_to_path(str(path))


def server_context(certificate: Certificate = "good", names: tuple[str, ...] = ()) -> ssl.SSLContext:
    """Return a context that shows `certificate`, by default for localhost, else for the host `names`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _leaf(certificate, names or ("localhost", "127.0.0.1")).configure_cert(context)
    return context


@cache
def _leaf(certificate: Certificate, names: tuple[str, ...]) -> trustme.LeafCert:
    issuer = trustme.CA() if certificate == "unknown-ca" else authority()
    names = ("elsewhere.example",) if certificate == "wrong-host" else names
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    return issuer.issue_cert(*names, not_after=yesterday if certificate == "expired" else None)
