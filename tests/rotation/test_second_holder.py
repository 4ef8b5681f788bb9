"""Another profile with the key that is being rotated is not logged in or out unseen."""

import pytest

from cloud.ram import LocalRam
from support.files import write_private
from support.machine import Machine
from support.rotated import lines_of, secrets_in_keyring, states, stop_after_create, stop_after_swap, works

STOPS = {"created": stop_after_create, "swapped": stop_after_swap}


@pytest.fixture
def twin(machine: Machine, ram: LocalRam) -> None:
    """The profile twin with the key of profileA."""
    machine.add("[twin]\n")
    machine.log_in("twin")


@pytest.mark.usefixtures("twin")
@pytest.mark.parametrize("stop", STOPS)
def test_login_and_logout_of_a_second_holder_are_refused_with_the_lines_that_go_on_and_back(
    machine: Machine, ram: LocalRam, stop: str
) -> None:
    old, new = machine.sts.access_key_id, STOPS[stop](machine, ram)
    before = secrets_in_keyring(machine, ram)
    said = f"the access key of twin is being rotated ({old} to {new}), and the secrets are in the journal of profile"
    other = lines_of(machine.sts.world.key_of("test_user2"))
    for words, text in ((("logout", "twin"), ""), (("login", "twin"), other)):
        done = machine.fails(*words, status=4, said=said, text=text)
        assert "hint: go on: role-env rotate twin; or go back: role-env rotate twin --abort; " in done.stderr
    assert secrets_in_keyring(machine, ram) == before
    machine.succeeds("rotate", "twin")
    done = machine.fails("logout", "twin", status=4, said=said)
    assert "hint: finish it: role-env rotate twin --finish; or go back: role-env rotate twin --abort" in done.stderr
    machine.succeeds("rotate", "twin", "--finish")
    machine.succeeds("logout", "twin")
    assert states(ram) == {new: True}
    assert works(machine)


@pytest.mark.usefixtures("twin")
@pytest.mark.parametrize("stop", STOPS)
def test_with_force_the_second_holder_goes_and_the_rotation_goes_on(machine: Machine, ram: LocalRam, stop: str) -> None:
    old, new = machine.sts.access_key_id, STOPS[stop](machine, ram)
    done = machine.succeeds("logout", "twin", "--force")
    assert f"twin: the rotation of {old} to {new} goes on with profile profileA, which began it" in done.stdout
    assert "DeleteAccessKey" not in done.stdout
    assert secrets_in_keyring(machine, ram) == {old, new}
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    assert states(ram) == {new: True}
    assert works(machine)


@pytest.mark.usefixtures("twin")
def test_a_forced_login_of_a_second_holder_does_not_advise_to_delete_a_key_of_the_rotation(
    machine: Machine, ram: LocalRam
) -> None:
    old, new = machine.sts.access_key_id, stop_after_create(machine, ram)
    other = machine.sts.world.key_of("test_user2")
    done = machine.succeeds("login", "twin", "--force", text=lines_of(other))
    assert "goes on with profile profileA, which began it" in done.stdout
    assert "DeleteAccessKey" not in done.stdout
    assert secrets_in_keyring(machine, ram) == {old, new, other.id}


@pytest.mark.usefixtures("twin")
def test_the_second_holder_may_get_the_key_that_the_rotation_expects(machine: Machine, ram: LocalRam) -> None:
    stop_after_create(machine, ram)
    machine.succeeds("login", "twin", text=machine.key_lines())
    machine.succeeds("rotate", "profileA")
    assert states(ram)[machine.sts.access_key_id] is False


def test_a_holder_in_another_profiles_file_is_refused_too(machine: Machine, ram: LocalRam) -> None:
    other = str(write_private(machine.home / "other.ini", "[elsewhere]\n"))
    machine.succeeds("login", "elsewhere", "--config", other, text=machine.key_lines())
    stop_after_swap(machine, ram)
    said = "and the secrets are in the journal of profile profileA"
    machine.fails("logout", "elsewhere", "--config", other, status=4, said=said)
