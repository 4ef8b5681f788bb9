"""The port of `exec --renew`, which every user of the machine can reach: others cannot keep the command out."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from role_env.http import local_server
from role_env.http.local_server import MOST, LocalServer, Reply, Request
from support.machine import CONFINED
from support.served_command import Begin, Running
from support.waiting import DEADLINE, wait_until

CROWD = """
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (700, 700))
address, sent, again = ("127.0.0.1", int(sys.argv[1])), sys.argv[2].encode(), sys.argv[3] == "again"
opened = []
def open_one():
    made = socket.socket()
    made.settimeout(5)
    try:
        made.connect(address)
        made.sendall(sent)
        opened.append(made)
    except OSError:
        made.close()
while len(opened) < 600:
    open_one()
print("here", flush=True)
while again:
    opened.pop(0).close()
    open_one()
time.sleep(60)
"""


@pytest.mark.parametrize(("sent", "then"), [("", "wait"), ("GET / HT", "again")])
def test_six_hundred_idle_connections_of_another_user_keep_nobody_waiting(begin: Begin, sent: str, then: str) -> None:
    """Nor do those that are opened again and again."""
    running = begin(before=("bash", "-c", 'ulimit -Sn 512; exec "$@"', "-"))
    other = [*CONFINED, "user:12345"] if os.geteuid() == 0 else []
    command = [*other, sys.executable, "-c", CROWD, str(running.uri.port), sent, then]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdout
        assert crowd.stdout.readline() == "here\n"
        try:
            for _ in range(10):
                # The idle ones could hold all places for 600 / 64 × 5 s.
                # On a busy machine a request may be too late to count as a complete one.
                wait_until(lambda: running.ask(seconds=40)[0] == 200, seconds=40)
        finally:
            crowd.kill()


class Slow(LocalServer):
    """A server whose answers wait until they are released."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.released = threading.Event()
        self._place = socket.create_server(("127.0.0.1", 0), backlog=1024)
        super().__init__(self._place)

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        self.released.wait(DEADLINE)
        return Reply(HTTPStatus.OK, "", {})

    def connect(self, sent: bytes = b"") -> socket.socket:
        """Connect to it and send something."""
        connection = socket.create_connection(self._place.getsockname(), timeout=DEADLINE)
        connection.sendall(sent)
        return connection


COMPLETE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
DONE = b"HTTP/1.0 200"


@pytest.fixture
def slow() -> Iterator[Slow]:
    server = Slow()
    yield server
    server.released.set()


def is_closed(connection: socket.socket) -> bool:
    """Whether the other end has closed it."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    finally:
        connection.settimeout(DEADLINE)


def test_the_oldest_connection_without_a_complete_request_gives_way_to_one_too_many(slow: Slow) -> None:
    complete = slow.connect(COMPLETE)
    wait_until(lambda: slow.asked)
    idle = [slow.connect() for _ in range(MOST + 9)]
    wait_until(lambda: all(map(is_closed, idle[:10])), "the oldest ones are still open")
    assert not any(map(is_closed, idle[10:]))
    slow.released.set()
    assert complete.recv(12) == DONE


def test_requests_that_are_complete_wait_for_each_other_and_are_all_answered(slow: Slow) -> None:
    clients = [slow.connect(COMPLETE) for _ in range(MOST + 20)]
    wait_until(lambda: len(slow.asked) == MOST)
    time.sleep(0.3)
    assert len(slow.asked) == MOST
    slow.released.set()
    assert [client.recv(12) for client in clients] == [DONE] * (MOST + 20)


def send_until_closed(connection: socket.socket, sent: bytes, pause: float = 0) -> None:
    """Send it again and again until the other end closes the connection."""
    try:
        while True:
            connection.sendall(sent)
            time.sleep(pause)
    except ConnectionError:
        return


def test_a_request_that_comes_a_byte_at_a_time_has_one_deadline(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_server, "REQUEST_SECONDS", 1.0)
    client, began = slow.connect(), time.monotonic()
    send_until_closed(client, b"G", pause=0.05)
    assert time.monotonic() - began > 0.9
    assert not slow.asked


def test_input_that_is_not_a_request_is_read_up_to_a_limit(slow: Slow) -> None:
    send_until_closed(slow.connect(), b"x" * 1024)
    assert not slow.asked


# ---- requests of those who may not have the session: each gets nothing ----


def requests(path: str, port: int) -> dict[str, bytes]:
    """Return hostile requests by what they try, to a server at `port` whose secret is `path`."""

    def get(target: str = path, *headers: str) -> bytes:
        return "\r\n".join((f"GET {target} HTTP/1.1", *headers, "", "")).encode()

    good = f"Host: 127.0.0.1:{port}"
    return {
        "a name that a web page has turned to the address": get(path, "Host: evil.example"),
        "a name that begins with the address": get(path, "Host: 127.0.0.1.evil.example"),
        "a name that ends with a name that is allowed": get(path, "Host: evil-localhost"),
        "every address of this machine": get(path, f"Host: 0.0.0.0:{port}"),
        "no host": get(path),
        "two hosts": get(path, good, "Host: evil.example"),
        "a host over two lines": get(path, "Host: 127.0.0.1", " evil.example"),
        "a space before the colon": get(path, "Host : 127.0.0.1"),
        "the whole URI as the target": get(f"http://127.0.0.1:{port}{path}", good),
        "a tunnel": f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n{good}\r\n\r\n".encode(),
        "a web page's question whether it may ask": (
            f"OPTIONS {path} HTTP/1.1\r\n{good}\r\nOrigin: http://evil.example\r\n"
            "Access-Control-Request-Method: GET\r\n\r\n"
        ).encode(),
        "a form of a web page": (
            f"POST {path} HTTP/1.1\r\n{good}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}"
        ).encode(),
        "the headers alone": f"HEAD {path} HTTP/1.1\r\n{good}\r\n\r\n".encode(),
        "no path": get("/", good),
        "the path with one letter more": get(path + "x", good),
        "the path with a query": get(path + "?x", good),
        "the path by way of another folder": get("/x/.." + path, good),
        "the path with an escape": get("/%" + f"{ord(path[1]):02x}" + path[2:], good),
        "a second request behind the first": get("/", good) + get(path, good),
        "a request in the body of another": (
            f"POST / HTTP/1.1\r\n{good}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode() + get(path, good)
        ),
        "a header that never ends": f"GET {path} HTTP/1.1\r\nX: ".encode() + b"x" * 20_000,
        "bytes that are no text": b"GET " + bytes(range(1, 10)) + b"\xff\x00 HTTP/1.1\r\n\r\n",
        "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(32) + b"\r\n\r\n",
    }


def answer_to(port: int, request: bytes) -> bytes:
    """Send a request, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        answer = b""
        try:
            connection.sendall(request)
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


def test_a_hostile_request_gets_a_status_at_most(running: Running) -> None:
    port = running.uri.port or 0
    hostile = requests(running.uri.path, port)
    for name, request in hostile.items():
        assert_empty(name, answer_to(port, request))
        assert running.ask()[0] == 200, name
    assert running.end() == ""


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST", "host.docker.internal", "host.containers.internal"]
)
def test_the_names_of_this_machine_are_answered_with_any_port(running: Running, host: str) -> None:
    """A container, or the far end of ssh, may reach it by another port."""
    for name in (host, f"{host}:{running.uri.port}", f"{host}:1"):
        connection = http.client.HTTPConnection("127.0.0.1", running.uri.port or 0, timeout=DEADLINE)
        connection.request("GET", running.uri.path, headers={"Host": name})
        assert connection.getresponse().status == 200
        connection.close()
