"""What the `aliyun` CLI and the SDKs use after `setup aliyun-cli`, in a session and outside one."""

import json
import shlex
import sys

from support import aliyun_cli
from support.cli_home import AK, KEY, SESSION, written
from support.machine import Machine
from support.shells import environment

# ---- what the CLI uses then ----


def cli_uses(machine: Machine, *options: str, spoil: str = ":") -> dict[str, str]:
    """Return what the CLI uses in a bash with a session of profileB whose variables name the profile role-env."""
    lines = [
        "source <(role-env profileB --region eu-west-1)",
        "export ALIBABA_CLOUD_PROFILE=role-env",
        "unset ALIBABA_CLOUD_IGNORE_PROFILE ALIBABACLOUD_IGNORE_PROFILE",
        spoil,
        shlex.join([sys.executable, aliyun_cli.__file__, *options]),
    ]
    done = machine.shell("bash", "\n".join(lines))
    if done.returncode:
        return {"error": done.stderr}
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_in_a_session_the_cli_follows_the_shell_and_its_profile_option_chooses_another_account(
    machine: Machine,
) -> None:
    machine.write_cli_file(written(AK, {"name": "x", "mode": "StsToken", **SESSION}))
    machine.succeeds("setup", "aliyun-cli")
    found = cli_uses(machine)
    session = machine.sts.issued[-1]
    assert found == {"AccessKeyId": session.id, "SecurityToken": session.token, "RegionId": "eu-west-1"}
    assert cli_uses(machine, "--region", "us-east-1") == {**found, "RegionId": "us-east-1"}
    assert cli_uses(machine, "--profile", "default")["AccessKeyId"] == KEY["access_key_id"]
    assert cli_uses(machine, "--profile", "x")["SecurityToken"] == SESSION["sts_token"]
    assert "exit status 3" in cli_uses(machine, spoil="export ROLE_ENV_EXPIRATION=1700000000")["error"]
    assert "exit status 3" in cli_uses(machine, spoil="export OSS_ACCESS_KEY_ID=LTAI.other")["error"]


# ---- what a shell gets then ----

IGNORED = ("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE")
CHOSEN = "ALIBABA_CLOUD_PROFILE"


FOLLOWING, NONE = "role-env", "role-env-none"


def chosen(machine: Machine, *arguments: str, **environ: str) -> str:
    """The profile of the CLI's file that a command in the session finds; NONE where the file is to be ignored."""
    done = machine.succeeds("exec", *(arguments or ("profileB",)), "--", "env", "-0", **environ)
    found = environment(done.stdout)
    assert (found[CHOSEN] == NONE) is all(found.get(name) == "TRUE" for name in IGNORED)
    return found[CHOSEN]


def set_up(machine: Machine) -> None:
    """Writes the profile that follows the shell; profileB has a region."""
    machine.add("region_id = cn-shanghai\n")
    machine.succeeds("setup", "aliyun-cli")


def test_the_cached_session_stays_whatever_is_written_into_the_clis_file(machine: Machine) -> None:
    path = machine.home / ".aliyun/config.json"
    assert chosen(machine) == NONE
    set_up(machine)
    assert [chosen(machine), chosen(machine)] == [FOLLOWING] * 2
    path.write_text("half-writt")
    assert chosen(machine) == NONE
    path.write_text(json.dumps(written({"name": FOLLOWING, "mode": "AK", **KEY})))
    assert chosen(machine) == NONE
    path.unlink()
    assert chosen(machine) == NONE
    assert len(machine.sts.calls_of("AssumeRole")) == 1


def test_no_session_refers_to_a_profile_that_setup_wrote_for_one_of_ours(machine: Machine) -> None:
    machine.succeeds("setup", "aliyun-cli", "profileB")
    assert chosen(machine) == NONE


def test_with_external_processes_disabled_the_cli_ignores_its_file(machine: Machine) -> None:
    disabled = {"ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "true"}
    done = machine.succeeds("setup", "aliyun-cli", **disabled)
    assert ("follows each session" in done.stdout, f"{next(iter(disabled))} is set" in done.stderr) == (False, True)
    assert chosen(machine) == FOLLOWING
    assert chosen(machine, **disabled) == NONE


def test_a_document_that_is_read_elsewhere_names_no_profile_of_this_machines(machine: Machine) -> None:
    set_up(machine)
    done = machine.role_env("export", "profileB", "--format", "dotenv")
    assert f"{CHOSEN}={NONE}\n" in done.stdout
    assert f"{IGNORED[0]}=TRUE\n" in done.stdout
