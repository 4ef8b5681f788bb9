"""`--listen` for containers, dev containers and ssh: each line of `role-env help programs`, as it is typed.

The identity is the one that the far side's SDK sees. docker, podman and VS Code do not run here: a network namespace on
a bridge is the container, and pasta, which is podman's network, makes its own.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from support.documents import line_of_programs, topic
from support.files import write_private
from support.machine import Machine
from support.networks import Namespace, require_namespaces
from support.readers import CLIENTS, PROGRAMS, write_foreign_files
from support.secret_service_bus import require
from support.served_command import next_line
from support.waiting import DEADLINE

pytestmark = pytest.mark.clients

BRIDGE = "172.17.0.1"
"""The address of docker's bridge on the host."""
ROLE = ":assumed-role/switchrolesbc/"
SECONDS = 12
"""How long the far side asks; sessions last half of that."""


class Containers(NamedTuple):
    """A host with docker's bridge, two containers on it, and a neighbor on another network of the host's."""

    host: Namespace
    container: Namespace
    other: Namespace
    neighbor: Namespace


def image_variables(machine: Machine) -> dict[str, str]:
    """Return the variables of each image: a home folder of its own, and the way to the local STS."""
    home = machine.home / "container"
    home.mkdir(exist_ok=True)
    kept = ("PATH", "SSL_CERT_FILE", "ALIBABA_CLOUD_STS_ENDPOINT")
    return {name: machine.environ[name] for name in kept} | {"HOME": str(home)}


@pytest.fixture(autouse=True)
def _short_sessions(machine: Machine) -> None:
    machine.sts.session_seconds = SECONDS / 2


@pytest.fixture
def work() -> str:
    """What is typed for `python work.py`: a program that uses the SDK for so long."""
    if not (CLIENTS / "bin" / "python").exists():
        pytest.skip("there are no clients (tests/run)")
    return f"{CLIENTS / 'bin' / 'python'} {PROGRAMS / 'sts_identity.py'} {SECONDS}"


@pytest.fixture
def containers(machine: Machine) -> Iterator[Containers]:
    require_namespaces()
    with Namespace() as host, Namespace() as container, Namespace() as other, Namespace() as neighbor:
        host.ip("link", "add", "docker0", "type", "bridge")
        host.add_address(f"{BRIDGE}/16", "docker0")
        host.ip("link", "set", "docker0", "up")
        host.join(container, "veth0", "172.17.0.2/16", bridge="docker0")
        host.join(other, "veth1", "172.17.0.3/16", bridge="docker0")
        host.join(neighbor, "lan0", "192.168.77.2/24")
        host.add_address("192.168.77.1/24", "lan0")
        neighbor.ip("route", "add", f"{BRIDGE}/32", "via", "192.168.77.1")
        for namespace in (host, container):
            namespace.carry(machine.sts.port)
        yield Containers(host, container, other, neighbor)


def documented_line(part: str, work: str) -> str:
    """Return the line of the topic that contains `part`, as one would type it."""
    return line_of_programs(part).replace("python work.py", work)


def check_live(machine: Machine, shown: str, reported: str) -> None:
    """Check that the far side was the role all the time, with one session after the other."""
    calls = [line.split() for line in shown.splitlines()]
    assert {ROLE in arn for _, arn in calls} == {True}, (shown, reported)
    assert {key_id for key_id, _ in calls} <= {issued.id for issued in machine.sts.issued}
    assert len({key_id for key_id, _ in calls}) >= 3


RUN = """#!{python}
# docker's command, or podman's, as far as its network and variables go: `enter` is the way into the container.
import os, sys
words, given, enter = sys.argv[1:], {{}}, {enter}
assert words[:2] == ["run", "--rm"]
words = words[2:]
if words[0].startswith("--network=pasta:"):
    network = words.pop(0).partition(":")[2].split(",")
    enter = ["pasta", "--quiet", "--runas", "0", "--config-net", *network, "--"]  # as podman without root does
while words[0] == "-e":
    given[words[1]] = os.environ[words[1]]
    words = words[2:]
assert words[0] == "python:3"
variables = {image} | given
os.environ["PATH"] = variables["PATH"]
os.execvpe(enter[0], [*enter, *words[1:]], variables)
"""


def install(machine: Machine, name: str, script: str, enter: list[str]) -> str:
    """Make a program of `script`, by whose `enter` a container is entered; return the PATH on which it is."""
    text = script.format(python=sys.executable, image=image_variables(machine), enter=enter)
    machine.write_program(f"bin/{name}", text)
    return f"{machine.home / 'bin'}:{machine.environ['PATH']}"


@pytest.mark.parametrize(("part", "is_desktop"), [("-- docker run", False), ("host.docker.internal", True)])
def test_a_container_has_live_sessions_by_the_documented_line(
    machine: Machine, containers: Containers, work: str, part: str, *, is_desktop: bool
) -> None:
    """On docker's bridge, and in Docker Desktop, where the name of the host leads to its loopback."""
    line, network = documented_line(part, work), containers.host if is_desktop else containers.container
    write_foreign_files(Path(image_variables(machine)["HOME"]), "LTAIforeign", "foreign")
    hosts = machine.home / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{'127.0.0.1' if is_desktop else BRIDGE} host.docker.internal\n")
    with_hosts = ("unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "-")
    path = install(machine, "docker", RUN, network.command(*with_hosts))
    done = machine.run(*containers.host.command("bash", "-c", line), PATH=path)
    check_live(machine, done.stdout, done.stderr)


def test_who_reaches_the_bridge_gets_nothing_without_the_path_and_the_session_with_it(
    machine: Machine, containers: Containers
) -> None:
    """As the topic says: other containers, and a neighbor that sends packets for the bridge's address to this host."""
    machine.sts.session_seconds = 900
    show = "echo $ALIBABA_CLOUD_CREDENTIALS_URI; read line"
    command = containers.host.command("role-env", "exec", "--renew", "--listen", BRIDGE, "profileB", "--", "sh", "-c")
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, show], env=machine.environ, stdin=pipe, stdout=pipe, text=True) as served:
        uri = next_line(served).strip()
        assert uri.startswith(f"http://{BRIDGE}:")
        guess = uri.rpartition("/")[0] + "/latest/meta-data/"
        for reached in (containers.other, containers.neighbor):
            asked = [machine.run(*reached.command("curl", "-sw", " %{http_code}", url)).stdout for url in (guess, uri)]
            assert asked[0] == " 404"
            assert asked[1].endswith(" 200")
        served.communicate("\n", timeout=DEADLINE)


def test_podmans_network_without_root_has_live_sessions_by_the_documented_line(machine: Machine, work: str) -> None:
    """STS is at a port of the host's loopback, which this network brings into the container likewise."""
    require_namespaces()
    require("pasta")
    line = documented_line("podman run", work)
    line = line.replace("pasta:-T,8437", f"pasta:-T,8437,-T,{machine.sts.port}")
    with Namespace() as host:
        host.carry(machine.sts.port)
        path = install(machine, "podman", RUN, [])
        done = machine.run(*host.command("bash", "-c", line), PATH=path)
    check_live(machine, done.stdout, done.stderr)


DEVCONTAINER = """#!{python}
# `devcontainer exec`: the real command reads the file, and a namespace is the container that it would ask docker for.
import json, os, subprocess, sys
assert sys.argv[1:4] == ["exec", "--workspace-folder", "."]
read = ["CLI", "read-configuration", "--workspace-folder", ".", "--docker-path", "true"]
found = json.loads(subprocess.run(read, check=True, capture_output=True).stdout)["configuration"]
os.execvpe("nsenter", {enter} + sys.argv[4:], {image} | found["remoteEnv"])
"""


def test_a_dev_container_has_live_sessions_by_the_documented_file_and_line(
    machine: Machine, containers: Containers, work: str
) -> None:
    cli = CLIENTS / "node_modules" / ".bin" / "devcontainer"
    if not cli.exists():
        pytest.skip("there are no clients for Node (tests/run)")
    text = topic("programs").read_text("utf-8")
    write_private(machine.home / ".devcontainer" / "devcontainer.json", text.split("```json\n")[1].split("```")[0])
    path = install(machine, "devcontainer", DEVCONTAINER.replace("CLI", str(cli)), containers.container.command())
    done = machine.run(*containers.host.command("bash", "-c", documented_line("devcontainer", work)), PATH=path)
    check_live(machine, done.stdout, done.stderr)


# ---- ssh ----

SSHD = """
ListenAddress 192.168.78.2
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
AcceptEnv ALIBABA_CLOUD_*
GatewayPorts clientspecified
ForceCommand . {folder}/home; eval "$SSH_ORIGINAL_COMMAND"
"""
SSH = """
Host far
  HostName 192.168.78.2
  User root
  IdentityFile {folder}/user
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
"""


@pytest.fixture
def near_and_far(machine: Machine) -> Iterator[tuple[Namespace, Namespace]]:
    """Two hosts; on the far one runs sshd, whose users have a home folder with another user's keys."""
    require_namespaces()
    require("ssh", "sshd")
    folder = machine.temporary / "ssh"
    folder.mkdir()
    for key in ("host", "user"):
        machine.run("ssh-keygen", "-qt", "ed25519", "-N", "", "-f", str(folder / key))
    for name, text in {"sshd_config": SSHD, "ssh_config": SSH}.items():
        write_private(folder / name, text.format(folder=folder))
    image = image_variables(machine)
    write_foreign_files(Path(image["HOME"]), "LTAIforeign", "foreign")
    write_private(folder / "home", "".join(f"export {name}={shlex.quote(image[name])}\n" for name in image))
    Path("/run/sshd").mkdir(exist_ok=True)
    sshd = [str(shutil.which("sshd")), "-D", "-e", "-f", str(folder / "sshd_config")]
    with Namespace() as near, Namespace() as far:
        near.join(far, "eth1", "192.168.78.2/24")
        near.add_address("192.168.78.1/24", "eth1")
        for host in (near, far):
            host.carry(machine.sts.port)
        with subprocess.Popen(far.command(*sshd), stderr=subprocess.PIPE, text=True) as served:
            assert served.stderr
            assert "listening" in served.stderr.readline()
            yield near, far
            served.terminate()


def ssh_line(machine: Machine, work: str) -> str:
    """Return the documented line, with the settings that a person has in ~/.ssh/config."""
    return documented_line("ssh -o", work).replace(" HOST ", f" -F {machine.temporary}/ssh/ssh_config far ")


def test_the_far_end_of_ssh_has_live_sessions_by_the_documented_line(
    machine: Machine, near_and_far: tuple[Namespace, Namespace], work: str
) -> None:
    near, _ = near_and_far
    done = machine.run(*near.command("bash", "-c", ssh_line(machine, work)))
    check_live(machine, done.stdout, done.stderr)


def test_where_another_user_has_the_port_at_the_far_end_of_ssh_nothing_runs(
    machine: Machine, near_and_far: tuple[Namespace, Namespace]
) -> None:
    near, far = near_and_far
    with far.listen(8437):
        done = machine.run(*near.command("bash", "-c", ssh_line(machine, "echo ran")))
    assert (done.returncode, done.stdout) == (255, ""), done.stderr
