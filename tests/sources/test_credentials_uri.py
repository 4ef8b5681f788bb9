"""Credentials from a URI: one GET on this machine or over TLS, and what is refused of its answer."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.world import timestamp
from role_env.errors import ProfileError, UnreachableError
from role_env.sources import credentials_uri
from support.contexts import context, fails
from support.https_server import HttpsServer

DOCUMENT = {
    "Code": "Success",
    "AccessKeyId": "STS.id",
    "AccessKeySecret": "the-secret-of-the-uri",
    "SecurityToken": "the-token-of-the-uri",
    "Expiration": timestamp(3600),
}
PATH = "/a-path-that-nobody-guesses"
SECRETS = (PATH, "the-secret", "the-token")


@pytest.fixture
def server() -> Iterator[HttpsServer]:
    """A server on loopback that serves DOCUMENT."""
    with HttpsServer() as started:
        started.body = json.dumps(DOCUMENT | {"Expiration": timestamp(3600)}).encode()
        yield started


def asked(uri: str) -> Callable[[], object]:
    """The question at a URI, which is yet to be asked."""
    return lambda: credentials_uri.fetch(uri, context())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_on_this_machine_is_asked_without_tls_and_without_a_proxy(server: HttpsServer, host: str) -> None:
    found = credentials_uri.fetch(
        f"http://{host}:{server.port}{PATH}?a=b%20c", context({"http_proxy": "http://127.0.0.1:1"})
    )
    assert (found.access_key_id, found.security_token) == ("STS.id", "the-token-of-the-uri")
    assert found.expiration == pytest.approx(time.time() + 3600, abs=120)
    assert [path for path, _ in server.asked] == [f"{PATH}?a=b%20c"]


def test_another_host_is_asked_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpsServer(tmp_path) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
        server.body = json.dumps(DOCUMENT).encode()
        assert credentials_uri.fetch(f"https://localhost:{server.port}{PATH}", context())


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com" + PATH,
        "https://a..b" + PATH,
        f"https://{'a' * 64}.example" + PATH,
        "http://127.0.0.1.example.com" + PATH,
        "http://10.0.0.1" + PATH,
        "http://localhost@example.com" + PATH,
        "https://user:the-secret@localhost" + PATH,
        "ftp://localhost" + PATH,
        "file://" + PATH,
        "http://",
        "http://[::1" + PATH,
        "http://localhost:port" + PATH,
        "http://localhost" + PATH + "\r\nX: y",
        "http://localhost/ключ",
        "",
        PATH,
    ],
)
def test_what_is_no_safe_address_is_not_asked(uri: str) -> None:
    fails(ProfileError, asked(uri), "credentials URI", secrets=SECRETS)


@pytest.mark.parametrize(
    ("status", "change", "said"),
    [
        (200, {"Code": "Failed"}, "did not answer like a credentials URI (its Code is not Success)"),
        (200, {"AccessKeyId": None}, "AccessKeyId"),
        (200, {"AccessKeySecret": "line\nbreak"}, "AccessKeySecret"),
        (200, {"SecurityToken": ""}, "SecurityToken"),
        (200, {"Expiration": timestamp(-5)}, "expired"),
        (200, {"Expiration": "2030-01-01 00:00:00"}, "Expiration"),
        (200, {"Large": "x" * 3_000_000}, "not JSON"),
        (404, {}, "status 404"),
        (302, {}, "status 302"),
    ],
)
def test_an_invalid_document_and_another_status_are_reported_without_the_path(
    server: HttpsServer, status: int, change: dict[str, object], said: str
) -> None:
    server.status, server.headers, server.body = status, {"Location": "/"}, json.dumps(DOCUMENT | change).encode()
    fails(UnreachableError, asked(f"http://localhost:{server.port}{PATH}"), said, secrets=SECRETS)
    assert len(server.asked) == 1
