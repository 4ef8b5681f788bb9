"""A proxy of a test's own."""

import contextlib
import socket
import threading

from support.relay import carry


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
