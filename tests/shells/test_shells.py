"""What a person sees in a real shell: the session in each tool, failed switches and renewals."""

import signal

import pytest

from role_env import variables
from support import aliyun_cli
from support.machine import ENDPOINTS, Machine
from support.readers import keys_by_order, write_foreign_files
from support.secret_service_bus import require
from support.shell_terminal import POSIX_SHELLS
from support.shells import (
    INTO_SHELL,
    NOTHING_CHANGED,
    OFF,
    SHELLS,
    check_no_account,
    encoded,
    environment,
    exported,
)
from support.waiting import DEADLINE, wait_until

# Prints what is exported, for `snapshots` to compare. Not into a file: a secret in one is a leak.
SNAPSHOT = "env -0; printf '\\0-----\\0'\n"


def snapshots(output: str) -> list[dict[str, str]]:
    """What each SNAPSHOT printed, but for what a shell itself counts."""
    return [exported(encoded(text)) for text in output.split("\0-----\0")[:-1]]


# --- regions


@pytest.mark.parametrize("shell", SHELLS)
def test_the_users_region_reaches_a_shell_below_the_sessions_and_what_exec_runs(machine: Machine, shell: str) -> None:
    """Neither has the saved values, and a session in between has a region of its own."""
    role = f"role_arn = {machine.sts.role_arn}\nsource_profile = profileA\n"
    machine.write(f"{machine.standard_profiles()}[far]\n{role}region_id = cn-far\n[none]\n{role}")
    show = "printenv ALIBABA_CLOUD_REGION_ID; printenv ALICLOUD_REGION"
    way = INTO_SHELL[shell]
    nested = f"role-env exec none -- role-env exec far -- role-env exec none -- sh -c '{show}'"
    (machine.home / "inner").write_text(f"{nested}\n{way.format('none')}\n{show}\n")
    done = machine.shell(shell, f"{way.format('far')}\n{show}\n{shell} ./inner\n", ALIBABA_CLOUD_REGION_ID="cn-mine")
    assert done.stdout.split() == ["cn-far"] * 2 + ["cn-mine"] * 4, done.stderr


# --- a failed switch


REFUSED = "\n[refused]\nrole_arn = acs:ram::2222222222222222:role/strangers\nsource_profile = profileA\n"
FAR = "\n[far]\nrole_arn = acs:ram::1:role/far\nsource_profile = profileA\nsts_endpoint = 127.0.0.1:9\n"
# What is in the file beside the standard profiles, what is added to it once the session is there, what is asked for.
FAILURES = [
    ("", "", "nosuch"),
    ("", "nonsense", "profileC"),
    (REFUSED, "", "refused"),
    (FAR, "", "far"),
    ("", "", "nosuch --nonsense"),
]


@pytest.mark.parametrize(("more", "spoilt", "asked"), FAILURES)
def test_a_failed_switch_leaves_no_account_and_off_brings_back_what_was_there(
    machine: Machine, more: str, spoilt: str, asked: str
) -> None:
    machine.write(machine.standard_profiles() + more)
    spoil = f"echo {spoilt} >>'{machine.file}'\n" if spoilt else ""
    way = INTO_SHELL["bash"]
    failed = f"{way.format(asked)}\necho status=$? >&2\n"
    done = machine.shell(
        "bash",
        f"{way.format('profileB')}\n{spoil}{failed}{SNAPSHOT}{OFF['bash']}\n{SNAPSHOT}",
        OSS_ACCESS_KEY_ID="mine",
        OSS_ACCESS_KEY_SECRET="mine too",
    )
    assert "status=1" in done.stderr, done.stderr
    assert "role-env: " in done.stderr
    assert len(machine.sts.issued) == 1
    middle, end = snapshots(done.stdout)
    check_no_account(middle)
    left = {name for name in end if name in variables.KEY_NAMES or name.startswith(("ROLE_ENV", "ALI"))}
    assert left == {"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", *ENDPOINTS}
    assert end["OSS_ACCESS_KEY_SECRET"] == "mine too"


def test_a_universal_token_of_fish_shows_again_once_the_shell_has_an_account(machine: Machine) -> None:
    require("fish")
    way, show = INTO_SHELL["fish"], "set -qg SECURITY_TOKEN; and echo hidden; or echo $SECURITY_TOKEN"
    failed = f"set -Ux SECURITY_TOKEN mine\n{way.format('profileB')}\n{way.format('nosuch')}\n{show}\n"
    for end in ("off", "profileB"):
        done = machine.run("fish", "-c", f"{failed}{way.format(end)}\n{show}")  # --no-config has no universal ones
        assert done.stdout == "hidden\nmine\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_role_env_answers_the_shell_even_when_terminated(machine: Machine, number: signal.Signals, status: int) -> None:
    machine.sts.fault("hang")
    there = {"ROLE_ENV_PROFILE": "other", "ROLE_ENV_ACCESS_KEY_ID": "STS.other"}
    process = machine.start("profileB", "--format", "sh", **there)
    wait_until(lambda: machine.sts.requests_seen)
    process.send_signal(number)
    out, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == status
    done = machine.run("dash", "-c", f"{out}echo status=$? >&2\nenv -0", **there)
    assert done.stderr == "status=1\n"
    if number == signal.SIGINT:  # Ctrl-C changes nothing
        assert there.items() <= environment(done.stdout).items()
        assert "ROLE_ENV_NO_ACCOUNT" not in environment(done.stdout)
    else:
        check_no_account(environment(done.stdout))


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_strict_script_ends_at_a_failed_switch(machine: Machine, shell: str) -> None:
    done = machine.shell(shell, "set -euo pipefail\nsource <(role-env nosuch)\necho reached")
    assert done.returncode == 1
    assert done.stdout == ""


def test_a_failed_renewal_takes_nothing_away_where_only_the_roles_case_differs(machine: Machine) -> None:
    there = {"ROLE_ENV_PROFILE": "profileB", "ROLE_ENV_FAMILIES": "oss", "ALIBABA_CLOUD_STS_ENDPOINT": "127.0.0.1:9"}
    for role, nothing in ((machine.sts.role_arn.replace("role/s", "role/S"), True), ("acs:ram::1:role/x", False)):
        done = machine.role_env("profileB", "--refresh", "--format", "bash", ROLE_ENV_ROLE_ARN=role, **there)
        assert (done.stdout == NOTHING_CHANGED) is nothing


@pytest.mark.parametrize("shell", SHELLS)
def test_a_profiles_name_that_the_user_exports_is_no_session_and_comes_back(machine: Machine, shell: str) -> None:
    """As one exports AWS_PROFILE. A failed switch takes nothing away, and `off` restores the name."""
    mine = {"ROLE_ENV_PROFILE": "profileB", "OSS_ACCESS_KEY_ID": "mine", "OSS_ACCESS_KEY_SECRET": "my-secret"}
    show = "printf '%s\\n' $OSS_ACCESS_KEY_ID$ROLE_ENV_PROFILE\n"
    lines = [INTO_SHELL[shell].format("nosuch"), OFF[shell], INTO_SHELL[shell].format("profileB"), OFF[shell]]
    done = machine.shell(shell, "".join(f"{line}\n{show}" for line in lines), **mine)
    (issued,) = machine.sts.issued
    assert done.stdout.splitlines() == [*["mineprofileB"] * 2, f"{issued.id}profileB", "mineprofileB"]
    assert "no account" not in done.stderr
    machine.fails("status", status=1, said="this shell has no session", **mine)


def test_exec_passes_on_no_token_of_the_session_around_it_and_the_users_own(machine: Machine) -> None:
    machine.add(f"variables = packer\n\n[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    inner = ("exec", "other", "--", "env", "-0")
    found = environment(machine.role_env("exec", "profileB", "--", "role-env", *inner).stdout)
    outer, issued = machine.sts.issued
    assert (found["ROLE_ENV_ACCESS_KEY_ID"], "SECURITY_TOKEN" in found) == (issued.id, False)
    assert outer.token not in found.values()
    assert environment(machine.role_env(*inner, SECURITY_TOKEN="mine").stdout)["SECURITY_TOKEN"] == "mine"


# ---- the main job ----


IDS = (
    *("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY", "ALICLOUD_ACCESS_KEY_ID"),
    "OSS_ACCESS_KEY_ID",
)
SECRETS = (
    *("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECRET_KEY"),
    *("ALICLOUD_ACCESS_KEY_SECRET", "OSS_ACCESS_KEY_SECRET"),
)
TOKENS = ("ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN", "ALICLOUD_SECURITY_TOKEN", "OSS_SESSION_TOKEN")


STRICT = {"bash": "set -euo pipefail", "zsh": "set -eu; setopt warn_create_global", "dash": "set -eu", "fish": ""}


@pytest.mark.smoke
@pytest.mark.parametrize("shell", SHELLS)
def test_every_variable_of_the_default_families_is_what_sts_issued_once(machine: Machine, shell: str) -> None:
    """From account A's user to account B's role, in a strict shell; after that from the keyring."""
    line = INTO_SHELL[shell].format("profileB")
    done = machine.shell(shell, f"{STRICT[shell]}\n{line}\n{line}\nenv -0\n{OFF[shell]}")
    assert (done.returncode, done.stderr) == (0, "")
    again = machine.shell(shell, f"{line}\nenv -0")
    (issued,) = machine.sts.issued
    found = environment(done.stdout)
    for names, value in ((IDS, issued.id), (SECRETS, issued.secret), (TOKENS, issued.token)):
        assert {name: found.get(name) for name in names} == dict.fromkeys(names, value)
    assert found["ROLE_ENV_PROFILE"] == "profileB"
    assert found["ROLE_ENV_ROLE_ARN"] == machine.sts.role_arn
    assert found["ROLE_ENV_ACCESS_KEY_ID"] == issued.id
    assert found["ROLE_ENV_EXPIRATION"] == str(int(issued.expiration))
    assert found["ALIBABA_CLOUD_IGNORE_PROFILE"] == found["ALIBABACLOUD_IGNORE_PROFILE"] == "TRUE"
    assert environment(again.stdout)["OSS_SESSION_TOKEN"] == issued.token


@pytest.mark.parametrize("added", ["plain", "oss", "packer", "alicloud", "plain packer odps"])
def test_whatever_families_a_profile_names_every_tool_is_the_session_and_no_other(machine: Machine, added: str) -> None:
    write_foreign_files(machine.home, "LTAI.file", "x")
    machine.write(f"{machine.standard_profiles()}variables = {added}\n")
    stale = "export ACCESS_KEY_ID=LTAI.stale ACCESS_KEY_SECRET=x\n"
    done = machine.shell("bash", f"{stale}source <(role-env profileB)\nenv -0")
    found, (issued,) = environment(done.stdout), machine.sts.issued
    assert set(keys_by_order(found).values()) == {(issued.id, issued.secret, issued.token)}
    assert aliyun_cli.read(found)["AccessKeyId"] == issued.id
    assert machine.role_env("status", **found).returncode == 0
