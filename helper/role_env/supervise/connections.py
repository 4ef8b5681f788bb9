"""Accept connections on a port that every user of the machine can reach: few at once, each for a short time.

One thread reads them all, and only a complete request gets a thread of its own. So idle connections of other users do
not block the command's.
"""

import contextlib
import errno
import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import NoReturn

MOST = 64
"""The greatest number of connections at once."""
REQUEST_SECONDS = 5.0
"""The time for a connection's whole request, and for each part of the answer (seconds)."""
_LARGEST_REQUEST = 16 * 1024
_STEP_SECONDS = 0.1
# The pause while all connections are being answered. An answer takes milliseconds, unless it waits for a renewal.
_PAUSE_SECONDS = 0.01


class _Arrival:
    """An incomplete request: the bytes so far, and its deadline."""

    def __init__(self) -> None:
        self.received = b""
        self.end = time.monotonic() + REQUEST_SECONDS


class Connections:
    """The connections of `listener`. `answer` is called with each complete request and its connection.

    `answer` may wait and may raise any Exception; the connection is closed afterwards.
    """

    def __init__(self, listener: socket.socket, answer: Callable[[bytes, socket.socket], object]) -> None:
        self._listener = listener
        self._answer = answer
        self._arrivals: dict[socket.socket, _Arrival] = {}  # the oldest first
        self._answered: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()

    def serve(self) -> NoReturn:
        """Serve for as long as the process lives."""
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in self._selector.select(_STEP_SECONDS)}
            # Read first, before a connection is closed to make room.
            for connection in [known for known in self._arrivals if known in ready]:
                self._receive(connection)
            for connection in [known for known, arrival in self._arrivals.items() if arrival.end < time.monotonic()]:
                self._close(connection)
            if self._listener in ready:
                self._accept()

    def _accept(self) -> None:
        """Accept a connection. If there are too many, close the oldest without a complete request."""
        if len(self._arrivals) + len(self._answered) >= MOST and not self._make_room():
            return
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                self._make_room()
            return
        connection.setblocking(False)
        self._arrivals[connection] = _Arrival()
        self._selector.register(connection, selectors.EVENT_READ)

    def _make_room(self) -> bool:
        """Close the oldest connection without a complete request. If there is none, pause and return False."""
        if self._arrivals:
            self._close(next(iter(self._arrivals)))
            return True
        time.sleep(_PAUSE_SECONDS)
        return False

    def _receive(self, connection: socket.socket) -> None:
        """Read from `connection`, and start the answer if the request is complete."""
        arrival = self._arrivals[connection]
        try:
            received = connection.recv(_LARGEST_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        arrival.received += received
        if b"\r\n\r\n" in arrival.received or b"\n\n" in arrival.received:
            self._begin_answer(connection, arrival.received)
        elif not received or len(arrival.received) > _LARGEST_REQUEST:
            self._close(connection)

    def _begin_answer(self, connection: socket.socket, request: bytes) -> None:
        self._selector.unregister(connection)
        del self._arrivals[connection]
        self._answered.add(connection)
        connection.settimeout(REQUEST_SECONDS)
        try:
            threading.Thread(target=self._run, args=(connection, request), daemon=True).start()
        except RuntimeError:  # the system has no more threads
            self._end_answer(connection)

    def _run(self, connection: socket.socket, request: bytes) -> None:
        # The client may hang up. Nothing is reported, since stderr belongs to the command.
        try:
            with contextlib.suppress(Exception):
                self._answer(request, connection)
        finally:
            self._end_answer(connection)

    def _end_answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)  # let the answer arrive
        connection.close()
        self._answered.discard(connection)

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._arrivals[connection]
        connection.close()
