"""A profile that is renamed in the file, in the middle of a rotation or after it: its key stays, with a way on."""

from collections.abc import Callable

import pytest

from cloud.ram import LocalRam
from support.machine import Machine
from support.rotated import lines_of, secrets_in_keyring, states, stop_after_create, stop_after_swap, works


def rename(machine: Machine, before: str, after: str) -> None:
    machine.write(machine.file.read_text("utf-8").replace(before, after))


@pytest.mark.parametrize("stop", [stop_after_create, stop_after_swap])
def test_each_command_under_either_name_says_to_name_the_profile_again_which_works(
    machine: Machine, ram: LocalRam, stop: Callable[[Machine, LocalRam], str]
) -> None:
    new = stop(machine, ram)
    before = secrets_in_keyring(machine, ram)
    rename(machine, "profileA", "renamed")
    again = f"name the profile profileA again in {machine.file}"
    for name in ("renamed", "profileA"):
        for option in ((), ("--status",), ("--finish",), ("--abort",), ("--force",)):
            machine.fails("rotate", name, *option, status=3, said=again)
    machine.fails("logout", "profileA", status=4, said=again)
    assert again in machine.succeeds("logout", "renamed").stdout
    assert secrets_in_keyring(machine, ram) == before
    rename(machine, "renamed", "profileA")
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    assert states(ram) == {new: True}
    assert works(machine)


def test_the_key_and_rotation_of_a_renamed_profile_can_be_removed_by_the_lines_that_are_said(
    machine: Machine, ram: LocalRam
) -> None:
    new = stop_after_swap(machine, ram)
    rename(machine, "profileA", "renamed")
    said = machine.succeeds("logout", "renamed").stdout.strip()
    assert said.endswith("or remove its key: role-env logout profileA")
    done = machine.fails("logout", "profileA", status=4, said="; --force drops the rotation")
    done = machine.succeeds("logout", "profileA", "--force")
    for key_id in (machine.sts.access_key_id, new):
        assert f"{key_id} stays active at RAM; to delete it: aliyun ram DeleteAccessKey" in done.stdout
    assert secrets_in_keyring(machine, ram) == set()
    machine.fails("rotate", "profileA", status=3, said="there is no profile profileA")
    assert machine.succeeds("logout", "renamed").stdout == "renamed has no access key in the keyring\n"


def test_a_login_under_the_new_name_with_the_old_key_continues_the_rotation(machine: Machine, ram: LocalRam) -> None:
    new = stop_after_create(machine, ram)
    rename(machine, "profileA", "renamed")
    done = machine.succeeds("login", "renamed", text=machine.key_lines())
    assert f"the keyring has the key of profileA, which {machine.file} no longer has; if it was" in done.stderr
    machine.succeeds("rotate", "renamed")
    machine.succeeds("rotate", "renamed", "--finish")
    assert states(ram) == {new: True}
    assert works(machine)


def test_configure_replaces_no_key_of_a_former_profile_of_that_name(machine: Machine, ram: LocalRam) -> None:
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    (new,) = states(ram)
    rename(machine, "profileA", "renamed")
    words = ("configure", "profileA", "--login", "--no-verify")
    done = machine.fails(*words, status=4, said=new, text=lines_of(machine.sts.world.key_of("test_user2")))
    assert f"hint: to use it, add the line [profileA] to {machine.file}" in done.stderr
    assert secrets_in_keyring(machine, ram) == {new}
    rename(machine, "renamed", "profileA")
    assert works(machine)
