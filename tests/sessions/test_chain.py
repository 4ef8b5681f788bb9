"""Chains through the installed command: each place where one can begin, roles that assume roles, and what is cached."""

import base64
import json
import os
import shlex
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from role_env.fingerprint import Fingerprint
from role_env.profiles.file import ProfilesFile
from role_env.sessions import chain as chains
from support.cached_sessions import exports
from support.https_server import HttpsServer
from support.machine import INSTALLED, Machine
from support.metadata_server import has_namespaces, in_namespace, relayed

HUB = "acs:ram::2222222222222222:role/hub"


def assumed(machine: Machine, action: str = "AssumeRole") -> list[str]:
    """The roles of the calls since the last look."""
    roles = [call.role_arn.rpartition("/")[2].lower() for call in machine.sts.calls_of(action)]
    machine.sts.clear_calls()
    return roles


def fails(machine: Machine, profile: str, status: int, *words: str, **environ: str) -> str:
    """Check that requesting `profile` ends with `status`, prints `words` and gives no session."""
    done = machine.role_env(profile, "--format", "json", **environ)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    for word in words:
        assert word in done.stderr
    return done.stderr


def add_profile(machine: Machine, name: str, role: str, source: str = "source_profile = profileA") -> None:
    machine.add(f"[{name}]\nrole_arn = {machine.sts.world.role(role).arn}\n{source}\n")


# ---- hub and spokes ----


def write_spokes(machine: Machine) -> None:
    """hub, from profileA, and spoke1 to spoke10, which hub assumes."""
    add_profile(machine, "hub", "hub")
    for number in range(1, 11):
        add_profile(machine, f"spoke{number}", f"spoke{number}", "source_profile = hub")


def test_ten_spokes_one_after_the_other_cost_one_call_for_the_hub(machine: Machine) -> None:
    write_spokes(machine)
    for number in range(1, 11):
        assert exports(machine, f"spoke{number}")["RoleArn"].endswith(f"spoke{number}")
    assert assumed(machine) == ["hub", *(f"spoke{number}" for number in range(1, 11))]


def test_the_hubs_own_session_and_the_one_on_the_way_are_the_same(machine: Machine) -> None:
    write_spokes(machine)
    hub = exports(machine, "hub")
    exports(machine, "spoke1")
    assert assumed(machine) == ["hub", "spoke1"]
    assert exports(machine, "hub") == hub
    machine.role_env("clear", "hub")
    exports(machine, "spoke2")
    assert exports(machine, "hub") != hub
    assert assumed(machine) == ["hub", "spoke2"]


def test_the_same_file_by_way_of_two_symlinks_names_other_files_beside_it(machine: Machine) -> None:
    text = machine.file.read_text().replace("[profileB]\n", "[profileB]\npolicy_file = policy.json\n")
    machine.write(text)
    asked = []
    for name in ("ecs", "oss"):
        folder = machine.home / name
        folder.mkdir()
        (folder / "profiles.ini").symlink_to(machine.file)
        statement = {"Effect": "Allow", "Action": f"{name}:*", "Resource": "*"}
        (folder / "policy.json").write_text(json.dumps({"Version": "1", "Statement": [statement]}))
        for _ in range(2):
            exports(machine, "profileB", ROLE_ENV_CONFIG=str(folder / "profiles.ini"))
            assert machine.role_env("profileB", ROLE_ENV_CONFIG=str(folder / "profiles.ini")).returncode == 0
        asked += [call.policy for call in machine.sts.calls_of("AssumeRole")]
        machine.sts.clear_calls()
    assert ["ecs" in policy for policy in asked] == [True, False]


def test_refresh_and_options_concern_the_profile_asked_for_and_not_the_roles_on_the_way(machine: Machine) -> None:
    write_spokes(machine)
    exports(machine, "spoke1")
    exports(machine, "spoke1", "--refresh")
    exports(machine, "spoke1", "--duration", "900")
    exports(machine, "spoke1", "--session-name", "other")
    assert assumed(machine) == ["hub", "spoke1", "spoke1", "spoke1", "spoke1"]


def test_without_the_cache_every_role_is_asked_for(machine: Machine) -> None:
    write_spokes(machine)
    exports(machine, "spoke1", "--no-cache")
    exports(machine, "spoke1", "--no-cache")
    assert assumed(machine) == ["hub", "spoke1"] * 2


def test_another_key_at_the_beginning_is_another_session_all_along(machine: Machine) -> None:
    write_spokes(machine)
    exports(machine, "spoke1")
    user = machine.sts.world.key_of("test_user1")
    other = machine.sts.world.add_key(user.account, user.user)
    text = machine.file.read_text("utf-8").replace(machine.sts.access_key_id, other.id)
    machine.write(text.replace(machine.sts.access_key_secret, other.secret))
    exports(machine, "spoke1")
    assert assumed(machine) == ["hub", "spoke1"] * 2


def test_a_role_on_the_way_whose_session_was_ended_is_assumed_anew_once(machine: Machine) -> None:
    write_spokes(machine)
    exports(machine, "spoke1")
    machine.sts.fault("code:InvalidSecurityToken.Expired:403", times=1, action="AssumeRole")
    assumed(machine)
    exports(machine, "spoke2")
    assert assumed(machine) == ["spoke2", "hub", "spoke2"]
    machine.sts.fault("code:InvalidSecurityToken.Expired:403", times=None, action="AssumeRole")
    fails(machine, "spoke3", 4, "InvalidSecurityToken.Expired")
    assert assumed(machine) == ["spoke3", "hub"]


def test_twenty_at_once_of_ten_spokes_make_eleven_calls(machine: Machine) -> None:
    write_spokes(machine)
    machine.sts.fault("delay:0.3", times=None)
    with ThreadPoolExecutor(20) as pool:
        assert len(list(pool.map(lambda number: exports(machine, f"spoke{number % 10 + 1}"), range(20)))) == 20
    assert sorted(assumed(machine)) == sorted(["hub", *(f"spoke{number}" for number in range(1, 11))])


def test_a_chain_of_five_roles_is_assumed_in_order(machine: Machine) -> None:
    source = "profileA"
    for name in (f"chain{number}" for number in range(1, 6)):
        add_profile(machine, name, name, f"source_profile = {source}")
        source = name
    assert exports(machine, "chain5")["RoleArn"].endswith("chain5")
    assert assumed(machine) == [f"chain{number}" for number in range(1, 6)]
    exports(machine, "chain3")
    assert assumed(machine) == []


def test_a_loop_names_its_members(machine: Machine) -> None:
    for name, source in (("x", "y"), ("y", "z"), ("z", "x")):
        add_profile(machine, name, "switchRoleSbc", f"source_profile = {source}")
    fails(machine, "x", 3, "x -> y -> z -> x")


# ---- credential_process ----


def process(machine: Machine, script: str) -> None:
    """[p], whose process is this Python script; [q] assumes the role with it."""
    program = machine.home / "process.py"
    program.write_text(script)
    command = shlex.join([sys.executable, str(program)])
    machine.add(f"[p]\ncredential_process = {command}\n[q]\nrole_arn = {machine.sts.role_arn}\nsource_profile = p\n")


def key_document(machine: Machine, **more: str) -> str:
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    return json.dumps({"mode": "AK", **key, **more})


def test_a_process_gives_the_key_and_gets_the_chain(machine: Machine) -> None:
    machine.environ["KEY"] = key_document(machine)
    process(machine, "import os, sys\nprint(os.environ['KEY'])\nprint(os.environ['ROLE_ENV_CHAIN'], file=sys.stderr)\n")
    done = machine.role_env("q", "--format", "json")
    assert done.returncode == 0
    assert [item.split("#")[0] for item in done.stderr.split()] == ["p", "q"]
    assert assumed(machine) == ["switchrolesbc"]
    exports(machine, "q")
    assert assumed(machine) == []
    done = machine.role_env("process", "q", "--refresh")
    assert (done.returncode, done.stderr) == (0, "")
    fails(machine, "p", 3, "profile p", "a key that does not expire")


def test_a_process_that_gives_a_session_can_be_handed_out_as_it_is(machine: Machine) -> None:
    assert exports(machine, "profileB")
    machine.add("[lent]\ncredential_process = role-env process profileB\nregion_id = cn-beijing\n")
    assumed(machine)
    document = exports(machine, "lent")
    assert document["AccessKeyId"] == machine.sts.issued[-1].id
    assert (document["RoleArn"], document["RegionId"]) == (None, "cn-beijing")
    assert assumed(machine) == []
    done = machine.shell("bash", "source <(role-env lent); printenv ALIBABA_CLOUD_SECURITY_TOKEN ROLE_ENV_ROLE_ARN")
    assert done.stdout == f"{machine.sts.issued[-1].token}\n\n"
    assert machine.role_env("lent", "--expect-account", "2222222222222222").returncode == 0
    done = machine.role_env("lent", "--expect-account", "1111111111111111")
    assert (done.returncode, "is of account 2222222222222222" in done.stderr) == (4, True)


def test_a_process_whose_answer_depends_on_a_variable_is_asked_each_time(machine: Machine) -> None:
    add_profile(machine, "hub", "hub")
    machine.add("[lent]\ncredential_process = sh -c 'role-env process $LENT'\n")
    for name in ("profileB", "hub", "profileB"):
        own = exports(machine, name)["AccessKeyId"]
        assert exports(machine, "lent", LENT=name)["AccessKeyId"] == own


def test_a_session_that_is_handed_out_as_it_is_counts_as_any_other(machine: Machine) -> None:
    machine.add("[lent]\ncredential_process = role-env process profileB\n")
    done = machine.shell("bash", "source <(role-env lent); role-env status && role-env status --json")
    assert (done.returncode, done.stdout.startswith("lent  ")) == (0, True)
    document = json.loads(done.stdout.partition("\n")[2])
    assert (document["profile"], document["role_arn"], document["valid"]) == ("lent", None, True)
    rows = json.loads(machine.role_env("list", "--json").stdout)
    assert [row["expiration"] for row in rows if row["profile"] == "lent"] == [None]
    assert machine.role_env("exec", "lent", "--", "role-env", "status").returncode == 0
    assert machine.role_env("exec", "--renew", "lent", "--", "role-env", "status").returncode == 0


def test_an_unknown_owner_of_a_session_is_reported_with_the_profile(machine: Machine) -> None:
    bogus = {"mode": "StsToken", "sts_token": "bogus", "expiration": "2037-01-01T00:00:00Z"}
    (machine.home / "print.sh").write_text(f"echo '{key_document(machine, **bogus)}'\n")
    machine.add(f"[lent]\ncredential_process = sh {machine.home}/print.sh\nexpected_account_id = 2222222222222222\n")
    fails(machine, "lent", 4, "profile lent: STS said InvalidSecurityToken")
    (machine.home / "print.sh").unlink()


def test_two_at_once_of_a_session_that_is_not_cached_do_not_wait_for_each_other(machine: Machine) -> None:
    program = machine.write_program(
        "both",
        """#!/bin/sh
        touch "$HOME/ran.$$"
        for _ in $(seq 60); do
            set -- "$HOME"/ran.*
            [ $# = 2 ] && exec role-env process profileB
            sleep 0.2
        done
        exit 1
        """,
    )
    machine.add(f"[lent]\ncredential_process = {program}\n")
    exports(machine, "profileB")
    both = [machine.start("lent", "--format", "json") for _ in range(2)]
    assert [process.communicate(timeout=60)[1] for process in both] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]


def test_a_process_that_comes_back_is_a_loop_at_once(machine: Machine) -> None:
    add_profile(machine, "back", "hub", "credential_process = role-env process back")
    began = time.monotonic()
    fails(machine, "back", 3, "its credential process comes back to it, back -> back")
    add_profile(machine, "one", "hub", "credential_process = role-env process two")
    add_profile(machine, "two", "hub", "credential_process = role-env process one")
    fails(machine, "one", 3, "one -> two -> one")
    assert time.monotonic() - began < 20
    exports(machine, "profileB")
    fails(machine, "profileB", 3, "comes back to it", ROLE_ENV_CHAIN="profileB")
    assert machine.role_env("process", "profileB", ROLE_ENV_CHAIN="profileB").returncode == 3


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("print('SECRET-garbage')", 3),
        ("""print('{"mode": "AK", "access_key_id": "SECRET-x"}')""", 3),
        ("import sys; print('SECRET'); sys.exit(7)", 3),
        ("import time; print('SECRET', flush=True); time.sleep(600)", 5),
        ("print('SECRET' * 2_000_000)", 3),
    ],
)
def test_a_process_that_fails_is_reported_without_its_output(machine: Machine, script: str, status: int) -> None:
    process(machine, script)
    reported = fails(machine, "q", status, "profile p", f"{machine.file}, line", ROLE_ENV_TIMEOUT="3")
    assert "SECRET" not in reported
    assert assumed(machine) == []


# ---- OIDC ----


def oidc(machine: Machine, keys: str) -> None:
    add_profile(machine, "ci", "ciDeploy", f"oidc_provider_arn = {machine.sts.oidc_provider_arn}\n{keys}")


def test_a_token_file_is_read_anew_each_time_and_no_key_is_needed(machine: Machine) -> None:
    token = machine.home / "token"
    oidc(machine, f"oidc_token_file = {token}")
    fails(machine, "ci", 3, "profile ci", str(token), f"{machine.file}, line")
    token.write_text(machine.sts.oidc_token() + "\n")
    exports(machine, "ci")
    token.write_text(machine.sts.oidc_token())  # the same identity's next one
    exports(machine, "ci")
    assert assumed(machine, "AssumeRoleWithOIDC") == ["cideploy"]
    token.write_text("another.that.is-not-one")
    for arguments in (["ci"], ["ci", "--refresh"]):
        done = machine.role_env(*arguments)
        assert (done.returncode, "AuthenticationFail.OIDCToken.Invalid" in done.stderr) == (4, True)


def test_a_session_belongs_to_the_identity_of_its_token_and_not_to_another_ones(machine: Machine) -> None:
    token = machine.home / "token"
    oidc(machine, f"oidc_token_file = {token}")
    claims = {"iss": "https://issuer", "sub": "job 1", "aud": "sts.aliyuncs.com"}

    def write(signature: str, **changed: str) -> None:
        parts = (b"{}", json.dumps(claims | changed).encode(), signature.encode())
        token.write_text(".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts))

    provider = machine.sts.world.providers[machine.sts.oidc_provider_arn]
    write("first")
    provider.tokens[token.read_text()] = ""
    exports(machine, "ci")
    write("renewed")  # a new token of the same identity
    exports(machine, "ci")
    assert assumed(machine, "AssumeRoleWithOIDC") == ["cideploy"]
    for name in claims:  # STS refuses the token of each other one: it must not act as the first
        write("other", **{name: "another"})
        fails(machine, "ci", 4, "profile ci")


def test_the_sdks_own_variables_are_enough(machine: Machine) -> None:
    token = machine.home / "token"
    token.write_text(machine.sts.oidc_token())
    machine.add("[pod]\noidc_token_file = " + str(token) + "\n")
    environ = {
        "ALIBABA_CLOUD_ROLE_ARN": machine.sts.world.role("cideploy").arn,
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": machine.sts.oidc_provider_arn,
        "ALIBABA_CLOUD_ROLE_SESSION_NAME": "a-pod",
    }
    exports(machine, "pod", **environ)
    (call,) = machine.sts.calls_of("AssumeRoleWithOIDC")
    assert call.session_name == "a-pod"
    fails(machine, "pod", 3, "profile pod: role_arn is missing", "ALIBABA_CLOUD_ROLE_ARN")


# ---- Alibaba's own file ----


def test_alibabas_own_file_works_unchanged(machine: Machine) -> None:
    machine.file.unlink()
    token = machine.home / "token"
    token.write_text(machine.sts.oidc_token())
    key = f"access_key_id = {machine.sts.access_key_id}\naccess_key_secret = {machine.sts.access_key_secret}\n"
    file = machine.home / ".alibabacloud" / "credentials.ini"
    file.parent.mkdir()
    file.write_text(
        f"""\
[default]
type = access_key
enable = true
{key}
[role]
type = ram_role_arn
{key}role_arn = {machine.sts.role_arn}   # a role
role_session_name = sdk
policy =

[pod]
type = oidc_role_arn
role_arn = {machine.sts.world.role("cideploy").arn}
oidc_provider_arn = {machine.sts.oidc_provider_arn}
oidc_token_file_path = {token}
role_session_name = sdk-pod

[machine]
type = ecs_ram_role
role_name = instance-role
""",
        "utf-8",
    )
    file.chmod(0o600)
    exports(machine, "role")
    exports(machine, "pod")
    assert [call.session_name for call in machine.sts.calls_of("AssumeRole")] == ["sdk"]
    assert [call.session_name for call in machine.sts.calls_of("AssumeRoleWithOIDC")] == ["sdk-pod"]
    fails(machine, "default", 3, "only a source")
    fails(machine, "machine", 3, "profile machine", "METADATA", ALIBABA_CLOUD_ECS_METADATA_DISABLED="true")


# ---- the aliyun CLI's file ----


OF_CLI = "credential_source = aliyun_cli"


class CliFile:
    """~/.aliyun/config.json of the machine, as the CLI writes it; quick has a role and `itself` none."""

    def __init__(self, machine: Machine) -> None:
        self.path = machine.home / ".aliyun" / "config.json"
        self.path.parent.mkdir()
        self.sts = machine.sts
        machine.add(f"[quick]\nrole_arn = {machine.sts.role_arn}\n{OF_CLI}\n\n[itself]\n{OF_CLI}\n")

    @property
    def key(self) -> dict[str, str]:
        return {"access_key_id": self.sts.access_key_id, "access_key_secret": self.sts.access_key_secret}

    def write(self, *profiles: dict[str, Any], current: str = "default") -> None:
        """Writes the file; a profile that names none is the default one."""
        named = [{"name": "default", "language": "en", "output_format": "json"} | profile for profile in profiles]
        text = json.dumps({"current": current, "profiles": named, "meta_path": ""}, indent="\t")
        self.path.write_text(text, "utf-8")
        self.path.chmod(0o600)

    def sign_in(self, session: dict[str, Any], mode: str = "OAuth", seconds: int = 2000, **more: Any) -> None:
        """Writes the file of somebody who has signed in and got a session that lasts so many seconds."""
        key = {"access_key_id": session["AccessKeyId"], "access_key_secret": session["AccessKeySecret"]}
        token = {"sts_token": session["SecurityToken"], "sts_expiration": int(time.time()) + seconds}
        self.write({"mode": mode, **key, **token, **more})


@pytest.fixture
def cli_file(machine: Machine) -> CliFile:
    return CliFile(machine)


def test_three_lines_are_enough_for_whom_the_aliyun_cli_works(machine: Machine, cli_file: CliFile) -> None:
    fails(machine, "quick", 3, "profile quick", "config.json cannot be read", "aliyun configure")
    cli_file.write({"mode": "AK", **cli_file.key, "region_id": "cn-beijing"})
    assert exports(machine, "quick")["RoleArn"] == machine.sts.role_arn
    assert assumed(machine) == ["switchrolesbc"]


def test_the_clis_roles_are_assumed_on_the_way(machine: Machine, cli_file: CliFile) -> None:
    hub = {"ram_role_arn": HUB, "ram_session_name": "cli", "expired_seconds": 900}
    cli_file.write({"mode": "RamRoleArn", **cli_file.key, **hub})
    add_profile(machine, "far", "spoke1", OF_CLI)
    add_profile(machine, "near", "spoke2", OF_CLI)
    exports(machine, "far")
    first = machine.sts.calls_of("AssumeRole")[0]
    assert (first.session_name, first.duration) == ("cli", "900")
    exports(machine, "near")
    assert assumed(machine) == ["hub", "spoke1", "spoke2"]
    chained = {"name": "chained", "mode": "ChainableRamRoleArn", "source_profile": "default"}
    cli_file.write(
        {"mode": "AK", **cli_file.key},
        chained | {"ram_role_arn": HUB, "ram_session_name": "xy"},
        current="chained",
    )
    exports(machine, "far")
    assert assumed(machine) == ["hub", "spoke1"]
    assert exports(machine, "itself", "--expect-account", "2222222222222222")["RoleArn"] == HUB
    assert machine.role_env("setup", "aliyun-cli", "itself", "--dry-run").returncode == 0
    cli_file.write(chained | {"name": "default", "ram_role_arn": HUB, "ram_session_name": "xy"})
    fails(machine, "far", 3, "config.json", "default -> default")


def test_other_modes_of_the_cli(machine: Machine, cli_file: CliFile) -> None:
    token = machine.home / "token"
    token.write_text(machine.sts.oidc_token())
    role = machine.sts.world.role("cideploy").arn
    provider = machine.sts.oidc_provider_arn
    identity = {"oidc_provider_arn": provider, "oidc_token_file": str(token)}
    cli_file.write({"mode": "OIDC", **identity, "ram_role_arn": role, "ram_session_name": "cli"})
    exports(machine, "itself")
    assert assumed(machine, "AssumeRoleWithOIDC") == ["cideploy"]
    (machine.home / "print.sh").write_text(f"echo '{key_document(machine)}'\n")
    cli_file.write({"mode": "External", "process_command": f"sh {machine.home}/print.sh"})
    exports(machine, "quick")
    (machine.home / "print.sh").unlink()
    cli_file.write({"mode": "StsToken", **cli_file.key, "sts_token": "bogus"})
    fails(machine, "quick", 4, "InvalidSecurityToken")


def test_who_signs_in_anew_is_not_given_the_session_of_who_was_signed_in_before(
    machine: Machine, cli_file: CliFile
) -> None:
    add_profile(machine, "hub", "hub")
    for profile in ("profileB", "hub"):
        session = exports(machine, profile)
        cli_file.sign_in(session, oauth_site_type="CN")
        assert exports(machine, "itself")["AccessKeyId"] == session["AccessKeyId"]


def test_a_token_file_that_can_be_none_is_no_bug(machine: Machine, cli_file: CliFile) -> None:
    provider = machine.sts.oidc_provider_arn
    for path in ("\0", "\ud800"):
        oidc = {"mode": "OIDC", "oidc_provider_arn": provider, "oidc_token_file": path, "ram_role_arn": HUB}
        cli_file.write(oidc)
        fails(machine, "quick", 3, "cannot be read: it is not a path")


@pytest.mark.parametrize("what", ["folder", "pipe", "large"])
def test_what_is_not_the_clis_file_is_reported_as_what_it_is(machine: Machine, cli_file: CliFile, what: str) -> None:
    if what == "folder":
        cli_file.path.mkdir()
    elif what == "pipe":
        os.mkfifo(cli_file.path)
    else:
        cli_file.path.write_bytes(b" " * 4_200_000)
    fails(machine, "quick", 3, "larger than" if what == "large" else "not a regular file")


@pytest.mark.parametrize("mode", ["CloudSSO", "OAuth"])
def test_the_session_of_a_sign_in_serves_while_it_lives(machine: Machine, cli_file: CliFile, mode: str) -> None:
    add_profile(machine, "first", "hub")
    session = exports(machine, "first")
    portal: dict[str, Any] = {
        "cloud_sso_sign_in_url": "https://signin.example/start",
        "cloud_sso_account_id": "2222222222222222",
    }
    cli_file.sign_in(session, mode, 1000, **portal)
    add_profile(machine, "spoke", "spoke1", OF_CLI)
    assert exports(machine, "itself")["AccessKeyId"] == session["AccessKeyId"]
    exports(machine, "spoke")
    assumed(machine)
    cli_file.sign_in(exports(machine, "first", "--refresh"), mode, **portal)
    assumed(machine)
    exports(machine, "spoke")
    assert assumed(machine) == []
    cli_file.sign_in(session, mode, -5, **portal)
    exports(machine, "spoke")
    reported = fails(machine, "spoke", 3, "has expired", ROLE_ENV_CACHE="none")
    assert f"aliyun configure --profile default --mode {mode}" in reported


def test_a_rewritten_cli_file_costs_a_session_only_when_the_chain_is_another_one(
    machine: Machine, cli_file: CliFile
) -> None:
    def written(**changes: Any) -> list[str]:
        cli_file.write({"mode": "AK", **cli_file.key, "sts_expiration": 1, **changes}, {"name": "other", "mode": "AK"})
        exports(machine, "quick")
        return assumed(machine)

    assert written() == ["switchrolesbc"]
    assert written(sts_expiration=2) == []
    assert written(region_id="cn-beijing") == []
    user = machine.sts.world.key_of("test_user1")
    other = machine.sts.world.add_key(user.account, user.user)
    assert written(access_key_id=other.id, access_key_secret=other.secret) == ["switchrolesbc"]
    assert written(access_key_id=other.id, access_key_secret=other.secret, language="zh") == []


def test_the_cli_file_is_never_written(machine: Machine, cli_file: CliFile) -> None:
    cli_file.write({"mode": "AK", **cli_file.key})
    before = (cli_file.path.read_bytes(), cli_file.path.stat().st_mtime_ns)
    exports(machine, "quick")
    machine.role_env("explain", "quick")
    assert (cli_file.path.read_bytes(), cli_file.path.stat().st_mtime_ns) == before


POLICY = '{"Version": "1", "Statement": []}'


def test_a_role_of_the_cli_is_assumed_with_its_policy_at_its_endpoint(machine: Machine, cli_file: CliFile) -> None:
    role = {"mode": "RamRoleArn", **cli_file.key, "ram_role_arn": HUB, "policy": POLICY}
    cli_file.write({**role, "sts_endpoint": machine.sts.endpoint, "sts_region": "cn-beijing", "enable_vpc": True})
    assert exports(machine, "itself", ALIBABA_CLOUD_STS_ENDPOINT="localhost:1")["RoleArn"] == HUB
    assert machine.sts.calls_of("AssumeRole")[-1].policy == POLICY
    cli_file.write({**role, "policy": "nonsense"})
    fails(machine, "itself", 3, "profile default: policy is not a policy in JSON")


@pytest.mark.parametrize(
    ("keys", "endpoint"),
    [
        ({"enable_vpc": True, "sts_region": "cn-beijing"}, "sts-vpc.cn-beijing.aliyuncs.com"),
        ({"enable_vpc": False, "sts_region": "cn-beijing"}, "sts.cn-beijing.aliyuncs.com"),
        ({"enable_vpc": True}, "sts.aliyuncs.com"),
        ({"enable_vpc": True, "sts_endpoint": "sts.example"}, "sts.example"),
    ],
)
def test_the_endpoint_of_a_role_of_the_cli_is_the_one_that_the_sdks_choose(
    machine: Machine, cli_file: CliFile, keys: dict[str, Any], endpoint: str
) -> None:
    cli_file.write({"mode": "RamRoleArn", **cli_file.key, "ram_role_arn": HUB, **keys})
    fingerprint = Fingerprint({"HOME": str(machine.home)})
    chain = chains.resolve(ProfilesFile(machine.file, fingerprint), "quick", fingerprint)
    assert chain.profiles[0].endpoint == endpoint


def test_the_region_of_a_cli_profile_serves_where_the_profile_has_none(machine: Machine, cli_file: CliFile) -> None:
    cli_file.write({"mode": "AK", **cli_file.key, "region_id": "cn-beijing"})
    assert exports(machine, "quick")["RegionId"] == "cn-beijing"
    cli_file.write({"mode": "AK", **cli_file.key, "region_id": "cn-shanghai"})
    assert exports(machine, "quick")["RegionId"] == "cn-shanghai"
    add_profile(machine, "own", "switchRoleSbc", f"{OF_CLI}\nregion_id = eu-west-1")
    assert exports(machine, "own")["RegionId"] == "eu-west-1"


def test_role_envs_own_process_is_refused_as_a_source_of_the_cli(machine: Machine, cli_file: CliFile) -> None:
    add_profile(machine, "far", "switchRoleSbc", f"{OF_CLI}\naliyun_profile = chained")
    for command in ("role-env process profileB", "role-env process --session", "env A=b /opt/role-env process x"):
        cli_file.write(
            {"mode": "External", "process_command": command},
            {"name": "chained", "mode": "ChainableRamRoleArn", "source_profile": "default", "ram_role_arn": HUB},
        )
        for name in ("itself", "far"):
            fails(machine, name, 3, "its command is role-env's own process", "source_profile")
    assert not machine.sts.calls


def test_a_folder_of_the_cli_that_cannot_be_searched_costs_no_session(machine: Machine, cli_file: CliFile) -> None:
    cli_file.path.parent.chmod(0)
    as_root = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
    command = (*as_root, str(INSTALLED / "role-env"))
    done = machine.run(*command, "profileB", "--format", "bash")
    assert (done.returncode, done.stderr) == (0, "")
    done = machine.run(*command, "quick", "--format", "json")
    assert (done.returncode, "config.json cannot be read: Permission denied" in done.stderr) == (3, True)
    done = machine.run(*command, "setup", "aliyun-cli", "profileB")
    assert (done.returncode, "config.json cannot be read: Permission denied" in done.stderr) == (3, True)


# ---- the ECS metadata service, at its real address ----


def test_a_service_role_of_an_instance_assumes_the_next_role(machine: Machine, tmp_path: Path) -> None:
    if not has_namespaces():
        pytest.skip("no network namespaces for this user; test_ecs_metadata.py asks one on loopback")
    add_profile(machine, "hub", "hub")
    instance = exports(machine, "hub")
    add_profile(machine, "far", "spoke1", "credential_source = ecs_ram_role")
    machine.add("[instance]\ncredential_source = ecs_ram_role\nrole_name = instance-role\n")
    answer = {key: instance[key] for key in ("AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration")}
    path = "/latest/meta-data/ram/security-credentials/instance-role"
    environ = {"METADATA_ANSWERS": json.dumps({path: [200, json.dumps({"Code": "Success", **answer})]})}
    assumed(machine)
    with relayed(tmp_path, machine.sts.port) as relay:
        done = machine.run(*in_namespace("role-env", "far", "--format", "json", relay=relay), **environ)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["RoleArn"].endswith("spoke1")
        assert assumed(machine) == ["spoke1"]
        done = machine.run(*in_namespace("role-env", "instance", "--format", "json", relay=relay), **environ)
        assert json.loads(done.stdout)["AccessKeyId"] == instance["AccessKeyId"]
    exports(machine, "far")  # a cached session needs no metadata service


# ---- GitHub's tokens ----


def test_github_gives_a_token_for_the_audience_that_the_profile_names(machine: Machine, tmp_path: Path) -> None:
    oidc(machine, "oidc_token = github\noidc_audience = sts.aliyuncs.com")
    fails(machine, "ci", 3, "profile ci", "id-token: write")
    with HttpsServer(tmp_path) as server:
        server.body = json.dumps({"value": machine.sts.oidc_token()}).encode()
        exports(
            machine,
            "ci",
            ACTIONS_ID_TOKEN_REQUEST_URL=f"https://localhost:{server.port}/token?api-version=2",
            ACTIONS_ID_TOKEN_REQUEST_TOKEN="a-bearer-token",
        )
    ((path, headers),) = server.asked
    assert path == "/token?api-version=2&audience=sts.aliyuncs.com"
    assert headers["authorization"].split() == ["bearer", "a-bearer-token"]
    assert assumed(machine, "AssumeRoleWithOIDC") == ["cideploy"]


def test_a_role_that_was_assumed_from_one_persons_sign_in_is_not_anothers(machine: Machine, cli_file: CliFile) -> None:
    write_spokes(machine)
    add_profile(machine, "signed", "spoke1", OF_CLI)
    session = exports(machine, "hub")
    assumed(machine)
    for person, calls in (("one", 1), ("one", 0), ("another", 1)):
        cli_file.sign_in(session, oauth_site_type="CN", oauth_refresh_token=f"token-of-{person}")
        exports(machine, "signed")
        assert len(assumed(machine)) == calls, person


def test_the_default_session_name_of_another_user_is_another_session(machine: Machine) -> None:
    for user in ("one", "one", "another"):
        assert exports(machine, "profileB", LOGNAME=user, USER=user)
    names = [call.session_name.partition("@")[0] for call in machine.sts.calls_of("AssumeRole")]
    assert names == ["one", "another"]


WHOLE_SECONDS = """\
import os

class Status:
    def __init__(self, status):
        self.__dict__ |= {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
        self.st_ctime_ns = self.st_mtime_ns = status.st_mtime_ns // 10**9 * 10**9

for name in ("stat", "fstat"):
    setattr(os, name, lambda *words, real=getattr(os, name), **more: Status(real(*words, **more)))
"""
"""Python's start-up file for a file system whose times are whole seconds, and where nobody waits for the clock."""


def test_where_times_are_whole_seconds_an_edit_of_the_same_length_within_one_is_seen(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WHOLE_SECONDS)
    machine.environ["PYTHONPATH"] = str(tmp_path)
    roles = [machine.sts.world.role(name).arn for name in ("spoke1", "spoke2")]
    text = machine.standard_profiles().partition("[profileB]")[0]
    text += f"[hub]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n"
    now = int(time.time()) + 60  # by the clock of this file system the file stays young
    stats = []
    for role in roles:
        machine.write(f"{text}[profileB]\nrole_arn = {role}\nsource_profile = hub\n")
        os.utime(machine.file, (now, now))
        stats.append(machine.file.stat())
        assert exports(machine, "profileB")["RoleArn"] == role
    # Only a finer clock tells the two files apart.
    names = ("st_ino", "st_size", "st_mode", "st_mtime_ns")
    assert [getattr(stats[0], name) for name in names] == [getattr(stats[1], name) for name in names]


def test_the_region_of_the_clis_current_profile_serves_where_nothing_else_says_one(
    machine: Machine, cli_file: CliFile
) -> None:
    cli_file.write({"mode": "AK", **cli_file.key, "region_id": "cn-beijing"})
    done = machine.shell("bash", 'eval "$(role-env profileB)"; printenv ALIBABA_CLOUD_REGION_ID')
    assert done.stdout == "cn-beijing\n", done.stderr
