"""`--listen` for containers, dev containers and ssh: each line of `role-env help programs`, as it is typed.

The identity is the one that the far side's SDK sees. docker itself does not run here: a network namespace on a bridge
is the container.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.containers import BRIDGE, Containers, RunningDaemon, image_variables
from support.documents import line_of_programs, topic
from support.files import write_private
from support.machine import Machine
from support.networks import Namespace, require_namespaces
from support.readers import CLIENTS, PROGRAMS, write_foreign_files
from support.secret_service_bus import require
from support.served_command import next_line
from support.waiting import DEADLINE

pytestmark = pytest.mark.clients

ROLE = ":assumed-role/switchrolesbc/"
SECONDS = 12
"""How long the far side asks; sessions last half of that."""


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
    with Containers(machine) as made:
        yield made


def documented_line(part: str, work: str) -> str:
    """Return the line of the topic that contains `part`, as one would type it."""
    return line_of_programs("there", part).replace("python work.py", work)


def check_live(machine: Machine, shown: str, reported: str) -> None:
    """Check that the far side was the role all the time, with one session after the other."""
    calls = [line.split() for line in shown.splitlines()]
    assert {ROLE in arn for _, arn in calls} == {True}, (shown, reported)
    assert {key_id for key_id, _ in calls} <= {issued.id for issued in machine.sts.issued}
    assert len({key_id for key_id, _ in calls}) >= 3


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker's command is not installed")
@pytest.mark.parametrize(("part", "is_desktop"), [("-- docker run", False), ("host.docker.internal", True)])
def test_a_container_has_live_sessions_by_the_documented_line(
    machine: Machine, containers: Containers, work: str, part: str, *, is_desktop: bool
) -> None:
    """On docker's bridge, and in Docker Desktop, where the name of the host leads to its loopback."""
    line = documented_line(part, work)
    write_foreign_files(Path(image_variables(machine)["HOME"]), "LTAIforeign", "foreign")
    with RunningDaemon(containers, is_desktop=is_desktop) as daemon:
        containers.host.carry(daemon.port)
        environ = {"DOCKER_HOST": f"tcp://127.0.0.1:{daemon.port}"}
        done = machine.run(*containers.host.command("bash", "-c", line), **environ)
    assert daemon.ran, done.stderr
    (ran,) = daemon.ran
    check_live(machine, ran.stdout, ran.stderr)


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


PODMAN = """#!{python}
# podman's command, as far as its network and variables go: it starts pasta, as podman without root does.
import os, sys
words = sys.argv[1:]
assert words[:2] == ["run", "--rm"]
network, given, rest = words[2], {{}}, words[3:]
while rest[0] == "-e":
    given[rest[1]] = os.environ[rest[1]]
    rest = rest[2:]
assert network.startswith("--network=pasta:") and rest[0] == "python:3"
pasta = ["pasta", "--quiet", "--runas", "0", "--config-net", *network.partition(":")[2].split(","), "--"]
variables = {image} | given
os.environ["PATH"] = variables["PATH"]
os.execvpe("pasta", [*pasta, *rest[1:]], variables)
"""


def test_podmans_network_without_root_has_live_sessions_by_the_documented_line(machine: Machine, work: str) -> None:
    """STS is at a port of the host's loopback, which this network brings into the container likewise."""
    require_namespaces()
    require("pasta")
    line = documented_line("podman run", work)
    image = image_variables(machine)
    machine.write_program("bin/podman", PODMAN.format(python=sys.executable, image=image))
    line = line.replace("pasta:-T,8437", f"pasta:-T,8437,-T,{machine.sts.port}")
    with Namespace() as host:
        host.carry(machine.sts.port)
        path = f"{machine.home / 'bin'}:{machine.environ['PATH']}"
        done = machine.run(*host.command("bash", "-c", line), PATH=path)
    check_live(machine, done.stdout, done.stderr)


DEVCONTAINER = """#!{python}
# `devcontainer exec`: the real command reads the file, and a namespace is the container that it would ask docker for.
import json, os, subprocess, sys
assert sys.argv[1:4] == ["exec", "--workspace-folder", "."]
read = ["{cli}", "read-configuration", "--workspace-folder", ".", "--docker-path", "true"]
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
    script = DEVCONTAINER.format(
        python=sys.executable, cli=cli, enter=containers.container.command(), image=image_variables(machine)
    )
    machine.write_program("bin/devcontainer", script)
    path = f"{machine.home / 'bin'}:{machine.environ['PATH']}"
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
