"""role-env whoami: who one is, and which tool acts as whom where variables disagree."""

import json

from cloud.world import ACCOUNT_A, ACCOUNT_B
from support.machine import Machine
from support.terminal import on_terminal


def key(machine: Machine, prefix: str = "ALIBABA_CLOUD_ACCESS_KEY", user: str = "test_user1") -> dict[str, str]:
    """A user's key in the variables of that prefix."""
    kept = machine.sts.world.key_of(user)
    names = {"ALICLOUD_ACCESS_KEY": ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY")}
    return dict(zip(names.get(prefix, (f"{prefix}_ID", f"{prefix}_SECRET")), (kept.id, kept.secret), strict=True))


def test_it_shows_account_identity_and_kind_of_the_environments_credentials(machine: Machine) -> None:
    screen = on_terminal(machine, "whoami", environ=key(machine))
    assert screen.status == 0
    assert screen.lines == [
        f"account   {ACCOUNT_A}",
        f"identity  {machine.sts.user_arn}",
        "kind      RAMUser, a RAM user",
    ]
    assert len(machine.sts.calls) == 1
    answer = json.loads(machine.role_env("whoami", "--json", **key(machine)).stdout)  # STS's own
    assert answer["Arn"] == machine.sts.user_arn
    assert {"AccountId", "IdentityType", "PrincipalId", "RequestId", "UserId"} <= set(answer)


def test_in_a_session_it_is_the_role(machine: Machine) -> None:
    done = machine.shell("bash", "source <(role-env profileB); role-env whoami")
    assert f"account   {ACCOUNT_B}\n" in done.stdout
    assert "role/switchrolesbc/" in done.stdout
    assert "kind      AssumedRoleUser, a session of a role\n" in done.stdout
    assert "disagree" not in done.stdout


def test_of_a_profile_it_is_its_role_or_its_key(machine: Machine) -> None:
    assert "role/switchrolesbc/" in machine.role_env("whoami", "profileB").stdout
    assert machine.sts.user_arn + "\n" in machine.role_env("whoami", "profileA").stdout
    assert machine.fails("whoami", "profileA", "--expect-account", ACCOUNT_B, status=4, said="").stdout == ""
    machine.succeeds("whoami", "profileA", "--expect-account", ACCOUNT_A)


def test_without_credentials_it_says_so_and_after_a_failed_switch_names_off(machine: Machine) -> None:
    screen = on_terminal(machine, "whoami")
    assert (screen.status, screen.lines) == (
        3,
        [
            "role-env: the environment has no credentials",
            'role-env: hint: name a profile, or begin a session with: eval "$(role-env PROFILE || echo false)"',
        ],
    )
    done = machine.shell("bash", "source <(role-env profileB); source <(role-env nobody 2>/dev/null); role-env whoami")
    assert done.returncode == 3
    assert "role-env off" in done.stderr
    done = machine.role_env("whoami", ROLE_ENV_NO_ACCOUNT="1", **key(machine))
    assert (done.returncode, "role-env off" in done.stderr) == (0, True)


def test_a_key_that_only_some_tools_read_is_shown_with_them_and_is_not_the_environments(machine: Machine) -> None:
    environ = key(machine, "OSS_ACCESS_KEY", "test_user2")
    done = machine.fails(
        "whoami", status=3, said="role-env: the environment has credentials for ossutil 2 only\n", **environ
    )
    user = f"acs:ram::{ACCOUNT_A}:user/test_user2"
    assert done.stdout.splitlines()[0] == "what each tool finds:"
    assert "  aliyun              finds no key in the variables\n" in done.stdout
    assert f"  ossutil 2           {user}" in done.stdout
    done = machine.fails("whoami", "--json", status=3, said="ossutil 2 only", **environ)
    assert done.stdout == ""
    half = machine.fails("whoami", status=3, said="the environment has no credentials\n", OSS_ACCESS_KEY_ID="LTAIother")
    assert "finds OSS_ACCESS_KEY_ID without its secret\n" in half.stdout


def test_in_a_session_it_asks_the_endpoint_that_the_session_came_from(machine: Machine) -> None:
    """The profile names the endpoint, and no variable does."""
    machine.write(f"{machine.standard_profiles()}sts_endpoint = {machine.sts.endpoint}\n")
    machine.environ["ALIBABA_CLOUD_STS_ENDPOINT"] = ""
    session = "source <(role-env profileB); role-env whoami"
    assert f"account   {ACCOUNT_B}\n" in machine.shell("bash", session).stdout
    whoami = "source <(role-env profileB); export ROLE_ENV_REQUEST=$REQUEST; role-env whoami"
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}
    for planted in ("", "nonsense", "[]", '{"sts_endpoint": 7}', '{"sts_endpoint": "http://x"}', "[" * 100_000):
        done = machine.shell("bash", whoami, REQUEST=planted, ROLE_ENV_TIMEOUT="2", **nowhere)
        assert done.returncode == 5, done.stderr  # the default endpoint, to which nothing leads here


def test_a_key_that_is_set_after_a_failed_switch_is_reported_with_the_tools_that_use_it(machine: Machine) -> None:
    done = machine.succeeds("whoami", ROLE_ENV_NO_ACCOUNT="1", **key(machine, "ALICLOUD_ACCESS_KEY"))
    assert "a key has been set since, which Terraform, Pulumi use" in done.stderr


def test_where_variables_disagree_it_shows_which_tool_acts_as_whom(machine: Machine) -> None:
    """A stale alias that only Terraform reads, in a shell with a session: STS is asked once for each key."""
    stale = {f"STALE_{name}": value for name, value in key(machine, "ALICLOUD_ACCESS_KEY", "test_user2").items()}
    assign = " ".join(f"{name.removeprefix('STALE_')}=${name}" for name in stale)
    script = f"source <(role-env profileB); unset ALICLOUD_SECURITY_TOKEN; {assign} role-env whoami"
    done = machine.shell("bash", script, COLUMNS="250", **stale)
    lines = {line[:20].strip(): line[20:].strip() for line in done.stdout.splitlines() if line.startswith("  ")}
    role = f"acs:ram::{ACCOUNT_B}:assumed-role/switchrolesbc/"
    assert lines["aliyun"].startswith(role)
    assert lines["SDKs"].startswith(role)
    assert lines["ossutil 2"].startswith(role)
    # its id and secret are the stale ones, its token is the session's
    assert lines["Terraform, Pulumi"].startswith("nobody: STS said InvalidSecurityToken")
    assert lines["Terraform, Pulumi"].endswith(
        "(ALICLOUD_ACCESS_KEY, ALICLOUD_SECRET_KEY, ALIBABA_CLOUD_SECURITY_TOKEN)"
    )
    assert "role-env: tools act as different identities\n" in done.stderr
    assert len(machine.sts.calls_of("GetCallerIdentity")) == 2


def test_two_users_keys_are_distinguished_and_the_json_only_warns(machine: Machine) -> None:
    environ = key(machine) | key(machine, "OSS_ACCESS_KEY", "test_user2") | {"COLUMNS": "120"}
    done = machine.succeeds("whoami", **environ)
    lines = done.stdout.splitlines()
    assert lines[3:5] == ["", "the variables disagree:"]
    assert [line.split("acs:")[-1].split()[0] for line in lines[5:]] == [
        *(f"ram::{ACCOUNT_A}:user/test_user1",) * 3,
        f"ram::{ACCOUNT_A}:user/test_user2",
        f"ram::{ACCOUNT_A}:user/test_user1",
    ]
    done = machine.role_env("whoami", "--json", **environ)
    assert json.loads(done.stdout)["Arn"] == machine.sts.user_arn
    assert "disagree" in done.stderr
    assert len(machine.sts.calls) == 3


def test_on_a_terminal_of_80_columns_its_lines_are_wrapped_between_words(machine: Machine) -> None:
    screen = on_terminal(machine, "whoami", environ=key(machine) | key(machine, "OSS_ACCESS_KEY", "test_user2"))
    assert max(map(len, screen.lines)) <= 80
    assert "                      (ALIBABA_CLOUD_ACCESS_KEY_ID)" in screen.lines


def test_half_a_key_and_no_key_are_reported_for_the_tool_that_finds_them(machine: Machine) -> None:
    environ = key(machine) | {"OSS_ACCESS_KEY_ID": "LTAIother"}
    assert (
        "  ossutil 2           finds OSS_ACCESS_KEY_ID without its secret\n"
        in machine.role_env("whoami", **environ).stdout
    )
    environ = key(machine, "ALICLOUD_ACCESS_KEY") | key(machine, "OSS_ACCESS_KEY", "test_user2")
    assert "  SDKs                finds no key in the variables\n" in machine.role_env("whoami", **environ).stdout


def test_a_refused_key_does_not_hide_who_the_other_tools_are(machine: Machine) -> None:
    gone = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIgone", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "hunter22"}
    assert "hunter22" not in machine.fails("whoami", status=4, said="", **gone).stderr
    environ = key(machine, user="test_user3") | key(machine, "OSS_ACCESS_KEY", "test_user2")
    done = machine.role_env("whoami", **environ)
    assert done.returncode == 4
    assert f"  ossutil 2           acs:ram::{ACCOUNT_A}:user/test_user2" in done.stdout
    assert "  aliyun              nobody: STS said InvalidAccessKeyId.Inactive" in done.stdout
