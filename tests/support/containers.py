"""Containers as far as their network and their variables go: a namespace in the place of what docker would start.

docker's daemon, podman's run time and VS Code do not run here. What people type does: docker's own command, which asks
this daemon, pasta, which is podman's network, and the dev containers' own reading of their file.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from cloud.service import Answer, Service
from support.machine import Machine
from support.networks import Namespace
from support.relay import relay
from support.waiting import DEADLINE

BRIDGE = "172.17.0.1"
"""The address of docker's bridge on the host."""


class Containers:
    """A host with docker's bridge, two containers on it, and a neighbor on another network of the host's."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.host, self.container, self.other, self.neighbor = (Namespace() for _ in range(4))
        self.host.ip("link", "add", "docker0", "type", "bridge")
        self.host.add_address(f"{BRIDGE}/16", "docker0")
        self.host.ip("link", "set", "docker0", "up")
        self.host.join(self.container, "veth0", "172.17.0.2/16", bridge="docker0")
        self.host.join(self.other, "veth1", "172.17.0.3/16", bridge="docker0")
        self.host.join(self.neighbor, "lan0", "192.168.77.2/24")
        self.host.add_address("192.168.77.1/24", "lan0")
        self.neighbor.ip("route", "add", f"{BRIDGE}/32", "via", "192.168.77.1")
        for namespace in (self.host, self.container):
            namespace.carry(machine.sts.port)

    def __enter__(self) -> "Containers":
        return self

    def __exit__(self, *_: object) -> None:
        for namespace in (self.host, self.container, self.other, self.neighbor):
            namespace.close()

    def run(self, words: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, whose variables are these and those of its image."""
        environ = {**image_variables(self._machine), **variables}
        hosts = self._machine.home / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{BRIDGE} host.docker.internal\n")
        with_hosts = ("unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "-")
        return subprocess.run(
            self.container.command(*with_hosts, *words),
            env=environ,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )


def image_variables(machine: Machine) -> dict[str, str]:
    """Return the variables of each image: a home folder of its own, and the way to the local STS."""
    home = machine.home / "container"
    home.mkdir(exist_ok=True)
    kept = ("PATH", "SSL_CERT_FILE", "ALIBABA_CLOUD_STS_ENDPOINT")
    return {name: machine.environ[name] for name in kept} | {"HOME": str(home)}


class Daemon(Service):
    """A docker daemon that takes note of the variables of what is to be created, and creates nothing."""

    def __init__(self) -> None:
        self.created: list[dict[str, str]] = []
        super().__init__()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Report a failure to create anything."""
        if method != "POST":
            return Answer(200, headers={"Api-Version": "1.45"})
        if "/containers/create" in target:
            asked = json.loads(body)
            self.create(asked["Cmd"], dict(pair.split("=", 1) for pair in asked["Env"]))
        return Answer(500)

    def create(self, words: Sequence[str], variables: dict[str, str]) -> None:
        """Take note."""
        self.created.append(variables)


class RunningDaemon(Daemon):
    """A docker daemon whose one container is that of `containers`. Its end is reported as a failure to create it.

    With `is_desktop` the host's name leads to the loopback of the host, as in Docker Desktop.
    """

    def __init__(self, containers: Containers, *, is_desktop: bool = False) -> None:
        self._containers = containers
        self._is_desktop = is_desktop
        self.ran: list[subprocess.CompletedProcess[str]] = []
        super().__init__()

    def create(self, words: Sequence[str], variables: dict[str, str]) -> None:
        """Run the container."""
        if self._is_desktop:
            self._bring_loopback(urlsplit(variables["ALIBABA_CLOUD_CREDENTIALS_URI"]).port or 0)
        self.ran.append(self._containers.run(words, variables))

    def _bring_loopback(self, port: int) -> None:
        host = self._containers.host
        relay(host.listen(port, BRIDGE), lambda: host.connect(port))
