"""The port of `exec --renew`, which every user of the machine can reach: others cannot keep the command out."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from role_env.supervise import connections
from role_env.supervise.connections import MOST, Connections
from support.machine import CONFINED, ROLE_ENV, Machine
from support.waiting import wait_until

WAITING = "echo $ALIBABA_CLOUD_CREDENTIALS_URI; read line"
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


@pytest.fixture
def address(machine: Machine) -> Iterator[str]:
    """The credentials URI of a command that has few descriptors."""
    limited = ["bash", "-c", 'ulimit -Sn 512; exec "$@"', "-"]
    command = [*limited, ROLE_ENV, "exec", "--renew", "profileB", "--", "sh", "-c", WAITING]
    with subprocess.Popen(
        command, env=machine.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as begun:
        assert begun.stdout
        yield begun.stdout.readline().strip()
        begun.communicate("\n", timeout=30)


@pytest.mark.parametrize(("sent", "then"), [("", "wait"), ("GET / HT", "wait"), ("", "again"), ("GET / HT", "again")])
def test_six_hundred_idle_connections_of_another_user_do_not_keep_the_commands_requests_waiting(
    address: str, sent: str, then: str
) -> None:
    """Nor do those that are opened again and again."""
    uri = urlsplit(address)
    other = [*CONFINED, "user:12345"] if os.geteuid() == 0 else []
    command = [*other, sys.executable, "-c", CROWD, str(uri.port), sent, then]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdout
        assert crowd.stdout.readline() == "here\n"
        try:
            for _ in range(10):
                # The idle ones could hold all places for 600 / 64 × 5 s.
                client = http.client.HTTPConnection("127.0.0.1", uri.port or 0, timeout=20)
                client.request("GET", uri.path)
                assert client.getresponse().status == 200
                client.close()
        finally:
            crowd.kill()


Served = Callable[[], socket.socket]


@pytest.fixture
def asked() -> list[bytes]:
    """The requests that were answered."""
    return []


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What an answer waits for."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def connect(asked: list[bytes], released: threading.Event) -> Served:
    """Connects to a server whose answers wait until they are released."""

    def answer(request: bytes, connection: socket.socket) -> None:
        asked.append(request)
        released.wait(60)
        connection.sendall(b"done")

    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    threading.Thread(target=Connections(listener, answer).serve, daemon=True).start()
    return lambda: socket.create_connection(listener.getsockname(), timeout=60)


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
        connection.settimeout(60)


def test_the_oldest_connection_without_a_complete_request_gives_way_to_one_too_many(
    connect: Served, asked: list[bytes], released: threading.Event
) -> None:
    complete = connect()
    complete.sendall(b"GET / HTTP/1.1\r\n\r\n")
    wait_until(lambda: asked)
    idle = [connect() for _ in range(MOST + 9)]
    wait_until(lambda: all(map(is_closed, idle[:10])), "the oldest ones are still open")
    assert not any(map(is_closed, idle[10:]))
    released.set()
    assert complete.recv(9) == b"done"


def test_requests_that_are_complete_wait_for_each_other_and_are_all_answered(
    connect: Served, asked: list[bytes], released: threading.Event
) -> None:
    clients = []
    for _ in range(MOST + 20):
        clients.append(connect())
        clients[-1].sendall(b"GET / HTTP/1.1\r\n\r\n")
    wait_until(lambda: len(asked) == MOST)
    time.sleep(0.3)
    assert len(asked) == MOST
    released.set()
    assert [client.recv(9) for client in clients] == [b"done"] * (MOST + 20)


def send_until_closed(connection: socket.socket, sent: bytes, pause: float = 0) -> None:
    """Send it again and again until the other end closes the connection."""
    try:
        while True:
            connection.sendall(sent)
            time.sleep(pause)
    except ConnectionError:
        return


def test_a_request_that_comes_a_byte_at_a_time_has_one_deadline(
    connect: Served, asked: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 1.0)
    client, began = connect(), time.monotonic()
    send_until_closed(client, b"G", pause=0.05)
    assert 0.9 < time.monotonic() - began < 20
    assert not asked


def test_what_is_no_request_is_not_read_without_end(connect: Served, asked: list[bytes]) -> None:
    send_until_closed(connect(), b"x" * 1024)
    assert not asked
