"""Each profile with the key that is rotated gets the new one, whichever profiles file it is in."""

import shutil

import pytest

from cloud.ram import LocalRam
from support.files import write_private
from support.machine import Machine
from support.rotated import states, stop_after_swap, works


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


def test_a_rotation_goes_on_from_any_profile_that_has_its_key(machine: Machine, ram: LocalRam, other: str) -> None:
    old, new = machine.sts.access_key_id, stop_after_swap(machine, ram)
    said = f"elsewhere: {new} is used, and {old} is still active"
    assert said in machine.succeeds("rotate", "elsewhere", "--config", other, "--status").stdout
    machine.succeeds("rotate", "elsewhere", "--config", other)
    machine.succeeds("rotate", "elsewhere", "--config", other, "--finish")
    assert states(ram) == {new: True}
    assert "no rotation is under way" in machine.succeeds("rotate", "profileA", "--status").stdout
    assert works(machine)
