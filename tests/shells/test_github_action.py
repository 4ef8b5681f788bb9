"""The action `.github/actions/session`: its steps, as GitHub's runner carries out those of a composite action."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.world import ACCOUNT_B, ACCOUNT_C, OidcProvider, Role
from support.documents import TOP
from support.files import write_private, write_program
from support.github_runner import ACTION, DESCRIBED, ActionJob
from support.https_server import HttpsServer
from support.machine import Machine

TOKEN_VARIABLES = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


@pytest.fixture
def job(machine: Machine) -> Iterator[ActionJob]:
    """A job that may have OIDC tokens, for roles of two accounts that take them. There is no profiles file."""
    machine.file.unlink()
    provider_b = machine.sts.world.providers[machine.sts.oidc_provider_arn]
    provider_c = OidcProvider(f"acs:ram::{ACCOUNT_C}:oidc-provider/github", provider_b.issuer, provider_b.tokens)
    machine.sts.world.providers[provider_c.arn] = provider_c
    machine.sts.world.add_role(Role(ACCOUNT_C, "ciDeploy", {provider_c.arn}, max_session_seconds=7200))
    job = ActionJob(machine)
    with HttpsServer(machine.temporary) as github:
        github.body = json.dumps({"value": machine.sts.oidc_token()}).encode()
        job.environ |= dict(zip(TOKEN_VARIABLES, (f"https://localhost:{github.port}/token?v=2", "bearer"), strict=True))
        yield job


IN_B = {
    "role_to_assume": f"acs:ram::{ACCOUNT_B}:role/cideploy",
    "oidc_provider_arn": f"acs:ram::{ACCOUNT_B}:oidc-provider/github",
}
IN_C = {name: arn.replace(ACCOUNT_B, ACCOUNT_C) for name, arn in IN_B.items()}


def test_the_later_steps_have_the_role_and_neither_the_log_nor_a_file_has_a_secret(job: ActionJob) -> None:
    status, outputs = job.uses(**IN_B, region="cn-shanghai", expect_account=ACCOUNT_B)
    assert status == 0, job.log
    (issued,) = job.machine.sts.issued
    assert issued.name == "github-action-session"
    assert (outputs["aliyun-access-key-id"], outputs["aliyun-access-key-secret"]) == (issued.id, issued.secret)
    assert outputs["aliyun-security-token"] == issued.token
    assert outputs["role-arn"] == IN_B["role_to_assume"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", outputs["expiration"])
    status, shown = job.run("echo $ALICLOUD_REGION; role-env whoami")
    assert (status, shown.split()[0]) == (0, "cn-shanghai")
    assert "assumed-role/cideploy/github-action-session" in shown
    files = [file for file in job.temporary.rglob("*") if file.is_file() and not file.is_symlink()]
    texts = [file.read_text("utf-8") for file in files] + [job.log]
    for secret in (issued.secret, issued.token, job.machine.sts.oidc_token()):
        assert not [text for text in texts if secret in text]


def test_a_job_uses_two_accounts_in_turn(job: ActionJob) -> None:
    for inputs, account in ((IN_B, ACCOUNT_B), (IN_C, ACCOUNT_C), (IN_B, ACCOUNT_B)):
        assert job.uses(**inputs, expect_account=account)[0] == 0, job.log
        assert f"account   {account}\n" in job.run("role-env whoami")[1]


def test_a_session_of_another_account_fails_the_step_and_the_later_steps_have_none(job: ActionJob) -> None:
    assert job.uses(**IN_B)[0] == 0
    assert job.uses(**IN_C, expect_account=ACCOUNT_B)[0] == 4
    assert f"account {ACCOUNT_C}" in job.log
    status, shown = job.run("test -z $ALIBABA_CLOUD_ACCESS_KEY_ID; role-env status")
    assert (status, "left this shell without an account" in shown) == (1, True), shown


def test_a_chained_role_is_assumed_with_the_session_of_the_step_before(job: ActionJob) -> None:
    world = job.machine.sts.world
    world.role("ciDeploy").may_assume.add(world.role("switchRoleSbc").arn)
    world.role("switchRoleSbc").trusts.add(f"acs:ram::{ACCOUNT_B}:root")
    assert job.uses(**IN_B)[0] == 0
    status, outputs = job.uses(role_to_assume=world.role("switchRoleSbc").arn, role_chaining="true")
    assert (status, outputs.get("role-arn")) == (0, world.role("switchRoleSbc").arn), job.log


def test_a_chained_role_is_assumed_with_what_another_action_has_set(job: ActionJob) -> None:
    key = job.machine.sts.world.key_of("test_user1")
    job.environ |= {"ALIBABA_CLOUD_ACCESS_KEY_ID": key.id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.secret}
    status, outputs = job.uses(role_to_assume=job.machine.sts.role_arn, role_chaining="true")
    assert (status, outputs.get("role-arn")) == (0, job.machine.sts.role_arn), job.log


def test_a_session_of_more_than_an_hour_is_the_roles_to_allow(job: ActionJob) -> None:
    assert job.uses(**IN_C, role_session_expiration="7200")[0] == 0, job.log
    assert job.uses(**IN_B, role_session_expiration="7200")[0] == 4


def test_a_narrower_session_is_narrowed_by_its_policy(job: ActionJob) -> None:
    policy = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}'
    write_private(job.machine.home / "policy.json", policy)
    assert job.uses(**IN_B, policy="policy.json")[0] == 0, job.log
    assert job.uses(**IN_B, read_only="true")[0] == 0, job.log
    narrow, read_only = (session.policy for session in job.machine.sts.issued)
    assert json.loads(narrow) == json.loads(policy)
    assert '"ecs:*"' not in read_only
    assert '"*:Describe*"' in read_only


def test_a_profile_of_a_file_in_the_repository_takes_the_place_of_a_role(job: ActionJob) -> None:
    text = (
        f"role_arn = {IN_B['role_to_assume']}\noidc_provider_arn = {IN_B['oidc_provider_arn']}\noidc_token = github\n"
    )
    write_private(job.machine.home / "profiles.ini", f"[deploy]\n{text}")
    assert job.uses(profile="deploy")[0] == 0, job.log
    assert job.environ["ROLE_ENV_PROFILE"] == "deploy"


def test_a_pull_request_from_a_fork_has_no_token_and_is_told_so(job: ActionJob) -> None:
    for name in TOKEN_VARIABLES:
        del job.environ[name]
    assert job.uses(**IN_B)[0] == 3
    assert "GitHub gives none to a pull request from a fork" in job.log
    assert job.machine.sts.issued == []


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({}, "name a role by role-to-assume, or a profile by profile"),
        ({**IN_B, "profile": "p"}, "role-to-assume and profile exclude each other"),
        ({"role_to_assume": IN_B["role_to_assume"]}, "role-to-assume needs oidc-provider-arn, or role-chaining: true"),
    ],
)
def test_inputs_that_name_no_session_fail_with_a_sentence(job: ActionJob, inputs: dict[str, str], reason: str) -> None:
    assert job.uses(**inputs)[0] == 2
    assert f"::error::{reason}\n" in job.log


def test_the_runners_keyring_has_nothing_of_the_job(job: ActionJob) -> None:
    assert job.uses(**IN_B)[0] == 0
    listed = job.run(f"role-env list --json --config {job.temporary}/role-env.ini")
    assert [profile["expiration"] for profile in json.loads(listed[1])] == [None]


def test_the_inputs_and_outputs_of_alibabas_own_action_have_its_names_and_defaults() -> None:
    """Those of aliyun/configure-aliyun-credentials-action v1.0.7."""
    defaults = {name: described.get("default", "") for name, described in DESCRIBED["inputs"].items()}
    theirs = {"role-to-assume": "", "oidc-provider-arn": "", "audience": "sts.aliyuncs.com"}
    theirs |= {"role-session-name": "github-action-session", "role-session-expiration": "1800"}
    assert defaults | theirs | {"role-chaining": "false"} == defaults
    assert {"aliyun-access-key-id", "aliyun-access-key-secret", "aliyun-security-token"} < DESCRIBED["outputs"].keys()


def test_the_action_installs_its_own_checkout_once(tmp_path: Path) -> None:
    """With a stand-in for the interpreter, whose venv brings a pip that notes what it is to install."""
    pip = 'cd "$(dirname "$0")"; echo "$@" >> ../installed; : > role-env; chmod +x role-env'
    venv = f'mkdir -p "$3/bin"; printf "#!/bin/sh\\n%s\\n" \'{pip}\' > "$3/bin/python"; chmod +x "$3/bin/python"'
    write_program(tmp_path / "bin/python3", f'#!/bin/sh\nif [ "$1" = -m ]; then {venv}; fi\n')
    environ = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path)}
    environ |= {"GITHUB_ACTION_PATH": str(ACTION), "GITHUB_PATH": str(tmp_path / "path")}
    for _ in range(2):
        subprocess.run(["bash", ACTION / "install.sh"], env=environ, check=True, timeout=30)
    (installed,) = (tmp_path / "role-env/installed").read_text("utf-8").splitlines()
    assert Path(installed.split()[-1]).resolve() == TOP
    assert (tmp_path / "path").read_text("utf-8").splitlines() == [f"{tmp_path}/role-env/bin"] * 2
