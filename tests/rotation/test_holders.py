"""Each profile with the key that is rotated gets the new one, and is not logged in or out unseen meanwhile."""

import shutil

import pytest

from cloud.ram import LocalRam
from support.files import write_private
from support.machine import Machine
from support.rotated import lines_of, secrets_in_keyring, states, stop_after_create, stop_after_swap, works

STOPS = {"created": stop_after_create, "swapped": stop_after_swap}


# ---- in another profiles file ----


@pytest.fixture
def other(machine: Machine, ram: LocalRam) -> str:
    """Another profiles file, with the same key in the keyring for a profile of another name."""
    text = machine.file.read_text("utf-8").replace("profileA", "elsewhere")
    path = str(write_private(machine.home / "other.ini", text))
    machine.succeeds("login", "elsewhere", "--config", path, text=machine.key_lines())
    return path


@pytest.mark.parametrize("has_index", [True, False])
def test_the_key_of_another_profiles_file_is_swapped_and_swapped_back(
    machine: Machine, ram: LocalRam, other: str, has_index: bool
) -> None:
    for option in ([], ["--abort"]):
        if not has_index:
            shutil.rmtree(machine.home / ".local" / "state" / "role-env")
        machine.succeeds("rotate", "profileA", *option)
        assert works(machine)
        assert works(machine, "profileB", "--config", other)
    assert states(ram) == {machine.sts.access_key_id: True}


# ---- in the same one ----


@pytest.fixture
def twin(machine: Machine, ram: LocalRam) -> None:
    """The profile twin with the key of profileA."""
    machine.add("[twin]\n")
    machine.log_in("twin")


@pytest.mark.usefixtures("twin")
@pytest.mark.parametrize("stop", STOPS)
def test_login_and_logout_of_a_second_holder_are_refused_with_the_lines_that_continue_and_undo(
    machine: Machine, ram: LocalRam, stop: str
) -> None:
    old, new = machine.sts.access_key_id, STOPS[stop](machine, ram)
    before = secrets_in_keyring(machine, ram)
    said = f"the access key of twin is being rotated ({old} to {new}), and the secrets are in the journal of profile"
    other = lines_of(machine.sts.world.key_of("test_user2"))
    for command, text in (("logout", ""), ("login", other)):
        done = machine.fails(command, "twin", status=4, said=said, text=text)
        assert "hint: go on: role-env rotate twin; or go back: role-env rotate twin --abort; " in done.stderr
    assert secrets_in_keyring(machine, ram) == before
    if stop == "created":  # when the rotation still expects the old key
        machine.succeeds("login", "twin", text=machine.key_lines())
    machine.succeeds("rotate", "twin")
    assert states(ram)[old] is False
    done = machine.fails("logout", "twin", status=4, said=said)
    assert "hint: finish it: role-env rotate twin --finish; or go back: role-env rotate twin --abort" in done.stderr
    machine.succeeds("rotate", "twin", "--finish")
    machine.succeeds("logout", "twin")
    assert states(ram) == {new: True}
    assert works(machine)


@pytest.mark.usefixtures("twin")
@pytest.mark.parametrize("command", ["login", "logout"])
@pytest.mark.parametrize("stop", STOPS)
def test_with_force_the_second_holder_is_removed_and_the_rotation_continues(
    machine: Machine, ram: LocalRam, stop: str, command: str
) -> None:
    old, new = machine.sts.access_key_id, STOPS[stop](machine, ram)
    other = machine.sts.world.key_of("test_user2")
    done = machine.succeeds(command, "twin", "--force", text=lines_of(other) if command == "login" else "")
    assert f"twin: the rotation of {old} to {new} goes on with profile profileA, which began it" in done.stdout
    assert "DeleteAccessKey" not in done.stdout
    assert secrets_in_keyring(machine, ram) == {old, new} | ({other.id} if command == "login" else set())
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    assert states(ram) == {new: True}
    assert works(machine)
