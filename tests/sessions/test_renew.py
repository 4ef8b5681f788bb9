"""role-env renew: the same session again, or a shell that stays as it is."""

import os
import socket
import time

import pytest

from role_env.keyrings import PROOF_SERVICE
from support.files import write_private
from support.machine import Machine
from support.planted_keyring import plant_settings
from support.shell_sessions import begin, changed, due, expired
from support.shells import NOTHING_CHANGED
from support.waiting import wait_until


def refuses(machine: Machine, status: int, *reported: str, **environ: str) -> None:
    """`renew` ends with `status`, says why, changes nothing, and requests no session."""
    before = len(machine.sts.calls_of("AssumeRole"))
    done = machine.role_env("renew", "--format", "sh", **environ)
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


def test_a_profile_that_now_has_another_role_does_not_change_the_session(machine: Machine) -> None:
    variables = due(machine)
    other = machine.sts.world.role("hub").arn
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
    if is_requested_elsewhere:  # which stores a proof of the other policy
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


def test_what_was_never_requested_here_opens_no_socket_and_starts_no_process(machine: Machine) -> None:
    variables = due(machine)
    trap = machine.home / "planted"
    text = f"[profileB]\nrole_arn = {machine.sts.role_arn}\ncredential_process = touch {trap}\n"
    planted = write_private(machine.home / "planted.ini", text)
    refuses(machine, 3, "nothing proves", "role-env use profileB", **changed(variables, config=str(planted)))
    assert not trap.exists()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        endpoint = f"127.0.0.1:{server.getsockname()[1]}"
        hostile = changed(due(machine), sts_endpoint=endpoint) | {"ALIBABA_CLOUD_STS_ENDPOINT": endpoint}
        refuses(machine, 3, "nothing proves", **hostile)
        with pytest.raises(TimeoutError):
            server.accept()
    machine.write(text)  # another source of the same role needs a person too
    refuses(machine, 3, "nothing proves", **variables)
    assert not trap.exists()


def test_a_keyring_backend_of_settings_that_were_planted_is_not_imported(machine: Machine) -> None:
    variables, (folder, trap) = due(machine), plant_settings(machine)
    variables |= {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(machine.home / ".local" / "state")}
    refuses(machine, 3, "nothing proves", **variables)
    unattended = machine.role_env("renew", "--format", "sh", "--unattended", **variables)
    assert (unattended.returncode, unattended.stdout) == (3, NOTHING_CHANGED)
    assert "is not renewed unasked: a setting chooses its backend" in unattended.stderr
    assert not trap.exists()


def test_an_unattended_renewal_imports_no_backend_even_of_the_users_own_settings(machine: Machine) -> None:
    folder, trap = plant_settings(machine)
    machine.environ |= {"XDG_CONFIG_HOME": str(folder), "ROLE_ENV_CONFIG": str(machine.file)}
    variables = due(machine)
    assert trap.exists()
    trap.unlink()
    done = machine.role_env("renew", "--format", "sh", "--unattended", **variables)
    assert done.returncode == 3
    assert "role-env: hint: type: role-env renew\n" in done.stderr
    assert not trap.exists()


def test_an_unattended_renewal_says_nothing_unless_it_fails_and_then_why(machine: Machine) -> None:
    unattended = ("renew", "--format", "sh", "--unattended")
    variables = due(machine)
    machine.sts.fault("hang", action="AssumeRole")
    done = machine.role_env(*unattended, **variables)
    assert done.returncode == 5
    said = "role-env: the session of profileB could not be renewed: STS at {} could not be reached: it timed out\n"
    assert done.stderr.startswith(said.format(machine.sts.endpoint))
    for _ in range(20):  # of which one has to come within the 3 s that a renewal may take, also on a busy machine
        began = time.monotonic()
        done = machine.role_env(*unattended, **variables)
        if time.monotonic() - began < 3:
            break
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.sts.issued[-1].id in done.stdout


def test_two_shells_that_renew_one_session_at_the_same_moment_both_have_the_new_one(machine: Machine) -> None:
    for _ in range(20):  # of which one has to come within the 3 s that a renewal may take, also on a busy machine
        environ, before = due(machine), len(machine.sts.issued)
        machine.sts.fault("delay:1", action="AssumeRole")
        began = time.monotonic()
        shells = [machine.start("renew", "--format", "sh", "--unattended", **environ) for _ in range(2)]
        done = [(*shell.communicate(timeout=60), shell.returncode) for shell in shells]
        if time.monotonic() - began < 3:
            break
    assert [(reported, status) for _, reported, status in done] == [("", 0), ("", 0)]
    assert all(machine.sts.issued[-1].id in code for code, _, _ in done)
    assert len(machine.sts.issued) == before + 1


def test_a_keyring_that_has_stored_no_proof_is_not_opened(machine: Machine) -> None:
    variables = due(machine)
    path = machine.home / "bus"
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(path))
        bus.listen()
        bus.settimeout(0.1)
        refuses(machine, 3, "nothing proves", **variables, DBUS_SESSION_BUS_ADDRESS=f"unix:path={path}")
        with pytest.raises(TimeoutError):
            bus.accept()


def test_a_session_that_is_cleared_while_a_new_one_is_requested_leaves_that_one_its_proof(machine: Machine) -> None:
    machine.role_env("profileB")
    machine.sts.fault("delay:60", action="AssumeRole")
    with machine.start("profileB", "--refresh", ROLE_ENV_TIMEOUT="60") as refreshing:
        wait_until(lambda: len(machine.sts.calls_of("AssumeRole")) == 2)
        machine.role_env("clear", "profileB")
        machine.sts.heal()
        refreshing.communicate(timeout=60)
    assert refreshing.returncode == 0
    assert [item for item in machine.bus.items() if item.attributes["service"].startswith(PROOF_SERVICE)]


def test_a_missing_profiles_file_is_named_with_a_hint_that_renew_can_follow(machine: Machine) -> None:
    variables = due(machine)
    machine.file.unlink()
    refuses(machine, 3, f"profiles file {machine.file} is not found", "hint: restore the profiles file", **variables)


def test_a_policy_file_that_is_no_regular_file_is_not_waited_for(machine: Machine) -> None:
    policy = machine.home / "policy.json"
    variables = changed(due(machine), options={"policy": "0" * 64, "policy_file": str(policy)})
    os.mkfifo(policy)
    refuses(machine, 4, "a session policy that cannot be read again", **variables)


def test_a_passed_through_session_of_another_account_is_refused(machine: Machine) -> None:
    role, which = machine.sts.world.role, machine.home / "which"
    lender = machine.write_program("lender", f"#!/bin/sh\nexec role-env process $(cat {which})\n")
    machine.add(f"[lent]\ncredential_process = {lender}\n")
    machine.add(f"[hub]\nrole_arn = {role('hub').arn}\nsource_profile = profileA\n")
    machine.add(f"[elsewhere]\nrole_arn = {role('spoke1').arn}\nsource_profile = hub\n")
    machine.succeeds("process", "elsewhere")
    which.write_text("profileB")
    variables = expired(begin(machine, "lent"))
    assert variables["ROLE_ENV_ACCOUNT_ID"] == machine.sts.role_arn.split(":")[3]
    machine.succeeds("renew", "--format", "sh", **variables)
    refuses(machine, 3, "of another session", **variables | {"ROLE_ENV_ACCOUNT_ID": role("spoke1").arn.split(":")[3]})
    which.write_text("elsewhere")
    refuses(machine, 4, "it would be of account", **variables)


def test_the_account_of_a_passed_through_session_is_asked_for_once_for_each_key_id(machine: Machine) -> None:
    machine.add("[lent]\ncredential_process = role-env process profileB\n")
    for _ in range(3):
        assert machine.role_env("lent", "--format", "json").returncode == 0
    assert len(machine.sts.calls_of("GetCallerIdentity")) == 1
