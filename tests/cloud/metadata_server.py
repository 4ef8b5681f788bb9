"""The metadata service of an ECS instance: version 2 with its token, version 1, and what can be wrong with them.

In a test, on loopback::

    with MetadataServer() as service:
        ...                                     # service.address, service.asked

At its real address, in a network namespace of its own, where it runs a command and ends with the command's status::

    subprocess.run(in_namespace("role-env", "export", "ecs", "--format", "json"))

The environment variable METADATA_ANSWERS of such a command, JSON, changes its answers as `answers` does. With `relay`
the namespace reaches a server on this machine's loopback, such as the local STS, under the same port.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloud.answers import Answer
from cloud.service import Service
from cloud.world import timestamp
from support.relay import relay

REAL_ADDRESS = "100.100.100.200"
ROLE = "instance-role"
TOKEN_PATH = "/latest/api/token"
ROLES_PATH = "/latest/meta-data/ram/security-credentials/"


class MetadataServer(Service):
    """The service at `host` and `port`, for an instance with the role ROLE.

    `credentials` is the document of that role, `answers` gives a path another status and body, `version_2` says
    whether a token is needed and can be had. `asked` holds method, path and headers of each request.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.credentials: dict[str, Any] = {
            "Code": "Success",
            "AccessKeyId": "STS." + secrets.token_hex(12),
            "AccessKeySecret": secrets.token_hex(20),
            "SecurityToken": secrets.token_hex(200),
            "LastUpdated": timestamp(-600),
            "Expiration": timestamp(6 * 3600),
        }
        self.version_2 = True
        self.answers: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []
        self._token = secrets.token_urlsafe(40)
        super().__init__(address=(host, port))
        self.address = f"{host}:{self.port}"

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Record the request and return the answer."""
        self.asked.append((method, target, headers))
        status, text = self._status_and_text(method, target, headers)
        return Answer(status, text.encode())

    def _status_and_text(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        if path in self.answers:
            return self.answers[path]
        if path == TOKEN_PATH:
            seconds = headers.get("x-aliyun-ecs-metadata-token-ttl-seconds", "")
            good = method == "PUT" and seconds.isdigit() and 0 < int(seconds) <= 21600
            return (404, "") if not self.version_2 else (200, self._token) if good else (400, "")
        if self.version_2 and headers.get("x-aliyun-ecs-metadata-token") != self._token:
            return 403, "Forbidden"
        documents = {ROLES_PATH: ROLE, ROLES_PATH + ROLE: json.dumps(self.credentials)}
        return (200, documents[path]) if method == "GET" and path in documents else (404, "Not Found")


# ---- at the real address ----


def has_namespaces() -> bool:
    """Return whether this user may create a network namespace."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False).returncode == 0


_UNSHARE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]


def in_namespace(*command: str, relay: tuple[Path, int] | None = None) -> list[str]:
    """Return the command line that runs `command` in a network namespace where the service is at its real address.

    `relay` is what `relayed` gave.
    """
    onward = [str(relay[0]), str(relay[1])] if relay else ["-", "0"]
    here = ("env", f"PYTHONPATH={Path(__file__).parents[1]}", sys.executable, "-m", "cloud.metadata_server")
    return [*_UNSHARE, *here, *onward, *command]


@contextmanager
def relayed(folder: Path, port: int) -> Iterator[tuple[Path, int]]:
    """Open a connection from a namespace to `port` of this machine's loopback: a unix socket in `folder`."""
    path = folder / f"relay-{port}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        relay(listener, lambda: socket.create_connection(("127.0.0.1", port)))
        yield path, port


def _bring_up() -> None:
    """Bring up the namespace's loopback, with the service's address beside its own."""
    up, flags, address = 0x1, 0x8914, 0x8916  # IFF_UP, SIOCSIFFLAGS, SIOCSIFADDR
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, flags, struct.pack("16sh14x", b"lo", up))
        wanted = struct.pack("16sHH4s8x", b"lo:0", socket.AF_INET, 0, socket.inet_aton(REAL_ADDRESS))
        fcntl.ioctl(control, address, wanted)


def _connected(path: str) -> socket.socket:
    near = socket.socket(socket.AF_UNIX)
    near.connect(path)
    return near


def main(path: str, port: str, *command: str) -> int:
    """Run `command` beside the service; return its exit status."""
    _bring_up()
    if port != "0":
        relay(socket.create_server(("127.0.0.1", int(port))), lambda: _connected(path))
    del os.environ["PYTHONPATH"]  # which led to this module
    with MetadataServer(REAL_ADDRESS, 80) as service:
        for changed, (status, body) in json.loads(os.environ.get("METADATA_ANSWERS", "{}")).items():
            service.answers[changed] = (status, body)
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
