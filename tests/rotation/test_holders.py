"""Each profile with the key that is rotated gets the new one, and is not logged in or out unseen meanwhile."""

import shutil

import pytest

from cloud.ram import LocalRam
from support.files import write_private
from support.machine import Machine
from support.rotated import (
    lines_of,
    secrets_in_keyring,
    start_creating,
    states,
    stop_after_create,
    stop_after_swap,
    store,
    works,
)
from support.terminal import Person

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
@pytest.mark.parametrize("profile", ["profileA", "twin"])
@pytest.mark.parametrize("stop", STOPS)
def test_login_and_logout_of_a_holder_are_refused_with_the_lines_that_end_the_rotation(
    machine: Machine, ram: LocalRam, stop: str, profile: str
) -> None:
    old, new = machine.sts.access_key_id, STOPS[stop](machine, ram)
    before = secrets_in_keyring(machine, ram)
    said = f"the access key of {profile} is being rotated ({old} to {new}), and until that ends nothing else changes it"
    rotate, other = f"role-env rotate {profile}", lines_of(machine.sts.world.key_of("test_user2"))
    ends = f"finish the rotation: {rotate}, then {rotate} --finish; or go back: {rotate} --abort"
    for command, text in (("logout", ""), ("login", other), ("login", machine.key_lines())):
        done = machine.fails(command, profile, status=4, said=said, text=text)
        assert done.stderr.endswith(f"hint: {ends}\n")
        machine.fails(command, profile, "--force", status=2, said="--force", text=text)
    assert secrets_in_keyring(machine, ram) == before
    assert not [call for call in machine.sts.calls if call.access_key_id not in (old, new)]
    machine.succeeds("rotate", profile)
    done = machine.fails("logout", profile, status=4, said=said)
    assert done.stderr.endswith(f"hint: finish the rotation: {rotate} --finish; or go back: {rotate} --abort\n")
    machine.succeeds("rotate", profile, "--finish")
    machine.succeeds("logout", "twin")
    assert states(ram) == {new: True}
    assert works(machine)


def test_the_lines_that_end_a_rotation_name_its_file(machine: Machine, ram: LocalRam, other: str) -> None:
    stop_after_swap(machine, ram)
    done = machine.fails("logout", "elsewhere", "--config", other, status=4, said="is being rotated")
    line = done.stderr.strip().rpartition("go back: ")[2]
    assert sorted(line.split()[3:]) == ["--abort", "--config", other]
    machine.succeeds(*line.split()[1:])
    assert list(states(ram)) == [machine.sts.access_key_id]


def test_a_login_to_a_key_that_another_profile_rotates_waits_and_never_stores_a_key_that_does_not_work(
    machine: Machine, ram: LocalRam
) -> None:
    machine.add("[twin]\n")
    ram.fault("delay:2", action="CreateAccessKey")
    rotation = start_creating(machine, ram)
    machine.fails("login", "twin", status=4, said="InvalidAccessKeyId.Inactive", text=machine.key_lines())
    rotation.communicate()
    assert secrets_in_keyring(machine, ram) == set(states(ram))


def test_a_rotation_that_begins_while_a_person_types_another_key_wins(machine: Machine, ram: LocalRam) -> None:
    other = machine.sts.world.key_of("test_user2")
    person = Person(machine, "login", "profileA", columns=1000)
    person.sees("AccessKey ID of profileA: ")
    machine.succeeds("rotate", "profileA")
    person.answers("", other.id)
    person.answers("AccessKey secret of profileA: ", other.secret)
    person.sees("the access key of profileA is being rotated")
    person.ends(4)
    assert other.id not in secrets_in_keyring(machine, ram)


@pytest.mark.usefixtures("twin")
def test_another_holder_ends_the_rotation_of_a_profile_that_has_a_third_key(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.access_key_id
    machine.succeeds("rotate", "profileA")
    store(machine, machine.sts.world.key_of("test_user2"))
    machine.succeeds("rotate", "twin", "--finish")
    assert old not in states(ram)
    for profile in ("profileA", "twin"):
        machine.succeeds("logout", profile)
    assert secrets_in_keyring(machine, ram) == set()


# ---- a profile that was renamed in the file ----


def test_configure_replaces_no_key_of_a_former_profile_of_that_name(machine: Machine, ram: LocalRam) -> None:
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    (new,) = states(ram)
    machine.write(machine.file.read_text("utf-8").replace("profileA", "renamed"))
    words = ("configure", "profileA", "--login", "--no-verify")
    done = machine.fails(*words, status=4, said=new, text=lines_of(machine.sts.world.key_of("test_user2")))
    assert f"hint: to use it, add the line [profileA] to {machine.file}" in done.stderr
    assert secrets_in_keyring(machine, ram) == {new}
    machine.write(machine.file.read_text("utf-8").replace("renamed", "profileA"))
    assert works(machine)


def test_a_login_under_the_new_name_with_the_old_key_continues_the_rotation(machine: Machine, ram: LocalRam) -> None:
    new = stop_after_create(machine, ram)
    machine.write(machine.file.read_text("utf-8").replace("profileA", "renamed"))
    machine.succeeds("login", "renamed", text=machine.key_lines())
    machine.succeeds("rotate", "renamed")
    machine.succeeds("rotate", "renamed", "--finish")
    assert states(ram) == {new: True}
    assert works(machine)
