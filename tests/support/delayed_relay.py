"""A relay on loopback that makes a server seem far away: each piece of data is passed on after a delay, each way."""

import contextlib
import queue
import socket
import threading
import time


class DelayedRelay:
    """A relay to `port` of this machine that passes on data after `seconds`. It is at `localhost:{relay.port}`."""

    def __init__(self, port: int, *, seconds: float) -> None:
        self._target = port
        self._seconds = seconds
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "DelayedRelay":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                for source, sink in ((client, server), (server, client)):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    pieces: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
                    threading.Thread(target=self._read, args=(source, pieces), daemon=True).start()
                    threading.Thread(target=self._write, args=(sink, pieces), daemon=True).start()

    def _read(self, source: socket.socket, pieces: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            pieces.put((time.monotonic() + self._seconds, data))

    @staticmethod
    def _write(sink: socket.socket, pieces: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
        data = b"-"
        with contextlib.suppress(OSError):
            while data:
                moment, data = pieces.get()
                time.sleep(max(0, moment - time.monotonic()))
                if data:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
