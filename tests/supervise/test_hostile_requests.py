"""Requests of those who can reach the port of `exec --renew` and may not have the session: each gets nothing."""

import http.client
import socket
import time

import pytest

from support.served_command import Begin, Running

DEADLINE = 20.0
"""Seconds after which a connection counts as one that is never closed."""


def requests(path: str, port: int) -> dict[str, bytes]:
    """Return hostile requests by what they try, to a server at `port` whose secret is `path`."""

    def get(target: str = path, *headers: str, version: str = "HTTP/1.1") -> bytes:
        return "\r\n".join((f"GET {target} {version}", *headers, "", "")).encode()

    good = f"Host: 127.0.0.1:{port}"
    return {
        "a name that a web page has turned to the address": get(path, "Host: evil.example"),
        "such a name with the port": get(path, f"Host: evil.example:{port}"),
        "a name that begins with the address": get(path, "Host: 127.0.0.1.evil.example"),
        "a name that ends with the address": get(path, "Host: evil.example.127.0.0.1"),
        "a name that ends with a name that is allowed": get(path, "Host: evil-localhost"),
        "a name with a dot at its end": get(path, "Host: localhost."),
        "a user before the address": get(path, "Host: evil.example@127.0.0.1"),
        "a port that is no number": get(path, "Host: 127.0.0.1:evil.example"),
        "the address as one number": get(path, "Host: 2130706433"),
        "another address of this machine": get(path, "Host: 127.0.0.2"),
        "every address of this machine": get(path, f"Host: 0.0.0.0:{port}"),
        "no host": get(path),
        "an empty host": get(path, "Host:"),
        "two hosts": get(path, good, "Host: evil.example"),
        "two hosts in one": get(path, "Host: 127.0.0.1, evil.example"),
        "a host over two lines": get(path, "Host: 127.0.0.1", " evil.example"),
        "a space before the colon": get(path, "Host : 127.0.0.1"),
        "a request without a version": f"GET {path}\r\n\r\n".encode(),
        "the whole URI as the target": get(f"http://127.0.0.1:{port}{path}", good),
        "a foreign URI as the target": get(f"http://evil.example{path}", good),
        "a tunnel": f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n{good}\r\n\r\n".encode(),
        "an echo of the request": f"TRACE {path} HTTP/1.1\r\n{good}\r\n\r\n".encode(),
        "a web page's question whether it may ask": (
            f"OPTIONS {path} HTTP/1.1\r\n{good}\r\nOrigin: http://evil.example\r\n"
            "Access-Control-Request-Method: GET\r\n\r\n"
        ).encode(),
        "a form of a web page": (
            f"POST {path} HTTP/1.1\r\n{good}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}"
        ).encode(),
        "a method in small letters": f"get {path} HTTP/1.1\r\n{good}\r\n\r\n".encode(),
        "the headers alone": f"HEAD {path} HTTP/1.1\r\n{good}\r\n\r\n".encode(),
        "an unknown method": f"BREW {path} HTTP/1.1\r\n{good}\r\n\r\n".encode(),
        "no path": get("/", good),
        "the path of ECS metadata": get("/latest/meta-data/ram/security-credentials/", good),
        "the path without its last letter": get(path[:-1], good),
        "the path with one letter more": get(path + "x", good),
        "the path in the other case": get(path.swapcase(), good),
        "the path with a query": get(path + "?x", good),
        "the path with a slash at its end": get(path + "/", good),
        "the path by way of another folder": get("/x/.." + path, good),
        "the path with an escape": get("/%" + f"{ord(path[1]):02x}" + path[2:], good),
        "a path in letters of another script": f"GET /{'ｘ' * 43} HTTP/1.1\r\n{good}\r\n\r\n".encode(),
        "a second request behind the first": get("/", good) + get(path, good),
        "a request in the body of another": (
            f"POST / HTTP/1.1\r\n{good}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode() + get(path, good)
        ),
        "a header that never ends": f"GET {path} HTTP/1.1\r\nX: ".encode() + b"x" * 20_000,
        "two hundred headers": get(path, good, *(f"X-{number}: x" for number in range(200))),
        "bytes that are no text": b"GET " + bytes(range(1, 10)) + b"\xff\x00 HTTP/1.1\r\n\r\n",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "a version that is not there yet": get(path, good, version="HTTP/9.9"),
        "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(32) + b"\r\n\r\n",
    }


def answer_to(port: int, request: bytes, *, pause: float = 0, is_cut: bool = False) -> bytes:
    """Send a request, with `pause` between its bytes or cut off at its end, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        answer = b""
        try:
            for piece in [request[at : at + 1] for at in range(len(request))] if pause else [request]:
                connection.sendall(piece)
                time.sleep(pause)
            if is_cut:
                connection.shutdown(socket.SHUT_WR)
            while received := connection.recv(65536):
                answer += received
        except ConnectionError:
            pass
        return answer


def assert_empty(name: str, answer: bytes) -> None:
    """Check that an answer is a status at most."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert not body, name
    assert not head or int(head.split(b" ")[1]) >= 400, (name, head)
    assert b"Access-Control" not in head, name


@pytest.fixture
def running(begin: Begin) -> Running:
    return begin()


def test_a_hostile_request_gets_a_status_at_most_and_the_command_is_served_all_the_same(running: Running) -> None:
    port = running.uri.port or 0
    hostile = requests(running.uri.path, port)
    assert len(hostile) >= 22
    for name, request in hostile.items():
        assert_empty(name, answer_to(port, request))
        assert running.ask()[0] == 200, name
    assert running.end() == ""


def test_half_a_request_gets_nothing(running: Running) -> None:
    port = running.uri.port or 0
    whole = f"GET {running.uri.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    for end in (0, 3, len(whole) // 2, len(whole) - 2):
        assert answer_to(port, whole[:end], is_cut=True) == b""
    assert running.end() == ""


def test_a_request_that_comes_a_byte_at_a_time_is_cut_off_after_five_seconds(running: Running) -> None:
    port, began = running.uri.port or 0, time.monotonic()
    request = f"GET {running.uri.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {'x' * 200}\r\n\r\n".encode()
    assert answer_to(port, request, pause=0.1) == b""
    assert 4.5 < time.monotonic() - began < DEADLINE
    assert running.ask()[0] == 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST", "host.docker.internal", "host.containers.internal"]
)
def test_the_names_of_this_machine_are_answered_with_any_port(running: Running, host: str) -> None:
    """A container, or the far end of ssh, may reach it by another port."""
    for name in (host, f"{host}:{running.uri.port}", f"{host}:1"):
        connection = http.client.HTTPConnection("127.0.0.1", running.uri.port or 0, timeout=60)
        connection.request("GET", running.uri.path, headers={"Host": name})
        assert connection.getresponse().status == 200
        connection.close()
