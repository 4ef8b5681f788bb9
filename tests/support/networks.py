"""Networks of a test's own: namespaces that are a host, its containers and its neighbors, joined by cables.

As far as the network goes, a namespace with an interface on the host's bridge is what docker and podman make of a
container. Only root may make them, or whom a user namespace makes root.
"""

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from cloud.metadata_server import has_namespaces
from support.relay import relay
from support.secret_service_bus import require
from support.waiting import DEADLINE

_CLONE_NEWNET = 0x40000000


def require_namespaces() -> None:
    """Skip the test where no network can be made."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("only root can make a network")
    require("ip")
    if not has_namespaces():
        pytest.skip("network namespaces are forbidden here")


class Namespace:
    """A network namespace whose loopback is up; `addresses` are more addresses of its own, with their lengths."""

    def __init__(self, *addresses: str) -> None:
        wait_for_end = ["unshare", "--net", "sh", "-c", "echo; read line"]
        self._holder = subprocess.Popen(wait_for_end, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._holder.stdout
        self._holder.stdout.readline()
        self._path = Path(f"/proc/{self._holder.pid}/ns/net")
        self._carried: list[socket.socket] = []
        self.ip("link", "set", "lo", "up")
        for address in addresses:
            self.add_address(address, "lo")

    def __enter__(self) -> "Namespace":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, with what is in it."""
        for listener in self._carried:
            listener.close()
        self._holder.communicate(timeout=DEADLINE)

    def command(self, *words: str) -> list[str]:
        """Return the command line that runs `words` in here."""
        return ["nsenter", f"--net={self._path}", *words]

    def ip(self, *words: str) -> None:
        """Run iproute2's command in here."""
        subprocess.run(self.command("ip", *words), check=True, capture_output=True, timeout=DEADLINE)

    def add_address(self, address: str, interface: str) -> None:
        """Give an interface one more address, which can be used at once."""
        self.ip("address", "add", address, "dev", interface, *(["nodad"] if ":" in address else []))

    def join(self, other: "Namespace", name: str, address: str, *, bridge: str = "") -> None:
        """Lay a cable to `other`: here it is `name`, part of `bridge` if there is one, there eth0 with `address`."""
        peer = ("peer", "name", "eth0", "netns", str(other._holder.pid))  # noqa: SLF001  of another network
        self.ip("link", "add", name, "type", "veth", *peer)
        if bridge:
            self.ip("link", "set", name, "master", bridge)
        self.ip("link", "set", name, "up")
        other.add_address(address, "eth0")
        other.ip("link", "set", "eth0", "up")

    def carry(self, port: int) -> None:
        """Let what connects to `port` of the loopback in here reach that port of the test's own loopback."""
        self._carried.append(self.listen(port))
        relay(self._carried[-1], lambda: socket.create_connection(("127.0.0.1", port)))

    def listen(self, port: int) -> socket.socket:
        """Return a socket of this process that listens at the loopback in here."""
        made: list[socket.socket] = []

        def enter_and_listen() -> None:  # a thread may be in another namespace than the rest of its process
            with self._path.open("rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) == 0:
                    made.append(socket.create_server(("127.0.0.1", port), backlog=64))

        thread = threading.Thread(target=enter_and_listen)
        thread.start()
        thread.join()
        return made[0]
