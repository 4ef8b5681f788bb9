"""`--format github`: a step of a job, with the runner's files, and its log as the runner shows it."""

import json
from pathlib import Path

import pytest

from role_env import variables
from role_env.credentials import AccessKey, Credentials, Session
from role_env.errors import ProfileError
from role_env.shells import github as github_step
from support.github_runner import INTO_JOB, Runner, unescaped
from support.https_server import HttpsServer
from support.machine import Machine


@pytest.fixture
def runner(machine: Machine) -> Runner:
    """A job's runner."""
    return Runner(machine)


def test_later_steps_have_the_session_and_the_log_has_no_secret(machine: Machine, runner: Runner) -> None:
    machine.add("region_id = cn-shanghai\n")
    status, log = runner.step()
    (issued,) = machine.sts.issued
    assert (status, log.strip()) == (0, "")
    found = runner.variables()
    assert found["ALIBABA_CLOUD_ACCESS_KEY_ID"] == found["ROLE_ENV_ACCESS_KEY_ID"] == issued.id
    assert found["OSS_ACCESS_KEY_SECRET"] == found["ALICLOUD_SECRET_KEY"] == issued.secret
    assert found["ALIBABACLOUD_SECURITY_TOKEN"] == issued.token
    assert found["ALIBABA_CLOUD_IGNORE_PROFILE"] == "TRUE"
    assert found["ALICLOUD_REGION"] == "cn-shanghai"
    assert runner.outputs() == {
        "expiration": machine.role_env("list", "--json").stdout.split('"expiration": "')[1].split('"')[0],
        "role_arn": machine.sts.role_arn,
    }
    status, log = runner.step("role-env whoami", **found)
    assert (status, "assumed-role/switchrolesbc/" in log) == (0, True)
    assert "ROLE_ENV_REQUEST" not in found
    status, log = runner.step("role-env status", **found)
    assert (status, "profileB" in log) == (0, True), log


def test_on_a_self_hosted_runner_no_other_run_has_the_session(machine: Machine, runner: Runner, tmp_path: Path) -> None:
    role, provider = machine.sts.world.role("cideploy").arn, machine.sts.oidc_provider_arn
    machine.write(f"[profileB]\nrole_arn = {role}\noidc_provider_arn = {provider}\noidc_token = github\n")
    with HttpsServer(tmp_path) as github:
        url = f"https://localhost:{github.port}/token?api-version=2.0"
        run = {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-bearer-token"}
        run |= {"GITHUB_REPOSITORY": "o/r", "GITHUB_REF": "refs/heads/main", "GITHUB_JOB": "deploy"}
        run |= {"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1"}
        github.body = json.dumps({"value": machine.sts.oidc_token()}).encode()
        for _ in range(2):  # two steps of one job share it
            assert runner.step(**run)[0] == 0
        assert len(machine.sts.issued) == 1
        # STS refuses the token of each other run: it must not act as the first one.
        refused = machine.sts.oidc_token("AuthenticationFail.OIDCToken.Expired")
        github.body = json.dumps({"value": refused}).encode()
        runner.variables()
        for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "GITHUB_REF", "GITHUB_REPOSITORY"):
            assert runner.step(**run | {name: "another"})[0] == 4, name
        assert runner.step(**run | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another"})[0] == 4
        assert runner.step(**run | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""})[0] == 3
        assert runner.variables() == {}
    assert len(machine.sts.issued) == 1


def test_a_log_that_repeats_the_variables_is_masked(machine: Machine, runner: Runner) -> None:
    status, log = runner.step(f"printf 'no line yet'; {INTO_JOB}; cat $GITHUB_ENV; role-env profileB --format json")
    (issued,) = machine.sts.issued
    assert status == 0
    assert issued.secret not in log
    assert issued.token not in log
    assert "OSS_ACCESS_KEY_SECRET<<" in log
    assert log.count("***") > 10
    runner.variables()


def test_what_is_set_and_outranks_the_session_is_made_empty_and_nothing_else(runner: Runner) -> None:
    stale = {"ALIBABA_CLOUD_PROFILE": "old", "AccessKeyId": "old", "ALIBABA_CLOUD_ECS_METADATA": "", "PATH_OF": "x"}
    runner.step(**stale)
    found = runner.variables()
    assert (found["ALIBABA_CLOUD_PROFILE"], found["AccessKeyId"]) == ("role-env-none", "")
    assert not {"ALIBABA_CLOUD_ECS_METADATA", "ALIBABA_CLOUD_ROLE_ARN", "PATH_OF"} & found.keys()


def test_a_second_session_leaves_no_token_of_the_first(machine: Machine, runner: Runner) -> None:
    machine.add(f"variables = packer\n\n[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    runner.step()
    first = runner.variables()
    assert first["SECURITY_TOKEN"] == machine.sts.issued[0].token
    runner.step("role-env export other --format github", **first)
    assert runner.variables()["SECURITY_TOKEN"] == ""
    assert machine.sts.issued[0].token not in runner.variables().values()


def test_a_failure_leaves_the_later_steps_without_the_earlier_steps_session(machine: Machine, runner: Runner) -> None:
    assert runner.step()[0] == 0
    earlier = runner.variables()
    assert runner.step("role-env export nobody --format github", **earlier)[0] == 3
    later = earlier | runner.variables()
    (issued,) = machine.sts.issued
    assert not {issued.id, issued.secret, issued.token} & set(later.values())
    assert variables.NO_ACCOUNT.items() <= later.items()
    assert runner.step("role-env status", **later)[0] == 1
    # Where no earlier step has set a session, a failure sets nothing.
    assert runner.step("role-env export nobody --format github")[0] == 3
    assert runner.variables() == {}


ODD = "lines=1::add-mask::x%0AEVIL<<role_env_0$(touch owned)'\"`"


def a_session(secret: str, region: str = "") -> Session:
    """A session of a key in the environment."""
    credentials = Credentials("STS.x", secret, secret + "token", issued=0, expiration=1)
    base = AccessKey("LTAI", secret + "base")
    return Session("p", "acs:ram::1:role/r", credentials, region_id=region, families=("plain",), base_key=base)


def test_no_value_can_add_a_variable_or_escape_its_mask(
    machine: Machine, runner: Runner, capfd: pytest.CaptureFixture[str]
) -> None:
    # STS's values and keys from the environment are checked before: so the room itself is given what none of them is.
    session = a_session(ODD)
    github_step.export(lambda: session, runner.environ)
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 5
    assert {unescaped(line.removeprefix("::add-mask::")) for line in lines} >= {ODD, ODD + "token", ODD + "base"}
    found = runner.variables()
    assert (found["AccessKeySecret"], found["SecurityToken"]) == (ODD, ODD + "token")
    own = {variables.REQUEST, variables.DOCUMENT}  # a document has the second in the place of the first
    assert found.keys() ^ variables.assignments(session, follows=False).keys() == own
    environ = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": f"{ODD}\nEVIL=1"}
    machine.write(f"[profileB]\nrole_arn = {machine.sts.role_arn}\ncredential_source = environment\n")
    assert runner.step(**environ)[0] == 3
    assert runner.variables() == {}


@pytest.mark.parametrize("odd", ["two\nEVIL=1", "two\r\n::stop-commands::x", "\x1b[2J"])
@pytest.mark.parametrize("field", ["secret", "region"])
def test_a_value_with_a_control_character_is_neither_masked_nor_set(
    runner: Runner, capfd: pytest.CaptureFixture[str], field: str, odd: str
) -> None:
    session = a_session(odd) if field == "secret" else a_session("secret", odd)
    with pytest.raises(ProfileError, match="contains a control character, and nothing was set"):
        github_step.export(lambda: session, runner.environ)
    assert capfd.readouterr().out == ""
    assert runner.variables() == runner.outputs() == {}


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("unset GITHUB_ENV; role-env profileB --format github", 3),
        ("GITHUB_ENV=/ role-env profileB --format github", 3),
        ("GITHUB_OUTPUT=/no/such/folder/file role-env profileB --format github", 3),
        ("role-env nobody --format github", 3),
        ("role-env profileB --format github --bogus", 2),
        ("role-env profileB --format github --expect-account 9999999999999999", 4),
    ],
)
def test_a_step_that_fails_prints_and_sets_nothing(machine: Machine, runner: Runner, script: str, status: int) -> None:
    done = machine.shell("bash", script, **runner.environ)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("role-env: ")
    assert runner.variables() == runner.outputs() == {}


def test_a_full_disk_sets_nothing(machine: Machine, runner: Runner) -> None:
    runner.variables_file.write_text("BEFORE=1\n")
    # Files may grow to one block of 1024 bytes; then writing fails in the middle.
    script = f"role-env profileB >/dev/null; ulimit -f 1; {INTO_JOB}"
    done = machine.shell("bash", script, **runner.environ)
    assert done.returncode == 1
    assert "role-env: the step's file could not be written" in done.stderr
    assert runner.variables_file.read_text() == "BEFORE=1\n"


def test_the_runners_files_keep_what_they_had_and_are_private(runner: Runner) -> None:
    runner.variables_file.write_text("BEFORE=1\nOPEN=2")  # a line that was left open is closed
    runner.step()
    found = runner.variables()
    assert (found["BEFORE"], found["OPEN"], found["ROLE_ENV_PROFILE"]) == ("1", "2", "profileB")
    runner.variables_file.unlink()
    del runner.environ["GITHUB_OUTPUT"]
    assert runner.step(f"umask 0; {INTO_JOB}")[0] == 0
    assert runner.variables_file.stat().st_mode & 0o777 == 0o600
    assert runner.variables()["ROLE_ENV_PROFILE"] == "profileB"


# ---- GitLab, whose job evaluates the exports itself ----


def test_a_gitlab_job_has_the_session_or_fails(machine: Machine) -> None:
    # GitLab's runner gives each line to `bash` or `sh` under these options.
    job = 'set -eo pipefail\neval "$(role-env profileB || echo false)"\nrole-env whoami'
    environ = {"CI": "true", "GITLAB_CI": "true", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/no/such/bus"}
    done = machine.shell("bash", job, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert "assumed-role/switchrolesbc/" in done.stdout
    for broken in (job.replace("role-env profileB", "role-env nobody"), job.replace("role-env profileB", "no-such")):
        done = machine.shell("bash", broken, **environ)
        assert (done.returncode, done.stdout) == (1, "")
