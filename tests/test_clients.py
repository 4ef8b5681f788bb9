"""Real clients, fed by role-env: each ends as the assumed role, as STS or a stand-in of its service answers."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cloud.answers import Answer
from cloud.ram import LocalRam
from cloud.service import Service
from support.documents import line_of_programs
from support.files import write_private
from support.https_server import HttpsServer
from support.machine import INSTALLED, Machine
from support.readers import CLIENTS, PROGRAMS, write_foreign_files
from support.rotated import new_key
from support.secret_service_bus import require

pytestmark = pytest.mark.clients

ROLE = ":assumed-role/switchrolesbc/"
needs_node = pytest.mark.skipif(
    not (CLIENTS / "role-env-node").exists(), reason="there are no clients for Node (tests/run)"
)


@pytest.fixture(scope="session")
def clients() -> Path:
    """The programs of the clients, in a venv that `tests/run` makes."""
    if not (CLIENTS / "bin" / "aliyunlog").exists():
        reason = f"there is no {CLIENTS.name} (tests/run makes it)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return CLIENTS / "bin"


@pytest.fixture
def service(machine: Machine) -> Iterator[HttpsServer]:
    """A stand-in for OSS or SLS, whose authority the machine's clients trust."""
    with HttpsServer(machine.sts.folder) as started:
        machine.environ["REQUESTS_CA_BUNDLE"] = str(started.ca_file)
        yield started


def signers(service: HttpsServer) -> list[tuple[str, str]]:
    """The access key id and the security token of each request to `service`."""
    found = []
    for _, headers in service.asked:
        # OSS4-HMAC-SHA256 Credential=<id>/…, LOG <id>:<signature>
        signer = re.search(r"(?:^LOG |Credential=)([^:/,]+)[:/]", headers["authorization"])
        assert signer
        found.append((signer[1], headers.get("x-oss-security-token", "") + headers.get("x-acs-security-token", "")))
    return found


@pytest.fixture
def foreign(machine: Machine) -> str:
    """The access key id of another user, whom the files of the tools in HOME name."""
    key = machine.sts.world.key_of("test_user2")
    write_foreign_files(machine.home, key.id, key.secret)
    return key.id


@pytest.fixture(autouse=True)
def _forget_foreign_files(machine: Machine) -> Iterator[None]:
    """They hold secrets by their nature, which the machine's canary need not find."""
    yield
    shutil.rmtree(machine.home / ".aliyun", ignore_errors=True)


def check_identity(machine: Machine, done: "subprocess.CompletedProcess[str]") -> None:
    (issued,) = machine.sts.issued
    assert done.stdout.startswith(f"{issued.id} "), done.stderr
    assert ROLE in done.stdout


def test_the_sdks_take_the_session_from_the_environment(machine: Machine, clients: Path, foreign: str) -> None:
    done = machine.role_env("exec", "profileB", "--", str(clients / "python"), str(PROGRAMS / "sts_identity.py"))
    check_identity(machine, done)


def test_the_sdks_write_the_session_of_an_external_profile_into_its_file(machine: Machine, clients: Path) -> None:
    process = f"{INSTALLED / 'role-env'} process profileB"
    profile = {"name": "B", "mode": "External", "process_command": process, "region_id": "cn-hangzhou"}
    config = machine.write_cli_file({"current": "B", "profiles": [profile]})
    done = machine.run(str(clients / "python"), str(PROGRAMS / "sts_identity.py"))
    check_identity(machine, done)
    # What the README warns of: should an SDK no longer do it, the README may say so.
    assert machine.sts.issued[0].secret in config.read_text()


def test_the_sdks_take_live_sessions_from_the_credentials_uri_whatever_the_tools_files_name(
    machine: Machine, clients: Path, foreign: str
) -> None:
    command = (str(clients / "python"), str(PROGRAMS / "sts_identity.py"))
    assert machine.run(*command).stdout.startswith(f"{foreign} ")
    check_live(machine, *command)


def test_after_a_failed_switch_the_sdks_find_no_account(machine: Machine, clients: Path, foreign: str) -> None:
    who = f"{clients / 'python'} {PROGRAMS / 'sts_identity.py'}"
    check_nobody(machine, who, foreign)


def check_nobody(machine: Machine, who: str, foreign: str) -> None:
    """Check that the client `who` acts as another user before a session, and as nobody after a failed switch."""
    done = machine.shell("bash", f'{who}\neval "$(role-env profileB)"\neval "$(role-env nosuch)"\n{who}; echo $?')
    assert [line.partition(" ")[0] for line in done.stdout.splitlines()] == [foreign, "1"], done.stderr


def check_live(machine: Machine, *command: str) -> None:
    """Check that a client that asks for twice a session's life is always the role, by few calls to STS."""
    machine.sts.session_seconds = 6
    done = machine.succeeds("exec", "--renew", "profileB", "--", *command, "12")
    calls = [line.split() for line in done.stdout.splitlines()]
    assert {ROLE in arn for _, arn in calls} == {True}
    assert len({key_id for key_id, _ in calls}) >= 3
    assert len(machine.sts.calls_of("AssumeRole")) <= 8


SDK = """
from alibabacloud_credentials.provider import CLIProfileCredentialsProvider
print(CLIProfileCredentialsProvider(profile_name="profileB").get_credentials().get_access_key_id())
"""


def test_the_sdk_runs_the_profile_and_what_it_writes_back_leaves_it_ours(machine: Machine, clients: Path) -> None:
    machine.succeeds("setup", "aliyun-cli", "profileB")
    done = machine.run(str(clients / "python"), "-c", SDK)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == machine.sts.issued[-1].id
    path = machine.home / ".aliyun/config.json"
    assert machine.role_env("setup", "aliyun-cli", "profileB").stdout == f"{path} has it already\n"
    assert len(machine.sts.issued) == 1
    path.unlink()  # the SDK has put the session into it, in plaintext


def test_the_older_sdk_calls_ecs_as_the_role(machine: Machine, clients: Path) -> None:
    environ = {"ALIBABA_CLOUD_CA_BUNDLE": str(machine.sts.ca_file)}
    command = ("exec", "profileB", "--region", "cn-hangzhou", "--", str(clients / "python"))
    done = machine.role_env(*command, str(PROGRAMS / "ecs_instances.py"), **environ)
    assert "Instances" in json.loads(done.stdout), done.stderr
    (call,) = machine.sts.calls_of("DescribeInstances")
    assert call.access_key_id == machine.sts.issued[0].id
    assert ROLE in call.identity


def test_both_oss_sdks_sign_as_the_role(machine: Machine, clients: Path, service: HttpsServer) -> None:
    service.body = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"
    endpoint = f"https://localhost:{service.port}"
    command = (str(clients / "python"), str(PROGRAMS / "oss_buckets.py"), endpoint)
    machine.succeeds("exec", "profileB", "--", *command)
    (issued,) = machine.sts.issued
    assert signers(service) == [(issued.id, issued.token)] * 2


def test_pyodps_signs_as_the_role_of_a_profile_with_the_family_odps(
    machine: Machine, clients: Path, service: HttpsServer
) -> None:
    """The user's own variables, even an empty one, would outrank the session."""
    machine.add("variables = odps\n")
    mine = {"ODPS_STS_ACCOUNT_FILE": "", "ODPS_BEARER_TOKEN": "mine"}
    command = (str(clients / "python"), str(PROGRAMS / "odps_project.py"), f"https://localhost:{service.port}/api")
    machine.succeeds("exec", "profileB", "--", *command, **mine)
    (issued,) = machine.sts.issued
    asked = [headers for _, headers in service.asked]
    assert {each["authorization"].partition(":")[0] for each in asked} == {f"ODPS {issued.id}"}
    assert {each["authorization-sts-token"] for each in asked} == {issued.token}


def test_the_log_services_command_signs_as_the_role(machine: Machine, clients: Path, service: HttpsServer) -> None:
    service.body = b'{"count": 0, "total": 0, "projects": []}'
    service.headers = {"x-log-requestid": "1"}
    machine.add("variables = alibaba_cloud aliyun_log\n")
    # Its own file outranks all variables but those of the family aliyun_log.
    foreign_key = "[main]\naccess-id = LTAIforeign\naccess-key = foreign\nregion-endpoint = localhost\n"
    write_private(machine.home / ".aliyunlogcli", foreign_key)
    endpoint = f"--region-endpoint=https://localhost:{service.port}"
    done = machine.role_env("exec", "profileB", "--", str(clients / "aliyunlog"), "log", "list_project", endpoint)
    assert json.loads(done.stdout)["total"] == 0, done.stderr
    (issued,) = machine.sts.issued
    assert set(signers(service)) == {(issued.id, issued.token)}


@needs_node
@pytest.mark.parametrize("how", [("exec", "profileB"), ("exec", "--renew", "profileB")], ids=["variables", "uri"])
def test_node_has_the_session(machine: Machine, clients: Path, foreign: str, how: tuple[str, ...]) -> None:
    environ = {"NODE_PATH": str(CLIENTS / "node_modules"), "NODE_EXTRA_CA_CERTS": str(machine.sts.ca_file)}
    done = machine.role_env(*how, "--", "node", str(PROGRAMS / "identity.js"), **environ)
    check_identity(machine, done)


@needs_node
def test_at_an_ipv6_address_node_has_the_session_and_python_cannot_read_the_uri(
    machine: Machine, clients: Path, foreign: str
) -> None:
    """As the topic `programs` says; should the SDK for Python learn it, the topic may leave it out."""
    environ = {"NODE_PATH": str(CLIENTS / "node_modules"), "NODE_EXTRA_CA_CERTS": str(machine.sts.ca_file)}
    listen = ("exec", "--renew", "--listen", "::1", "profileB", "--")
    check_identity(machine, machine.role_env(*listen, "node", str(PROGRAMS / "identity.js"), **environ))
    done = machine.role_env(*listen, str(clients / "python"), str(PROGRAMS / "sts_identity.py"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a valid host or port" in done.stderr


@needs_node
def test_after_a_failed_switch_node_finds_no_account(machine: Machine, clients: Path, foreign: str) -> None:
    machine.environ |= {"NODE_PATH": str(CLIENTS / "node_modules"), "NODE_EXTRA_CA_CERTS": str(machine.sts.ca_file)}
    check_nobody(machine, f"node {PROGRAMS / 'identity.js'}", foreign)


@needs_node
def test_node_takes_live_sessions_from_the_credentials_uri_whatever_the_tools_files_name(
    machine: Machine, clients: Path, foreign: str
) -> None:
    machine.environ |= {"NODE_PATH": str(CLIENTS / "node_modules"), "NODE_EXTRA_CA_CERTS": str(machine.sts.ca_file)}
    check_live(machine, "node", str(PROGRAMS / "identity.js"))


@needs_node
def test_serverless_devs_takes_the_session_by_the_documented_line(machine: Machine, clients: Path) -> None:
    line = line_of_programs("s deploy").replace("s deploy -a", f"node {PROGRAMS / 'serverless_devs.js'}")
    machine.add("variables = plain\n")
    script = f'eval "$(role-env profileB || echo false)"\n{line}'
    done = machine.shell("bash", script, NODE_PATH=str(CLIENTS / "node_modules"))
    (issued,) = machine.sts.issued
    assert done.stdout.splitlines()[-1].split() == [
        "2222222222222222",
        issued.id,
        digest(issued.secret),
        digest(issued.token),
    ]


def digest(secret: str) -> str:
    """By which a program can recognize a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


# ---- programs that need no account to show that they have it ----


def test_make_runs_a_recipe_in_the_session_by_the_documented_line(machine: Machine) -> None:
    require("make")
    line = line_of_programs("@role-env exec").replace("terraform plan", "sh -c 'echo made as $$ROLE_ENV_PROFILE'")
    (machine.home / "Makefile").write_text(f"plan:\n\t{line}\n")
    assert machine.run("make", "-s").stdout == "made as profileB\n"


def test_direnv_has_the_session_or_no_account_by_the_documented_line(machine: Machine) -> None:
    require("direnv")
    folder = machine.home / "work"
    folder.mkdir()
    show = "sh -c 'echo role=$ROLE_ENV_PROFILE key=${ALIBABA_CLOUD_ACCESS_KEY_ID:+set}'"
    for name, shown in (("profileB", "role=profileB key=set\n"), ("nobody", "role= key=\n")):
        line = line_of_programs("eval").replace("profileB", name)
        (folder / ".envrc").write_text(line + "\n")
        # From a live session of another profile, whose account must not stay.
        script = f'eval "$(role-env profileB)"; direnv allow work/.envrc && direnv exec work {show}'
        assert machine.shell("bash", script).stdout == shown


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
            self.created.append(dict(pair.split("=", 1) for pair in json.loads(body)["Env"]))
        return Answer(500)


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker's command is not installed")
def test_docker_reads_the_session_from_a_file_of_variables_by_the_documented_line(machine: Machine) -> None:
    with Daemon() as daemon:
        done = machine.shell(
            "bash", line_of_programs("docker run --env-file"), DOCKER_HOST=f"tcp://127.0.0.1:{daemon.port}"
        )
    (found,) = daemon.created
    (issued,) = machine.sts.issued
    assert (found["OSS_ACCESS_KEY_SECRET"], found["ALIBABA_CLOUD_SECURITY_TOKEN"]) == (issued.secret, issued.token)
    assert found["ROLE_ENV_PROFILE"] == "profileB", done.stderr


def test_a_rotation_asks_ims_what_its_sdk_asks(clients: Path, machine: Machine, ram: LocalRam) -> None:
    policy = (
        '{"Version": 1, "Status": "Active", "Statements": [{"Type": "ClassicWhiteList", "IPList": ["10.0.0.0/8"]}]}'
    )
    ram.world.keys[machine.sts.access_key_id].network_policy = policy
    machine.succeeds("rotate", "profileA")
    new = new_key(ram, machine.sts.access_key_id)
    ours = [request for request in ram.ims.asked if request[2]["UserAccessKeyId"] == new.id]
    ram.ims.asked.clear()
    program = (str(clients / "python"), str(PROGRAMS / "network_policy.py"))
    done = machine.run(*program, ram.ims.endpoint, new.id, new.secret, policy)
    assert json.loads(done.stdout) == json.loads(policy), done
    assert ram.ims.asked == ours[1:]
