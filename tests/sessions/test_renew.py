"""role-env renew: the same session again, or a shell that stays as it is."""

import os
import time
from collections.abc import Callable

import pytest

from support.chains import CliFile
from support.files import write_private
from support.machine import Machine
from support.prompts import begin, changed, due, expired
from support.shells import NOTHING_CHANGED, environment


def refuses(machine: Machine, status: int, *reported: str, **environ: str) -> None:
    """`renew` ends with `status`, says why, changes nothing, and requests no session."""
    before = len(machine.sts.calls_of("AssumeRole"))
    done = machine.role_env("renew", "--format", "sh", **environ, ROLE_ENV_INIT="1")
    assert (done.returncode, done.stdout) == (status, NOTHING_CHANGED), done.stderr
    assert all(text in done.stderr for text in reported), done.stderr
    assert len(machine.sts.calls_of("AssumeRole")) == before


@pytest.mark.parametrize(("form", "nothing"), [("sh", "{ :; }\n"), ("zsh", "{ :; }\n"), ("fish", "begin; true; end\n")])
def test_a_session_that_lasts_is_left_as_it_is(machine: Machine, form: str, nothing: str) -> None:
    variables = begin(machine)
    done = machine.role_env("renew", "--format", form, **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, nothing, "")


def test_a_session_near_its_end_is_renewed_with_its_own_session_name(machine: Machine) -> None:
    done = machine.succeeds("renew", "--format", "sh", **due(machine), USER="somebody-else", LOGNAME="somebody-else")
    assert machine.sts.issued[-1].id in done.stdout
    first, second = machine.sts.calls_of("AssumeRole")
    assert first.session_name == second.session_name


def test_without_a_session_or_its_request_there_is_nothing_to_renew(machine: Machine) -> None:
    refuses(machine, 3, "no session", "role-env use PROFILE")
    variables = due(machine)
    for text in ("", "{", "[]", "{}", '{"profile": "profileB"}', "null"):
        refuses(machine, 3, "ROLE_ENV_REQUEST", "role-env use profileB", **variables | {"ROLE_ENV_REQUEST": text})


def test_a_session_of_the_clis_role_keeps_its_name_when_the_clis_file_has_another(
    machine: Machine, cli_file: CliFile
) -> None:
    role = {"mode": "RamRoleArn", **cli_file.key, "ram_role_arn": machine.sts.world.role("hub").arn}
    cli_file.write(role | {"ram_session_name": "before"})
    variables = expired(begin(machine, "itself"))
    cli_file.write(role | {"ram_session_name": "after"})
    machine.succeeds("clear", "itself")
    machine.succeeds("renew", "--format", "sh", **variables)
    assert [call.session_name for call in machine.sts.calls_of("AssumeRole")] == ["before", "before"]


def test_a_renewal_keeps_the_families_of_the_shell_when_the_profile_has_others(machine: Machine) -> None:
    """The session is whole after it, and `off` leaves nothing of it."""
    for first, later in (("", "packer plain"), ("packer plain", "")):
        machine.write(f"{machine.standard_profiles()}variables = oss {first}\n")
        lines = (
            'eval "$(role-env profileB --no-cache)"',
            "echo $ROLE_ENV_ACCESS_KEY_ID >first",
            f"sed -i 's/^variables = .*/variables = oss {later}/' {machine.file}",
            'export ROLE_ENV_REQUEST="$(printf %s "$ROLE_ENV_REQUEST" | sed "s/$ROLE_ENV_EXPIRATION/1000000000/")"',
            "export ROLE_ENV_EXPIRATION=1000000000",
            'eval "$(role-env renew)"',
            "role-env status >/dev/null && env -0",
            'eval "$(role-env off)"',
            "echo the end; env -0",
        )
        done = machine.shell("bash", "\n".join(lines), SECURITY_TOKEN="mine")
        whole, after = map(environment, done.stdout.split("the end\n"))
        renewed = next(each for each in machine.sts.issued if each.id == whole["ROLE_ENV_ACCESS_KEY_ID"])
        assert renewed.id != (machine.home / "first").read_text().strip()
        assert whole["SECURITY_TOKEN"] == (renewed.token if first else "mine")
        assert after["SECURITY_TOKEN"] == "mine"
        assert not {value for each in machine.sts.issued for value in (each.id, each.token)} & {*after.values()}


def test_another_role_by_now_does_not_change_the_session(machine: Machine) -> None:
    other = machine.sts.world.role("hub").arn
    variables = due(machine)
    machine.write(machine.standard_profiles().replace(machine.sts.role_arn, other))
    refuses(machine, 4, "it would be of role", "role-env use profileB", **variables)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("read_only = yes\n", ""),
        ("", "read_only = yes\n"),
        ('policy = {"Version":"1","Statement":[]}\n', ""),
        ('policy = {"Version":"1","Statement":[]}\n', 'policy = {"Statement":[],"Version":"1"}\n'),
    ],
)
@pytest.mark.parametrize("is_requested_elsewhere", [False, True])
def test_a_profile_with_another_policy_by_now_leaves_the_session_alone(
    machine: Machine, before: str, after: str, *, is_requested_elsewhere: bool
) -> None:
    role = f"{machine.standard_profiles()}\n[kept]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n"
    machine.write(role + before)
    variables = expired(begin(machine, "kept"))
    machine.write(role + after)
    if is_requested_elsewhere:  # which caches a session of the other policy
        machine.succeeds("kept", "--format", "json")
    refuses(machine, 4, "it would be of another session policy", "role-env use kept", **variables)


def test_a_session_is_renewed_from_its_own_file_and_no_other(machine: Machine) -> None:
    write_private(machine.home / "ro.ini", machine.standard_profiles())
    variables = expired(begin(machine, "--config", "ro.ini", "profileB"))
    machine.write(machine.standard_profiles().replace(machine.sts.role_arn, machine.sts.world.role("hub").arn))
    variables["ROLE_ENV_CONFIG"] = str(machine.file)
    done = machine.run("sh", "-c", "cd / && exec role-env renew --format sh", **variables)
    assert done.returncode == 0, done.stderr
    assert {call.role_arn for call in machine.sts.calls_of("AssumeRole")} == {machine.sts.role_arn}


def test_another_source_of_the_same_role_is_followed_and_another_endpoint_of_a_variable_too(machine: Machine) -> None:
    variables = due(machine)
    machine.write(machine.standard_profiles().replace("profileA", "again"))
    endpoint = machine.sts.endpoint.replace("localhost", "127.0.0.1")
    machine.succeeds("renew", "--format", "sh", **variables, ALIBABA_CLOUD_STS_ENDPOINT=endpoint)


def test_a_renewal_says_nothing_unless_it_fails_and_then_why(machine: Machine) -> None:
    variables = due(machine)
    machine.sts.fault("hang", action="AssumeRole")
    done = machine.role_env("renew", "--format", "sh", **variables)
    assert (done.returncode, done.stdout) == (5, NOTHING_CHANGED)
    said = "role-env: the session of profileB could not be renewed: STS at {} could not be reached: it timed out\n"
    assert done.stderr.startswith(said.format(machine.sts.endpoint))
    for _ in range(20):  # of which one has to come within the 3 s that a renewal may take, also on a busy machine
        began = time.monotonic()
        done = machine.role_env("renew", "--format", "sh", **variables)
        if time.monotonic() - began < 3:
            break
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.sts.issued[-1].id in done.stdout


WIDENED: dict[str, Callable[[dict[str, str], dict[str, str]], dict[str, str]]] = {
    "its policy is unset": lambda narrow, _: narrow | {"ROLE_ENV_POLICY": ""},
    "another's request": lambda narrow, full: narrow | request(full),
    "and no policy": lambda narrow, full: narrow | request(full) | {"ROLE_ENV_POLICY": ""},
    "a request without its option": lambda narrow, _: changed(narrow, {"--policy": "", "policy_digest": ""}),
}
"""How a read-only session's variables may become mixed with those of a full one."""


def request(variables: dict[str, str]) -> dict[str, str]:
    return {"ROLE_ENV_REQUEST": variables["ROLE_ENV_REQUEST"]}


@pytest.mark.parametrize("mixed", WIDENED)
def test_a_read_only_session_never_becomes_a_full_one(machine: Machine, mixed: str) -> None:
    full, narrow = expired(begin(machine)), expired(begin(machine, "--read-only", "profileB"))
    done = machine.role_env("renew", "--format", "sh", **WIDENED[mixed](narrow, full))
    assert (done.returncode, done.stdout) in ((3, NOTHING_CHANGED), (4, NOTHING_CHANGED)), done.stderr
    done = machine.succeeds("renew", "--format", "sh", **narrow)
    assert [call.policy for call in machine.sts.calls_of("AssumeRole")][2:] in ([], [machine.sts.issued[1].policy])
    assert machine.sts.issued[0].id not in done.stdout


def test_each_session_of_one_request_is_renewed_however_many_were_issued_since(machine: Machine) -> None:
    shells = [expired(begin(machine, *more, "profileB")) for more in ((), ("--refresh",), ("--refresh",))]
    for shell in shells:
        machine.succeeds("renew", "--format", "sh", **shell)


@pytest.mark.parametrize("more", [(), ("--no-cache",)])
def test_a_session_without_a_cache_is_renewed_too(machine: Machine, more: tuple[str, ...]) -> None:
    variables = expired(begin(machine, *more, "profileB"))
    machine.environ["ROLE_ENV_CACHE"] = "none"
    machine.succeeds("renew", "--format", "sh", **variables)
    assert len(machine.sts.issued) == 2


def test_a_missing_profiles_file_is_named_with_a_hint_that_renew_can_follow(machine: Machine) -> None:
    variables = due(machine)
    machine.file.unlink()
    refuses(machine, 3, f"there is no profiles file {machine.file}", "hint: restore the profiles file", **variables)


def test_a_policy_file_that_is_no_regular_file_is_not_waited_for(machine: Machine) -> None:
    policy = machine.home / "policy.json"
    variables = changed(due(machine), {"--policy": "0" * 64, "--policy-file": str(policy)})
    os.mkfifo(policy)
    refuses(machine, 4, "a session policy that cannot be read again", **variables)


def test_a_passed_through_session_of_another_account_or_role_is_refused(machine: Machine) -> None:
    role, which = machine.sts.world.role, machine.home / "which"
    lender = machine.write_program("lender", f"#!/bin/sh\nexec role-env process $(cat {which})\n")
    machine.add(f"[lent]\ncredential_process = {lender}\n")
    machine.add(f"[hub]\nrole_arn = {role('hub').arn}\nsource_profile = profileA\n")
    machine.add(f"[elsewhere]\nrole_arn = {role('spoke1').arn}\nsource_profile = hub\n")
    machine.succeeds("process", "elsewhere")
    machine.succeeds("process", "hub")
    which.write_text("profileB")
    variables = expired(begin(machine, "lent"))
    assert variables["ROLE_ENV_ACCOUNT_ID"] == machine.sts.role_arn.split(":")[3]
    machine.succeeds("renew", "--format", "sh", **variables)
    refuses(machine, 3, "of another session", **variables | {"ROLE_ENV_ACCOUNT_ID": role("spoke1").arn.split(":")[3]})
    which.write_text("elsewhere")
    refuses(machine, 4, "it would be of account", **variables)
    which.write_text("hub")  # of the same account
    refuses(machine, 4, "it would be of assumed-role/hub/", ", not assumed-role/switchrolesbc/", **variables)


def test_whose_a_passed_through_session_is_is_asked_for_once_for_each_key_id(machine: Machine) -> None:
    machine.add("[lent]\ncredential_process = role-env process profileB\n")
    for _ in range(3):
        assert machine.role_env("lent", "--format", "json").returncode == 0
    assert len(machine.sts.calls_of("GetCallerIdentity")) == 1
