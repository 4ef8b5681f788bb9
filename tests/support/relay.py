"""Carries data between sockets, also as a proxy. With a delay, each way, a server seems far away."""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable

Pieces = queue.SimpleQueue[tuple[float, bytes]]


def relay(listener: socket.socket, connect: Callable[[], socket.socket], *, seconds: float = 0) -> None:
    """Connect each client of `listener`, until that is closed, with what `connect` returns."""

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                carry(client, connect(), seconds=seconds)

    threading.Thread(target=accept, daemon=True).start()


def carry(near: socket.socket, far: socket.socket, *, seconds: float = 0) -> None:
    """Pass on what each of the two is sent to the other, after `seconds`, until it ends."""
    for source, sink in ((near, far), (far, near)):
        if source.family == socket.AF_INET:
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pieces: Pieces = queue.SimpleQueue()
        threading.Thread(target=_read, args=(source, pieces, seconds), daemon=True).start()
        threading.Thread(target=_write, args=(sink, pieces), daemon=True).start()


def _read(source: socket.socket, pieces: Pieces, seconds: float) -> None:
    data = b"-"
    while data:
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        pieces.put((time.monotonic() + seconds, data))


def _write(sink: socket.socket, pieces: Pieces) -> None:
    data = b"-"
    with contextlib.suppress(OSError):
        while data:
            moment, data = pieces.get()
            time.sleep(max(0, moment - time.monotonic()))
            if data:
                sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


class Proxy:
    """A CONNECT proxy that answers `status`, carries the connection if that is 200, and records the requests."""

    def __init__(self, status: str = "200 OK") -> None:
        self.status = status
        self.heads: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.heads.append(head.decode())
            client.sendall(f"HTTP/1.1 {self.status}\r\n\r\n".encode("latin-1"))
            if not self.status.startswith("200"):
                client.close()
                return
            host, port = head.split()[1].decode().split(":")
            carry(client, socket.create_connection((host, int(port))))

    def close(self) -> None:
        """Accept no more connections."""
        self._server.close()
