"""Open the listening socket of `exec --renew`, at an address of this machine that the internet cannot reach.

The answers are not encrypted, so the address must be in the loopback network or in a private one, such as a bridge for
containers.
"""

import ipaddress
import os
import re
import socket

from role_env.errors import ResourceError, UsageError
from role_env.http.local_server import BACKLOG

_LOOPBACK = "127.0.0.1"
_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7"),
    )
)
_LARGEST_PORT = 65535


def open_listener(place: str) -> socket.socket:
    """Return a socket that listens at `place`, `[ADDRESS][:PORT]`; the default is 127.0.0.1 and any free port.

    Raises UsageError for an invalid or public address, ResourceError if the system fails.
    """
    address, port = address_of(place)
    try:
        return socket.create_server((address, port), family=_family(address), backlog=BACKLOG)
    except OSError as error:
        reason, hint = os.strerror(error.errno or 0), "leave the port out, and any free one is taken"
        raise ResourceError(f"--listen {place}: {reason}", hint=hint) from None


def address_of(place: str) -> tuple[str, int]:
    """Return the address and the port of `place`; port 0 means any free one.

    Raises UsageError unless it is a loopback or private address of this machine.
    """
    host, port = _split(place)
    address = _address(place, host)
    if not _is_local(address):
        raise UsageError(f"--listen {place}: {address} is not an address of this machine", hint=_hint(host))
    return address, port


def _split(place: str) -> tuple[str, int]:
    """Return the address, which may be empty, and the port; 0 means any."""
    if in_brackets := re.fullmatch(r"\[([^\]]*)\](?::([0-9]+))?", place):
        host, port = in_brackets[1], in_brackets[2] or "0"
    elif place.count(":") > 1:
        host, port = place, "0"
    else:
        host, colon, port = place.partition(":")
        port = port if colon else "0"
    if not re.fullmatch("[0-9]{1,5}", port) or int(port) > _LARGEST_PORT:
        raise UsageError(f"--listen {place}: {port!r} is not a port", hint="give a port from 1 to 65535, or none")
    return host, int(port)


def _address(place: str, host: str) -> str:
    """Return `host` as an IP address, in the form that clients send. Raises UsageError."""
    try:
        address = ipaddress.ip_address(host or _LOOPBACK)
    except ValueError:
        raise UsageError(f"--listen {place}: {host} is not an IP address", hint=_hint(host)) from None
    # An address with a zone, such as fd00::1%eth0, matches no network here, and a URI cannot contain it.
    if "%" in host or not any(address in network for network in _NETWORKS):
        raise UsageError(f"--listen {place}: {address} is neither loopback nor private", hint=_hint(host))
    return str(address)


def _hint(host: str) -> str:
    hint = "give an address of this machine that is loopback or private, such as 127.0.0.1 or 172.17.0.1"
    return f"{hint}; an IPv6 address takes brackets where a port follows, as in [::1]:8437" if ":" in host else hint


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _is_local(address: str) -> bool:
    """Return whether `address` belongs to this machine, by a UDP socket that sends nothing.

    Binding is not enough: it works for a broadcast address too and, with ip_nonlocal_bind, for any address.
    """
    with socket.socket(_family(address), socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
            probe.connect(probe.getsockname())
        except OSError:
            return False
    return True
