"""doctor finds what is wrong with the keyring, and with the way to STS."""

import os
from pathlib import Path

import pytest

from cloud.world import ACCOUNT_A
from role_env.keyrings.container import is_container
from support.contexts import kernel_keeps
from support.doctor import blocked, examined, only, read
from support.machine import ROLE_ENV, Machine
from support.secret_service_bus import KeyringBus


def has_kernel_keyring() -> bool:
    """Whether this kernel keeps keys for us, and `auto` may use it."""
    return kernel_keeps() and not is_container(os.environ)


# ---- the keyring ----


def test_a_locked_keyring_is_found_and_nobody_is_asked_to_unlock_it(machine: Machine, locked: KeyringBus) -> None:
    fault = only(examined(machine, **locked.environment, DISPLAY=":0"), "keyring", "it is locked", "unlock it")
    assert "the desktop's keyring (Secret Service): it is locked" in fault


def test_the_keyring_has_a_name_for_a_person_and_with_verbose_its_class(machine: Machine) -> None:
    name = "keyring.backends.SecretService.Keyring"
    assert examined(machine).messages["keyring"].startswith("the desktop's keyring (Secret Service): wrote, read")
    chosen = examined(machine, "--verbose", PYTHON_KEYRING_BACKEND=name).messages["keyring"]
    assert chosen.startswith(f"{name} (PYTHON_KEYRING_BACKEND names it): wrote, read")


def test_no_keyring_at_all_where_the_kernels_stands_in_and_where_nothing_does(machine: Machine) -> None:
    absent = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    found = examined(machine, **absent)
    assert found.status == 0
    if has_kernel_keyring():
        assert found.faults == {}
        assert "sessions go to the kernel keyring" in found.messages["keyring"]
        assert "in memory until they expire" in found.messages["kernel keyring"]
    neither = blocked(machine, **absent)
    assert neither.status == 0
    assert "install gnome-keyring or KeePassXC" in only(neither, "keyring", "warn there is none")
    assert "blocked here" in neither.messages["kernel keyring"]
    nowhere = {"DBUS_SESSION_BUS_ADDRESS": "", "PATH": f"{machine.home}/bin", "ROLE_ENV_CACHE": "keyring"}
    lacking = "fail there is none on this system (DBUS_SESSION_BUS_ADDRESS is not set; none of gnome-keyring-daemon, "
    only(read(machine.run(ROLE_ENV, "doctor", "--json", **nowhere)), "keyring", lacking, "see role-env help headless")
    assert "unset ROLE_ENV_CACHE" in only(blocked(machine, ROLE_ENV_CACHE="kernel"), "kernel keyring")


def test_a_container_without_any_keyring_needs_no_fix(machine: Machine) -> None:
    """In a user namespace of its own, the kernel keyring is the container's own and is used."""
    absent = {"DBUS_SESSION_BUS_ADDRESS": "", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    found = blocked(machine, **absent)
    assert found.status == 0
    if is_container({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}):
        assert found.faults == {}
        assert "none is needed" in found.messages["keyring"]
        assert "kernel keyring" not in found.checks


def test_a_locked_keyring_that_the_kernels_replaces_has_one_fix(machine: Machine, locked: KeyringBus) -> None:
    if not has_kernel_keyring():
        pytest.skip("this kernel keeps no keys for us, as in many containers")
    fault = only(examined(machine, **locked.environment), "keyring", "warn", "it is locked")
    assert "ROLE_ENV_CACHE" not in fault


def test_a_setting_that_chooses_no_keyring_is_reported(machine: Machine) -> None:
    for name, value, reported in (
        ("PYTHON_KEYRING_BACKEND", "no.such.Keyring", "the backend that PYTHON_KEYRING_BACKEND or keyringrc.cfg names"),
        ("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring", "it stores nothing"),
        ("ROLE_ENV_CACHE", "disk", "set it to one of auto, keyring, kernel, none"),
    ):
        only(examined(machine, **{name: value}), "keyring", reported)


def test_a_keyring_that_is_a_plain_file_is_a_warning(machine: Machine) -> None:
    name = "support.file_keyring.PlaintextKeyring"
    environ = {"PYTHONPATH": str(Path(__file__).parents[1]), "PYTHON_KEYRING_BACKEND": name}
    fault = only(examined(machine, **environ), "keyring", "writes secrets to a file in plain text")
    assert fault.startswith(f"warn {name} (PYTHON_KEYRING_BACKEND names it)")


# ---- STS ----


def test_a_clock_that_is_off_is_reported(machine: Machine) -> None:
    for offset, status in ((-3600, "fail"), (3600, "fail"), (120, "warn"), (-120, "warn")):
        machine.sts.clock_offset = offset
        words = f"{abs(offset) / 60:.0f} min {'behind' if offset > 0 else 'ahead'}"
        fault = only(examined(machine), f"STS {machine.sts.endpoint}", words, "set the clock")
        assert fault.startswith(status), offset


def test_each_key_that_can_be_read_is_asked_about_once_and_one_that_was_deleted_is_a_fault(machine: Machine) -> None:
    found = examined(machine)
    whose = f"{machine.sts.access_key_id} is of acs:ram::{ACCOUNT_A}:user/test_user1"
    assert found.messages["access key"] == f"profile profileA: {whose}"
    machine.add("[gone]\naccess_key_id = LTAI5tGone\naccess_key_secret = x\n")
    machine.add("".join(f"[b{n}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = gone\n" for n in range(3)))
    machine.add("[cli]\ncredential_source = aliyun_cli\n")
    key = {"access_key_id": "LTAI5tCli", "access_key_secret": "x"}
    machine.write_cli_file({"current": "x", "profiles": [{"name": "x", "mode": "AK", **key}]})
    before = len(machine.sts.calls)
    faults = examined(machine).faults
    assert len(machine.sts.calls) - before == 4  # three keys, and whether STS answers
    assert list(faults) == ["access key"]
    assert [fault.split(":")[0] for fault in faults["access key"]] == ["fail profile gone", "fail profile cli"]
    assert all("the key was deleted, or its ID is mistyped" in fault for fault in faults["access key"])


def test_each_endpoint_that_a_profile_uses_is_asked_and_only_those(machine: Machine) -> None:
    machine.add("[far]\nrole_arn = acs:ram::1:role/x\nsource_profile = profileA\nsts_endpoint = localhost:1\n")
    found = examined(machine)
    assert f"STS {machine.sts.endpoint}" in found.checks
    only(found, "STS localhost:1", "refused")
