"""A secret where the ID of an access key belongs is neither sent nor shown, wherever the key was read."""

import json
from collections.abc import Callable

import pytest

from support.doctor import examined, read
from support.machine import Machine
from support.rotated import entry

SWAPPED = "the ID and the secret are swapped"


def in_profiles_file(machine: Machine) -> tuple[str, str]:
    """Swap them in the profiles file; return the profile and the place."""
    sts = machine.sts
    machine.write(
        f"[p]\naccess_key_id = {sts.access_key_secret}\naccess_key_secret = {sts.access_key_id}\n"
        f"[b]\nrole_arn = {sts.role_arn}\nsource_profile = p\n"
    )
    return "b", f"{machine.file}, line 2"


def in_keyring(machine: Machine) -> tuple[str, str]:
    """Swap them in the keyring, as another program could; return the profile and the place."""
    machine.write(f"[profileA]\n[b]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    machine.log_in("profileA")
    text = f"role-env key 1\n{machine.sts.access_key_secret}\n{machine.sts.access_key_id}"
    machine.bus.replace(entry(machine, "key"), text.encode())
    machine.sts.clear_calls()
    return "b", f"of profileA in the keyring: {SWAPPED} ({machine.file}, line 1)"


def in_environment(machine: Machine) -> tuple[str, str]:
    """Swap them in the environment; return the profile and the place."""
    key = {"ID": machine.sts.access_key_secret, "SECRET": machine.sts.access_key_id}
    machine.environ |= {f"ALIBABA_CLOUD_ACCESS_KEY_{part}": value for part, value in key.items()}
    machine.write(f"[b]\nrole_arn = {machine.sts.role_arn}\ncredential_source = environment\n")
    return "b", "the variable ALIBABA_CLOUD_ACCESS_KEY_ID"


def in_base_of_session(machine: Machine) -> tuple[str, str]:
    """Swap them in the base of a session from the environment; return the profile and the place."""
    key = {"ID": machine.sts.access_key_secret, "SECRET": machine.sts.access_key_id}
    machine.environ |= {f"ROLE_ENV_BASE_ACCESS_KEY_{part}": value for part, value in key.items()}
    machine.write(f"[b]\nrole_arn = {machine.sts.role_arn}\ncredential_source = environment\n")
    return "b", "the variable ROLE_ENV_BASE_ACCESS_KEY_ID"


def in_cli_file(machine: Machine) -> tuple[str, str]:
    """Swap them in the `aliyun` CLI's file; return the profile and the place."""
    key = {"access_key_id": machine.sts.access_key_secret, "access_key_secret": machine.sts.access_key_id}
    path = machine.write_cli_file({"current": "x", "profiles": [{"name": "x", "mode": "AK", **key}]})
    machine.write(f"[b]\nrole_arn = {machine.sts.role_arn}\ncredential_source = aliyun_cli\n")
    return "b", f"{path}: profile x: access_key_id"


def in_output(machine: Machine) -> tuple[str, str]:
    """Let a credential process print them swapped; return the profile and the place."""
    key = {"access_key_id": machine.sts.access_key_secret, "access_key_secret": machine.sts.access_key_id}
    machine.environ["KEY"] = json.dumps({"mode": "AK", **key})
    program = machine.write_program("program", '#!/bin/sh\necho "$KEY"\n')
    machine.write(f"[b]\nrole_arn = {machine.sts.role_arn}\ncredential_process = {program}\n")
    return "b", "the credential process program prints an invalid document: access_key_id"


PLACES = [in_profiles_file, in_keyring, in_environment, in_base_of_session, in_cli_file, in_output]


@pytest.mark.parametrize("swap", PLACES)
def test_a_secret_as_an_id_is_neither_sent_nor_shown(
    machine: Machine, swap: Callable[[Machine], tuple[str, str]]
) -> None:
    profile, place = swap(machine)
    machine.refuses(profile, 3, SWAPPED, place)
    found = examined(machine)
    text = machine.role_env("doctor").stdout
    for command in (("list",), ("list", "--json"), ("explain", profile), ("whoami", profile), ("whoami",)):
        done = machine.role_env(*command)
        text += done.stdout + done.stderr
    assert machine.sts.access_key_secret not in text
    assert {call.access_key_id for call in machine.sts.calls} <= {"", "role-env-doctor"}
    if swap is not in_output:  # which doctor does not run
        assert [fault for faults in found.faults.values() for fault in faults if SWAPPED in fault]


def test_a_swapped_key_in_the_keyring_can_be_removed_or_replaced_and_not_be_rotated(machine: Machine) -> None:
    in_keyring(machine)
    machine.fails("rotate", "profileA", status=3, said=SWAPPED)
    machine.fails("rotate", "profileA", "--status", status=3, said=SWAPPED)
    assert "removed the access key" in machine.succeeds("logout", "profileA").stdout
    assert not [item for item in machine.bus.items() if item.attributes["service"].startswith("role-env key")]
    in_keyring(machine)
    machine.log_in("profileA")
    machine.succeeds("exec", "b", "--", "true")


def test_an_id_of_another_form_in_the_keyring_is_not_shown(machine: Machine) -> None:
    machine.write("[profileA]\n")
    machine.log_in("profileA")
    mistyped = machine.sts.access_key_secret[:29]
    machine.bus.replace(entry(machine, "key"), f"role-env key 1\n{mistyped}\nsecret".encode())
    lines = (("rotate", "profileA"), ("rotate", "profileA", "--status"), ("doctor",), ("logout", "profileA"))
    for done in (machine.role_env(*line) for line in lines):
        assert mistyped not in done.stdout + done.stderr


def test_an_id_of_another_form_is_not_shown(machine: Machine) -> None:
    mistyped = machine.sts.access_key_secret[:29]
    machine.write(f"[p]\naccess_key_id = {mistyped}\naccess_key_secret = {machine.sts.access_key_id}\n")
    found = read(machine.role_env("doctor", "--json"))
    assert "(an ID of another form)" in found.faults["access key"][0]
    machine.write(f"[p]\naccess_key_id = {mistyped}\n")
    machine.bus.clear()
    done = machine.fails(
        "login", "p", status=3, said="access_key_id is (an ID of another form)", text=machine.key_lines()
    )
    assert mistyped not in done.stderr + json.dumps(found.faults)
