"""A profile that gets another key in the middle of a rotation: no key is lost, deleted or forgotten unseen."""

from collections.abc import Callable

import pytest

from cloud.ram import LocalRam
from support.machine import Machine
from support.rotated import (
    ROTATE,
    lines_of,
    secrets_in_keyring,
    states,
    stop_after_create,
    stop_after_swap,
    store,
    works,
)


def test_a_login_with_another_key_during_a_rotation_is_refused_with_the_ways_on(
    machine: Machine, ram: LocalRam
) -> None:
    other = machine.sts.world.key_of("test_user2")
    old, new = machine.sts.access_key_id, stop_after_create(machine, ram)
    said = f"the access key of profileA is being rotated ({old} to {new})"
    done = machine.fails("login", "profileA", text=lines_of(other), status=4, said=said)
    assert f"hint: go on: {ROTATE}; or go back: {ROTATE} --abort; --force drops the rotation" in done.stderr
    assert not [call for call in machine.sts.calls if call.access_key_id == other.id]
    machine.succeeds("login", "profileA", text=machine.key_lines())  # the key that it has
    machine.succeeds("rotate", "profileA")
    done = machine.fails("login", "profileA", text=lines_of(other), status=4, said=said)
    assert f"hint: finish it: {ROTATE} --finish; or go back: {ROTATE} --abort" in done.stderr
    machine.succeeds("rotate", "profileA", "--finish")
    machine.succeeds("login", "profileA", text=lines_of(other))


def test_a_login_with_force_drops_the_rotation_and_names_each_key_that_stays(machine: Machine, ram: LocalRam) -> None:
    other = machine.sts.world.key_of("test_user2")
    old = machine.sts.access_key_id
    machine.add("[twin]\n")
    machine.log_in("twin")
    machine.succeeds("rotate", "profileA")
    (new,) = set(states(ram)) - {old}
    done = machine.succeeds("login", "profileA", "--force", text=lines_of(other))
    assert done.stdout.splitlines()[1:] == [
        f"profileA: {old} stays inactive at RAM; to delete it: aliyun ram DeleteAccessKey --UserAccessKeyId {old}",
        f"profileA: {new} stays active at RAM, and the keyring has it for twin",
    ]
    assert secrets_in_keyring(machine, ram) == {other.id, new}
    assert "no rotation is under way" in machine.succeeds("rotate", "profileA", "--status").stdout


@pytest.mark.parametrize("stop", [stop_after_create, stop_after_swap])
def test_logout_during_a_rotation_is_refused_and_with_force_leaves_no_secret(
    machine: Machine, ram: LocalRam, stop: Callable[[Machine, LocalRam], str]
) -> None:
    new = stop(machine, ram)
    machine.fails("logout", "profileA", status=4, said="and the secrets are in its journal")
    assert works(machine)
    done = machine.succeeds("logout", "profileA", "--force")
    for key_id in (machine.sts.access_key_id, new):
        assert f"{key_id} stays active at RAM; to delete it: aliyun ram DeleteAccessKey" in done.stdout
    assert secrets_in_keyring(machine, ram) == set()


def test_logout_names_the_keys_where_ram_cannot_be_asked(machine: Machine, ram: LocalRam) -> None:
    new = stop_after_swap(machine, ram)
    ram.fault("503", times=None)
    done = machine.succeeds("logout", "profileA", "--force")
    assert "RAM could not be asked for the state of the keys" in done.stderr
    for key_id in (machine.sts.access_key_id, new):
        assert f"{key_id} is unknown at RAM" in done.stdout
    assert secrets_in_keyring(machine, ram) == set()


def test_a_third_key_stops_each_command_but_the_two_ways_on(machine: Machine, ram: LocalRam) -> None:
    third = machine.sts.world.key_of("test_user2")
    old, new = machine.sts.access_key_id, stop_after_create(machine, ram)
    store(machine, third)
    status = machine.succeeds("rotate", "profileA", "--status").stdout
    assert f"profileA: the keyring has another key by now, {third.id}; to clean up at RAM: {ROTATE} --abort" in status
    assert f"RAM says {old} is active, {new} is active" in status
    assert f"RAM says {third.id} is active" in status
    for option in ([], ["--finish"]):
        said = f"in the middle of a rotation: {old} is active, {new} is active"
        done = machine.fails("rotate", "profileA", *option, status=4, said=said)
        assert f"hint: clean up at RAM: {ROTATE} --abort; or only drop the journal: {ROTATE} --force" in done.stderr
    before = states(ram) | states(ram, "test_user2")
    done = machine.succeeds("rotate", "profileA", "--force")
    for key_id in (old, new):
        assert f"{key_id} stays active at RAM; to delete it: aliyun ram DeleteAccessKey" in done.stdout
    assert states(ram) | states(ram, "test_user2") == before
    assert secrets_in_keyring(machine, ram) == {third.id}


def test_an_abort_with_a_third_key_deletes_a_new_key_that_nobody_has_used(machine: Machine, ram: LocalRam) -> None:
    third = machine.sts.world.key_of("test_user2")
    old, _ = machine.sts.access_key_id, stop_after_create(machine, ram)
    store(machine, third)
    done = machine.succeeds("rotate", "profileA", "--abort")
    assert f"{old} stays active at RAM; to delete it: aliyun ram DeleteAccessKey" in done.stdout
    assert f"the rotation of {old} is dropped, and the key in the keyring stays" in done.stdout
    assert states(ram) | states(ram, "test_user2") == {old: True, third.id: True}
    assert secrets_in_keyring(machine, ram) == {third.id}


def test_an_abort_with_a_third_key_makes_the_old_key_active_and_keeps_a_new_one_that_was_used(
    machine: Machine, ram: LocalRam
) -> None:
    third = machine.sts.world.key_of("test_user2")
    old = machine.sts.access_key_id
    machine.succeeds("rotate", "profileA")
    (new,) = set(states(ram)) - {old}
    store(machine, third)
    done = machine.succeeds("rotate", "profileA", "--abort")
    for key_id in (old, new):
        assert f"{key_id} stays active at RAM; to delete it: aliyun ram DeleteAccessKey" in done.stdout
    assert states(ram) | states(ram, "test_user2") == {old: True, new: True, third.id: True}
    assert secrets_in_keyring(machine, ram) == {third.id}


def test_a_login_names_the_key_that_it_replaces_unless_another_profile_has_it(machine: Machine, ram: LocalRam) -> None:
    old, other = machine.sts.access_key_id, machine.sts.world.key_of("test_user2")
    machine.add("[twin]\n")
    machine.log_in("twin")
    said = f"the former key {old} is not deleted at RAM; to delete it: aliyun ram DeleteAccessKey"
    assert said not in machine.succeeds("login", "twin", text=lines_of(other)).stdout
    assert said in machine.succeeds("login", "profileA", text=lines_of(other)).stdout
