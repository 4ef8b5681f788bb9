"""role-env whoami: who one is, and which tool acts as whom where variables disagree."""

import json

from cloud.world import ACCOUNT_B
from support.machine import Machine
from support.terminal import on_terminal


def key(machine: Machine, prefix: str = "ALIBABA_CLOUD_ACCESS_KEY", user: str = "test_user1") -> dict[str, str]:
    """A user's key in the variables of that prefix."""
    kept = machine.sts.world.key_of(user)
    names = {"ALICLOUD_ACCESS_KEY": ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY")}
    return dict(zip(names.get(prefix, (f"{prefix}_ID", f"{prefix}_SECRET")), (kept.id, kept.secret), strict=True))


def test_the_json_is_what_sts_answers(machine: Machine) -> None:
    answer = json.loads(machine.succeeds("whoami", "--json", **key(machine)).stdout)
    assert answer["Arn"] == machine.sts.user_arn
    assert {"AccountId", "IdentityType", "PrincipalId", "RequestId", "UserId"} <= set(answer)


def test_it_asks_the_variables_endpoint_else_the_sessions_else_the_default(machine: Machine) -> None:
    """The profile names the endpoint. To any other one nothing leads here."""
    machine.write(f"{machine.standard_profiles()}sts_endpoint = {machine.sts.endpoint}\n")
    machine.environ["ALIBABA_CLOUD_STS_ENDPOINT"] = ""
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}
    take = "source <(role-env profileB); "
    cases = {
        "": "",
        "export ROLE_ENV_REQUEST=; ": "sts.aliyuncs.com",
        "export ROLE_ENV_REQUEST=nonsense; ": "sts.aliyuncs.com",
        "export ALIBABA_CLOUD_STS_ENDPOINT=sts.example.com:4443; ": "sts.example.com:4443",
    }
    for change, endpoint in cases.items():
        seconds = 2 if endpoint else 30
        done = machine.shell("bash", f"{take}{change}ROLE_ENV_TIMEOUT={seconds} role-env whoami", **nowhere)
        assert (f"account   {ACCOUNT_B}\n" in done.stdout) is not bool(endpoint), done
        assert f"STS at {endpoint} could not be reached" in done.stderr or not endpoint
        assert done.returncode == (5 if endpoint else 0)


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


def test_on_a_terminal_of_80_columns_its_lines_are_wrapped_between_words(machine: Machine) -> None:
    screen = on_terminal(machine, "whoami", environ=key(machine) | key(machine, "OSS_ACCESS_KEY", "test_user2"))
    assert max(map(len, screen.lines)) <= 80
    assert "                      (ALIBABA_CLOUD_ACCESS_KEY_ID)" in screen.lines
