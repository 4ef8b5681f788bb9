"""The topic `recipes`: each recipe leads to a session of the profile that it names."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from support.documents import topic
from support.https_server import HttpsServer
from support.machine import INSTALLED, Machine
from support.secret_service_bus import require

TEXT = topic("recipes").read_text("utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def block(containing: str) -> str:
    """Return the one block of the topic that contains this."""
    (found,) = [text for _, text in BLOCKS if containing in text]
    return found


@pytest.fixture(autouse=True)
def _programs(machine: Machine) -> None:
    """What the recipes start, as stand-ins that want a session of the role."""
    machine.environ["PATH"] = f"{machine.home / 'bin'}:{machine.environ['PATH']}"
    for name in ("terraform", "python"):
        machine.write_program(f"bin/{name}", '#!/bin/sh\necho "$0 $* as $ROLE_ENV_PROFILE"\n')


def test_kubectl_is_the_profile_of_its_context_whatever_session_the_shell_has(machine: Machine) -> None:
    require("kubectl")
    credential = '{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", '
    credential += '"status": {"token": "%s"}}'
    script = f'printf \'{credential}\' "$ALIBABA_CLOUD_ACCESS_KEY_ID"; echo "$@" >> {machine.temporary}/arguments'
    machine.write_program("bin/ack-ram-tool", f"#!/bin/sh\n{script}\n")
    machine.add(f"[hub]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")
    with HttpsServer(machine.temporary) as cluster:
        cluster.body = b'{"major": "1", "minor": "32"}'
        kubeconfig = YAML(typ="safe").load(block("ack-ram-tool"))
        assert {user["name"] for user in kubeconfig["users"]} == {"profileB"}
        place = {"server": f"https://localhost:{cluster.port}", "certificate-authority": str(cluster.ca_file)}
        kubeconfig |= {"apiVersion": "v1", "kind": "Config", "current-context": "work"}
        kubeconfig["clusters"] = [{"name": "work", "cluster": place}]
        kubeconfig["contexts"] = [{"name": "work", "context": {"cluster": "work", "user": "profileB"}}]
        (machine.home / "kubeconfig").write_text(json.dumps(kubeconfig))
        line = "kubectl --kubeconfig kubeconfig get --raw /version"
        for command in (line.split(), ["role-env", "exec", "hub", "--", *line.split()]):
            done = machine.run(*command)
            assert (done.returncode, done.stdout) == (0, '{"major": "1", "minor": "32"}'), done.stderr
    ids = {headers["authorization"].removeprefix("Bearer ") for _, headers in cluster.asked}
    issued = {session.id: session.role.name for session in machine.sts.issued}
    assert {issued[found] for found in ids} == {"switchRoleSbc"}
    arguments = (machine.temporary / "arguments").read_text("utf-8").split()
    assert arguments[arguments.index("--credential-cache-dir") + 1].endswith("/profileB")


def test_a_service_of_docker_compose_gets_every_variable_of_a_live_session(machine: Machine) -> None:
    (service,) = YAML(typ="safe").load(block("services:"))["services"].values()
    machine.write_program("bin/docker", "#!/bin/sh\nenv\n")
    line = block("docker compose up").strip().replace("172.17.0.1", "127.0.0.1")
    done = machine.run(*line.split())
    assert done.returncode == 0, done.stderr
    passed = {name for name in service["environment"] if f"\n{name}=" in f"\n{done.stdout}"}
    assert passed == set(service["environment"])
    containers = re.findall(r"-e (ALIBABA_CLOUD_\w+)", topic("programs").read_text("utf-8"))
    assert set(service["environment"]) == set(containers), (
        "name the variables of the lines for containers in programs.md"
    )


def test_a_job_of_jenkins_assumes_the_role_with_its_token(machine: Machine) -> None:
    (line,) = re.findall(r"sh '(.*)'", block("withCredentials"))
    (variable,) = re.findall(r"variable: '(\w+)'", block("withCredentials"))
    role = machine.sts.world.role("ciDeploy").arn
    text = f"[profileB]\nrole_arn = {role}\noidc_provider_arn = {machine.sts.oidc_provider_arn}\n"
    machine.write(f"{text}oidc_token_variable = {variable}\n")
    machine.file.rename(machine.home / "profiles.ini")
    done = machine.shell("sh", line, **{variable: machine.sts.oidc_token()})
    assert "terraform plan as profileB" in done.stdout, done.stderr


def test_a_job_of_cron_finds_role_env_and_the_key_in_the_keyring(machine: Machine) -> None:
    *settings, line = block("0 3 * * *").splitlines()
    values = dict(setting.split("=", 1) for setting in settings)
    assert values["PATH"].split(":")[0] == "/home/me/.local/bin"
    (machine.home / ".local/bin").mkdir(parents=True)
    (machine.home / ".local/bin/role-env").symlink_to(INSTALLED / "role-env")
    machine.succeeds("login", "profileA", text=machine.key_lines())
    machine.write(re.sub("access_key_.*\n", "", machine.file.read_text("utf-8")))
    values["PATH"] = f"{machine.home}/.local/bin:{machine.home}/bin:/usr/bin:/bin"
    values["DBUS_SESSION_BUS_ADDRESS"] = machine.environ["DBUS_SESSION_BUS_ADDRESS"]
    kept = ("SSL_CERT_FILE", "ALIBABA_CLOUD_STS_ENDPOINT", "HOME")  # for the stand-in of STS
    values |= {name: machine.environ[name] for name in kept} | {"SHELL": "/bin/sh", "LOGNAME": "me"}
    words = [f"{name}={value}" for name, value in values.items()]
    done = machine.run("env", "-i", *words, "sh", "-c", line.removeprefix("0 3 * * * "))
    assert (done.returncode, "work.py as profileB" in done.stdout) == (0, True), done.stderr


def test_what_idaass_program_prints_assumes_a_role(machine: Machine) -> None:
    """In the form that its README shows, of November 2026: `mode` StsToken, in small letters."""
    session = machine.sts.world.role("hub")
    session.may_assume.add(machine.sts.world.role("switchRoleSbc").arn)
    machine.sts.world.role("switchRoleSbc").trusts.add(session.arn)
    machine.add(f"[first]\nrole_arn = {session.arn}\nsource_profile = profileA\n")
    first = json.loads(machine.succeeds("process", "first").stdout)
    names = ("mode", "access_key_id", "access_key_secret", "sts_token", "expiration")
    document = json.dumps({name: first[name] for name in names})
    program = f"#!/bin/sh\ntest \"$*\" = 'fetch-token --profile aliyun2' && cat {machine.temporary}/session.ini\n"
    machine.write_program("bin/alibaba-cloud-idaas", program)
    Path(machine.temporary / "session.ini").write_text(document)  # the canary knows such a file as a test's own
    machine.write(block("alibaba-cloud-idaas"))
    machine.succeeds("profileB")
    assert machine.sts.issued[-1].role.name == "switchRoleSbc"
