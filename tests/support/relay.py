"""Carries data between sockets. With a delay, each way, a server seems far away."""

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
