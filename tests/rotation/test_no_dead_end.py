"""From every state of a rotation there is a way on, whatever changed at RAM, on another machine, or at the clock."""

from collections.abc import Callable

import pytest

from cloud.ram import LocalRam
from support.cases import case
from support.machine import Machine
from support.rotated import (
    entry,
    lines_of,
    new_key,
    secrets_in_keyring,
    states,
    stop_after_create,
    stop_after_swap,
    works,
)


@pytest.mark.parametrize("option", [[], ["--finish"], ["--abort"]])
def test_an_old_key_that_somebody_deleted_counts_as_retired(machine: Machine, ram: LocalRam, option: list[str]) -> None:
    old, new = machine.sts.access_key_id, stop_after_swap(machine, ram)
    del ram.world.keys[old]
    done = machine.succeeds("rotate", "profileA", *option)
    assert done.stdout == f"profileA: {new} is used; {old} no longer exists, and there is no way back to it\n"
    assert works(machine)
    assert secrets_in_keyring(machine, ram) == {new}


def test_a_new_key_that_somebody_deleted_leads_back_to_the_old_one(machine: Machine, ram: LocalRam) -> None:
    old, new = machine.sts.access_key_id, stop_after_swap(machine, ram)
    del ram.world.keys[new]
    assert not works(machine)
    machine.fails("rotate", "profileA", status=4, said=f"{new} was deleted at RAM, so {old} is used again")
    assert works(machine)
    machine.succeeds("rotate", "profileA")


def test_a_new_key_that_somebody_made_inactive_leaves_the_way_back(machine: Machine, ram: LocalRam) -> None:
    old, new = machine.sts.access_key_id, stop_after_swap(machine, ram)
    ram.world.keys[new].active = False
    machine.fails("rotate", "profileA", status=4, said=f"the new key {new} was made inactive at RAM")
    machine.succeeds("rotate", "profileA", "--abort")
    assert states(ram) == {old: True}
    assert works(machine)


@pytest.mark.parametrize("option", ["--finish", "--abort"])
def test_keys_of_which_none_can_sign_are_named_and_the_rotation_is_dropped(
    machine: Machine, ram: LocalRam, option: str
) -> None:
    old = machine.sts.access_key_id
    machine.succeeds("rotate", "profileA")
    new = new_key(ram, old).id
    del ram.world.keys[new]
    said = f"can sign: {new} is unknown at RAM, {old} is inactive"
    machine.fails("rotate", "profileA", status=4, said=said)
    done = machine.succeeds("rotate", "profileA", option)
    assert f"{new} is unknown at RAM" in done.stdout
    assert f"{old} stays inactive at RAM, and the keyring has it for profileA" in done.stdout
    ram.world.keys[old].active = True  # in the console
    assert works(machine)


def test_a_key_that_another_machine_has_rotated_is_replaced_by_a_login(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.world.key_of("test_user1")
    new = machine.sts.world.add_key(old.account, old.user)
    old.active = False
    done = machine.fails("rotate", "profileA", status=4, said=f"the access key {old.id} of profileA does not work")
    assert "hint: if it was replaced elsewhere, store the new one: role-env login profileA" in done.stderr
    status = machine.succeeds("rotate", "profileA", "--status").stdout
    assert f"RAM says {old.id} is inactive" in status
    machine.succeeds("login", "profileA", text=lines_of(new))
    del ram.world.keys[old.id]
    machine.succeeds("rotate", "profileA")
    assert works(machine)


@pytest.mark.parametrize("option", [[], ["--abort"]])
def test_an_abort_that_stops_on_its_way_can_go_on_either_way(
    machine: Machine, ram: LocalRam, option: list[str]
) -> None:
    old = machine.sts.access_key_id
    machine.succeeds("rotate", "profileA")
    new = new_key(ram, old).id
    ram.fault("code:NoPermission:403", action="DeleteAccessKey")
    machine.fails("rotate", "profileA", "--abort", status=4, said="RAM said NoPermission")
    status = machine.succeeds("rotate", "profileA", "--status").stdout
    assert f"the new key {new} is stored beside {old}, which is still used" in status
    machine.fails("rotate", "profileA", "--finish", status=4, said="there is no finished rotation of profileA")
    machine.succeeds("rotate", "profileA", *option)
    assert states(ram) == ({old: True} if option else {old: False, new: True})
    assert works(machine)


@pytest.mark.parametrize("seconds", [10.0, 600.0, -600.0])
def test_a_clock_that_is_not_rams_does_not_keep_a_rotation_from_its_end(
    machine: Machine, ram: LocalRam, seconds: float
) -> None:
    ram.clock_offset = ram.sts.clock_offset = ram.ims.clock_offset = seconds
    old = machine.sts.access_key_id
    assert works(machine)
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    assert old not in states(ram)


def test_an_interrupted_swap_is_made_good(machine: Machine, ram: LocalRam) -> None:
    old, _ = machine.sts.access_key_id, stop_after_swap(machine, ram)
    machine.bus.remove(entry(machine, "key"))
    assert not works(machine)
    said = f"the keyring has no key of it; to store {old} again: role-env rotate profileA"
    assert said in machine.succeeds("rotate", "profileA", "--status").stdout
    machine.succeeds("rotate", "profileA")
    assert works(machine)


@pytest.mark.parametrize("stop", [stop_after_create, stop_after_swap])
def test_a_damaged_journal_costs_no_key_of_the_profile_and_leaves_none_unnamed(
    machine: Machine, ram: LocalRam, stop: Callable[[Machine, LocalRam], str]
) -> None:
    stop(machine, ram)
    machine.bus.replace(entry(machine, "rotation"), b"role-env rotation 1\ncreated\n")
    said = "the journal of the rotation of profileA is damaged"
    for command in (["login", "profileA"], ["logout", "profileA"], ["rotate", "profileA", "--finish"]):
        machine.fails(*command, status=6, said=said, text=machine.key_lines())
    done = machine.fails("rotate", "profileA", status=6, said=said)
    line = done.stderr.strip().rpartition("secrets in it: ")[2]
    for words in (["rotate", "profileA", "--status"], line.split()[1:]):
        said = machine.succeeds(*words).stdout
        (held,) = secrets_in_keyring(machine, ram)
        (other,) = set(states(ram)) - {held}
        assert f"the user has another access key, {other}, created " in said
        assert f"aliyun ram DeleteAccessKey --UserAccessKeyId {other}" in said
    assert works(machine)
    assert "no rotation is under way" in machine.succeeds("rotate", "profileA", "--status").stdout


def test_a_key_that_only_this_network_may_not_use_is_not_given_up(machine: Machine, ram: LocalRam) -> None:
    """A key whose network policy excludes this machine is refused as an inactive one is."""
    old, new = machine.sts.access_key_id, stop_after_swap(machine, ram)
    for option in ("--abort", "--finish"):
        with case(option):
            for key_id in (old, new):
                ram.world.keys[key_id].active = False
            machine.succeeds("rotate", "profileA", option)
            assert new in secrets_in_keyring(machine, ram)
            for key_id in (old, new):
                ram.world.keys[key_id].active = True
            assert works(machine)
            del ram.world.keys[old]
            machine.succeeds("rotate", "profileA")
            old, new = new, new_key(ram, new).id


def test_a_key_that_has_leaked_of_which_ram_refuses_every_call_does_not_stop_the_rotation(
    machine: Machine, ram: LocalRam
) -> None:
    old, new = machine.sts.access_key_id, stop_after_create(machine, ram)
    ram.leaked.add(old)
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    assert states(ram) == {new: True}
    assert works(machine)


def test_a_leaked_key_is_not_rotated_and_the_hint_says_how_to_replace_it(machine: Machine, ram: LocalRam) -> None:
    ram.leaked.add(machine.sts.access_key_id)
    done = machine.fails("rotate", "profileA", status=4, said="There is a risk of leakage of this AccessKey.")
    assert "create another key there, store it with role-env's login, and delete this one" in done.stderr
    assert works(machine)
