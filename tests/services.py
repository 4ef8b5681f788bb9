"""A stand-in for services that want signed requests (OSS, SLS), over TLS: it tells who signed, and answers emptily.

with Services(tmp_path) as services:
    ...                                       # services.endpoint, services.ca_file
    assert services.signers == [(key_id, security_token)]
"""

import contextlib
import http.server
import re
import ssl
import threading
from pathlib import Path

import trustme

_ANSWERS = {
    "oss": ("application/xml", b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"),
    "log": ("application/json", b'{"count": 0, "total": 0, "projects": []}'),
}


class Services(contextlib.AbstractContextManager["Services"]):
    """A running server. Starts at once; `close()`, or leaving the `with` block, ends it."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "services-ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self.signers: list[tuple[str, str]] = []
        """The access key id and the security token of each request, empty where it had none."""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("_", (_Handler,), {"services": self}))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        """`https://localhost:<port>`."""
        return f"https://localhost:{self._server.server_address[1]}"

    def close(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()

    def __exit__(self, *_: object) -> None:
        self.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    services: Services
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        signature = self.headers.get("Authorization", "")
        # OSS <id>:<signature>, OSS4-HMAC-SHA256 Credential=<id>/…, LOG <id>:<signature>
        signer = re.search(r"(?:^OSS |^LOG |Credential=)([^:/,]+)[:/]", signature)
        tokens = [self.headers.get(name, "") for name in ("x-oss-security-token", "x-acs-security-token")]
        self.services.signers.append((signer[1] if signer else "", "".join(tokens)))
        content_type, body = _ANSWERS["log" if signature.startswith(("LOG", "SLS")) else "oss"]
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-log-requestid", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
