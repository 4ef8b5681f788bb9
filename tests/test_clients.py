"""Real clients, fed by role-env: each ends as the assumed role, as STS or a stand-in of its service answers."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import INSTALLED, Machine
from services import Services

pytestmark = pytest.mark.clients

CLIENTS = Path(__file__).parent.parent / ".venv-clients"
PROGRAMS = Path(__file__).parent / "clients"
ROLE = ":assumed-role/switchrolesbc/"


@pytest.fixture(scope="session")
def clients() -> Path:
    """The programs of the clients, in a venv that `tests/run` makes."""
    if not (CLIENTS / "bin" / "aliyunlog").exists():
        reason = f"there is no {CLIENTS.name} (tests/run makes it)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return CLIENTS / "bin"


@pytest.fixture
def services(machine: Machine) -> Iterator[Services]:
    """OSS and SLS, whose authority the machine's clients trust."""
    with Services(machine.sts.folder) as started:
        machine.environ["REQUESTS_CA_BUNDLE"] = str(started.ca_file)
        yield started


@pytest.fixture
def foreign(machine: Machine) -> str:
    """The access key id of another user, whom the files of the tools in HOME name."""
    key = machine.sts.world.key_of("test_user2")
    profile = {"name": "default", "mode": "AK", "access_key_id": key.id, "access_key_secret": key.secret}
    config = {"current": "default", "profiles": [profile | {"region_id": "cn-beijing"}]}
    write(machine.home / ".aliyun" / "config.json", json.dumps(config))
    lines = ["[default]", "type = access_key", f"access_key_id = {key.id}", f"access_key_secret = {key.secret}"]
    write(machine.home / ".alibabacloud" / "credentials.ini", "\n".join(lines))
    return key.id


def write(file: Path, text: str) -> None:
    """A file of a tool's."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)


@pytest.fixture(autouse=True)
def _forget_foreign_files(machine: Machine) -> Iterator[None]:
    """They hold secrets by their nature, which the machine's canary need not find."""
    yield
    shutil.rmtree(machine.home / ".aliyun", ignore_errors=True)


def test_the_sdks_take_the_session_from_the_environment(machine: Machine, clients: Path, foreign: str) -> None:
    done = machine.role_env("exec", "profileB", "--", str(clients / "python"), str(PROGRAMS / "sts_identity.py"))
    (issued,) = machine.sts.issued
    assert done.stdout.startswith(f"{issued.id} "), done.stderr
    assert ROLE in done.stdout


def test_the_sdks_take_the_session_from_an_external_profile_and_write_it_into_its_file(
    machine: Machine, clients: Path
) -> None:
    config = machine.home / ".aliyun" / "config.json"
    process = f"{INSTALLED / 'role-env'} process profileB"
    profile = {"name": "B", "mode": "External", "process_command": process, "region_id": "cn-hangzhou"}
    write(config, json.dumps({"current": "B", "profiles": [profile]}))
    done = machine.run(str(clients / "python"), str(PROGRAMS / "sts_identity.py"))
    (issued,) = machine.sts.issued
    assert done.stdout.startswith(f"{issued.id} "), done.stderr
    assert ROLE in done.stdout
    # What the README warns of: should an SDK no longer do it, the README may say so.
    assert issued.secret in config.read_text()


def test_the_sdks_take_live_sessions_from_the_credentials_uri_whatever_the_tools_files_name(
    machine: Machine, clients: Path, foreign: str
) -> None:
    command = (str(clients / "python"), str(PROGRAMS / "sts_identity.py"))
    assert machine.run(*command).stdout.startswith(f"{foreign} ")
    machine.sts.session_seconds = 6
    done = machine.role_env("exec", "--renew", "profileB", "--", *command, "12")
    assert done.returncode == 0, done.stderr
    calls = [line.split() for line in done.stdout.splitlines()]
    assert {ROLE in arn for _, arn in calls} == {True}
    assert len({key_id for key_id, _ in calls}) >= 3
    assert len(machine.sts.calls_of("AssumeRole")) <= 8


def test_the_older_sdk_calls_ecs_as_the_role(machine: Machine, clients: Path) -> None:
    environ = {"ALIBABA_CLOUD_CA_BUNDLE": str(machine.sts.ca_file)}
    command = ("exec", "profileB", "--region", "cn-hangzhou", "--", str(clients / "python"))
    done = machine.role_env(*command, str(PROGRAMS / "ecs_instances.py"), **environ)
    assert "Instances" in json.loads(done.stdout), done.stderr
    (call,) = machine.sts.calls_of("DescribeInstances")
    assert call.access_key_id == machine.sts.issued[0].id
    assert ROLE in call.identity


def test_both_oss_sdks_sign_as_the_role(machine: Machine, clients: Path, services: Services) -> None:
    command = (str(clients / "python"), str(PROGRAMS / "oss_buckets.py"), services.endpoint)
    done = machine.role_env("exec", "profileB", "--", *command)
    assert done.returncode == 0, done.stderr
    (issued,) = machine.sts.issued
    assert services.signers == [(issued.id, issued.token)] * 2


def test_the_log_services_command_signs_as_the_role(machine: Machine, clients: Path, services: Services) -> None:
    machine.add("variables = alibaba_cloud aliyun_log\n")
    foreign_key = "[main]\naccess-id = LTAIforeign\naccess-key = foreign\nregion-endpoint = localhost\n"
    write(machine.home / ".aliyunlogcli", foreign_key)
    command = (str(clients / "aliyunlog"), "log", "list_project", f"--region-endpoint={services.endpoint}")
    done = machine.role_env("exec", "profileB", "--", *command)
    assert json.loads(done.stdout)["total"] == 0, done.stderr
    (issued,) = machine.sts.issued
    assert set(services.signers) == {(issued.id, issued.token)}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("how", [("exec", "profileB"), ("exec", "--renew", "profileB")], ids=["variables", "uri"])
def test_node_has_the_session(machine: Machine, clients: Path, foreign: str, how: tuple[str, ...]) -> None:
    environ = {"NODE_PATH": str(CLIENTS / "node_modules"), "NODE_EXTRA_CA_CERTS": str(machine.sts.ca_file)}
    done = machine.role_env(*how, "--", "node", str(PROGRAMS / "identity.js"), **environ)
    (issued,) = machine.sts.issued
    assert done.stdout.startswith(f"{issued.id} "), done.stderr
    assert ROLE in done.stdout


def test_the_clients_run_on_this_python(clients: Path, machine: Machine) -> None:
    done = machine.run(str(clients / "python"), "-c", "import sys; print(*sys.version_info[:2])")
    assert done.stdout.split() == [str(part) for part in sys.version_info[:2]]
