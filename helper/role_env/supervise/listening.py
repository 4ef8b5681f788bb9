"""The address at which `exec --renew` serves: this machine's own, and none that the internet reaches.

The answers are not encrypted. So an address has to be of the loopback network, or of a private one such as a bridge of
containers.
"""

import ipaddress
import os
import re
import socket

from role_env.errors import ResourceError, UsageError

_LOOPBACK = "127.0.0.1"
_NETWORKS = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "::1/128", "fc00::/7"),
    )
)
_LARGEST_PORT = 65535
# What the system keeps for us while others open connections as fast as they can.
_BACKLOG = 1024
# Names for this machine that no web page can turn to it: the last two are those of docker and podman for the host.
_NAMES = frozenset(("localhost", "host.docker.internal", "host.containers.internal"))


def open_listener(place: str) -> socket.socket:
    """Return a socket that listens at `place`, which is `[ADDRESS][:PORT]`: by default 127.0.0.1, and any free port.

    Raises UsageError where that is not allowed, ResourceError where the system cannot.
    """
    host, port = _split(place)
    address = _address(place, host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if not _is_local(family, address):
        raise UsageError(f"--listen {place}: {address} is no address of this machine", hint=_hint(host))
    try:
        return socket.create_server((address, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason, hint = os.strerror(error.errno or 0), "leave the port out, and any free one is taken"
        raise ResourceError(f"--listen {place}: {reason}", hint=hint) from None


def authority(listener: socket.socket) -> str:
    """Return the address and the port of `listener` as they stand in a URI."""
    address, port, *_ = listener.getsockname()
    return f"{_bracketed(address)}:{port}"


def is_host_of(listener: socket.socket, host: str) -> bool:
    """Return whether `host`, of a request, means `listener` and not a name that a web page has turned to it.

    It may have any port: a forwarded connection comes to another one. The SDK for Python leaves it out.
    """
    name = re.sub(r":[0-9]{1,5}\Z", "", host).lower()
    return name in _NAMES or name == _bracketed(listener.getsockname()[0])


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _split(place: str) -> tuple[str, int]:
    """Return the address, perhaps empty, and the port, which is 0 for any."""
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
    """Return the address that `host` is, in the form in which clients repeat it."""
    try:
        address = ipaddress.ip_address(host or _LOOPBACK)
    except ValueError:
        raise UsageError(f"--listen {place}: {host} is not an IP address", hint=_hint(host)) from None
    # One with a zone, such as fd00::1%eth0, is of no network here, and could not stand in a URI.
    if "%" in host or not any(address in network for network in _NETWORKS):
        raise UsageError(f"--listen {place}: {address} is neither loopback nor private", hint=_hint(host))
    return str(address)


def _hint(host: str) -> str:
    hint = "give an address of this machine that is loopback or private, such as 127.0.0.1 or 172.17.0.1"
    return f"{hint}; an IPv6 address takes brackets where a port follows, as in [::1]:8437" if ":" in host else hint


def _is_local(family: int, address: str) -> bool:
    """Return whether the system receives what is sent to `address`. Nothing is sent: the socket is one of UDP.

    A broadcast address can be listened at too, and with ip_nonlocal_bind any, but from there nothing leads to itself.
    """
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
            probe.connect(probe.getsockname())
        except OSError:
            return False
    return True
