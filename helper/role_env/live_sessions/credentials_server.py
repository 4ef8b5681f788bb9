"""Serve a session to one command at a credentials URI, and renew it when the command asks for it.

The SDKs read ALIBABA_CLOUD_CREDENTIALS_URI. Others can reach the port too: users of the machine, web pages and, with
--listen, containers. So its path is unguessable.
"""

import errno
import hmac
import ipaddress
import json
import math
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from role_env.context.messages import Messages
from role_env.credentials import ISSUED, Credentials, Session, format_utc
from role_env.deadline import Worker
from role_env.errors import ResourceError, RoleEnvError, UsageError
from role_env.http.local_server import BACKLOG, LocalServer, Reply, Request

RENEWAL_SECONDS = 960
"""The seconds left when a renewal is due, or half the session's life if that is less: the SDKs fetch again at 900."""
PATIENCE_SECONDS = 3.0
"""The seconds that a program waits for a renewal while the old session is still valid."""
LAST_PATIENCE_SECONDS = 60.0
"""The seconds that it waits once the old session has expired."""
PAUSE_SECONDS = 30.0
"""The seconds between two calls to STS, or a twentieth of the session's life if that is less."""
_LOOPBACK = "127.0.0.1"
# The answers are not encrypted, so the internet must not reach the address: loopback, or a bridge for containers.
_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7"),
    )
)
_LARGEST_PORT = 65535


class Supply:
    """The credentials of one session, renewed on demand.

    `renew` obtains the same session again, with at least the given seconds left. It may be slow, and may raise any
    RoleEnvError.
    """

    def __init__(self, first: Session, renew: Callable[[int], Session], messages: Messages) -> None:
        self._set(first.credentials)
        self._renew = renew
        self._messages = messages
        self._lock = threading.Lock()
        self._flight: Worker | None = None
        self._not_before = 0.0
        self._failure: type[Exception] | None = None

    def credentials(self) -> Credentials | None:
        """Return the credentials, after a wait if a renewal is due; None if they have expired without new ones."""
        flight = self._flight_if_due()
        if flight:
            flight.join(PATIENCE_SECONDS if self._left() > 0 else LAST_PATIENCE_SECONDS)
        return self._credentials if self._left() > 0 else None

    def _set(self, credentials: Credentials) -> None:
        self._end, self._credentials = time.monotonic() + credentials.remaining(), credentials

    def _left(self) -> float:
        """Return the seconds left by the stricter of two clocks: one may be set back, the other stops during sleep."""
        return min(self._credentials.remaining(), self._end - time.monotonic())

    def _life(self) -> float:
        return self._credentials.expiration - self._credentials.issued

    def _margin(self) -> float:
        return min(RENEWAL_SECONDS, self._life() / 2)

    def _flight_if_due(self) -> Worker | None:
        with self._lock:
            if self._flight and self._flight.is_alive():
                return self._flight
            is_due = self._left() < self._margin() or self._credentials.needs_renewal()
            if not is_due or time.monotonic() < self._not_before:
                return None
            self._flight = Worker(self._renewal)
            return self._flight

    def _renewal(self) -> None:
        try:
            session = self._renew(math.ceil(self._margin()))
            self._set(session.credentials)
            self._failure = None
        except RoleEnvError as failure:
            self._warn(failure.message, type(failure))
        except Exception as failure:  # a bug: its text could contain a secret
            self._warn(type(failure).__name__, type(failure))
        # After a success too, since the new session may have as little time left as the old one.
        self._not_before = time.monotonic() + min(PAUSE_SECONDS, self._life() / 20)

    def _warn(self, reason: str, kind: type[Exception]) -> None:
        """Warn of a failure, unless the one before was of this kind."""
        say = self._messages.decided if kind is self._failure else self._messages.say
        self._failure = kind
        say(f"the session could not be renewed and expires in {max(0, int(self._left()))} s: {reason}")


class CredentialsServer(LocalServer):
    """A server of the credentials of `supply` at `uri`, which has an unguessable path."""

    def __init__(self, supply: Supply, listener: socket.socket) -> None:
        self.supply = supply
        self._path = f"/{secrets.token_urlsafe(32)}"
        super().__init__(listener)

    @property
    def uri(self) -> str:
        """The value for ALIBABA_CLOUD_CREDENTIALS_URI."""
        return f"http://{self.authority}{self._path}"

    def answer(self, request: Request) -> Reply:
        """Return the credentials to a client that knows the path."""
        if not hmac.compare_digest(request.path.encode("utf-8", "replace"), self._path.encode()):
            return Reply(HTTPStatus.NOT_FOUND, "", {})
        credentials = self.supply.credentials()
        if not credentials:
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE, "", {})
        document = credentials.document(format_utc(credentials.expiration))
        document[ISSUED] = format_utc(int(credentials.issued))
        return Reply(HTTPStatus.OK, json.dumps({"Code": "Success", **document}), {"Content-Type": "application/json"})


def open_listener(place: str) -> socket.socket:
    """Return a socket that listens at `place`, `[ADDRESS][:PORT]`; the default is 127.0.0.1 and any free port.

    Raises UsageError for an invalid or public address or one of another machine, ResourceError if the system fails.
    """
    address, port = address_of(place)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(
                f"--listen {place}: {address} is not an address of this machine", hint=_hint(address)
            ) from None
        reason, hint = os.strerror(error.errno or 0), "leave the port out, and any free one is taken"
        raise ResourceError(f"--listen {place}: {reason}", hint=hint) from None


def address_of(place: str) -> tuple[str, int]:
    """Return the address, in the form that clients send, and the port of `place`; port 0 means any free one.

    Raises UsageError unless it is a loopback or private address.
    """
    found = re.fullmatch(r"(?:\[([^\]]*)\]|([^:]*))(?::([0-9]{1,5}))?", place)
    host, port = (found[1] or found[2] or "", int(found[3] or 0)) if found else (place, 0)
    try:
        address = ipaddress.ip_address(host or _LOOPBACK)
    except ValueError:
        raise UsageError(f"--listen {place}: {host} is not an IP address", hint=_hint(host)) from None
    if port > _LARGEST_PORT:
        raise UsageError(f"--listen {place}: {port} is not a port", hint="give a port from 1 to 65535, or none")
    # An address with a zone, such as fd00::1%eth0, matches no network here, and a URI cannot contain it.
    if "%" in host or not any(address in network for network in _NETWORKS):
        raise UsageError(f"--listen {place}: {address} is neither loopback nor private", hint=_hint(host))
    return str(address), port


def _hint(host: str) -> str:
    hint = "give an address of this machine that is loopback or private, such as 127.0.0.1; ip address shows them"
    return f"{hint}; an IPv6 address takes brackets where a port follows, as in [::1]:8437" if ":" in host else hint
