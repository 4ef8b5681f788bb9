"""A profile that gets a third key in the middle of a rotation, by another program: nothing at RAM changes unseen."""

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
)


@pytest.mark.parametrize("stop", [stop_after_create, stop_after_swap])
def test_a_third_key_stops_each_command_but_the_one_that_drops_the_rotation(
    machine: Machine, ram: LocalRam, stop: Callable[[Machine, LocalRam], str]
) -> None:
    third = machine.sts.world.key_of("test_user2")
    old, new = machine.sts.access_key_id, stop(machine, ram)
    store(machine, third)
    status = machine.succeeds("rotate", "profileA", "--status").stdout
    assert f"profileA: the keyring has another key by now, {third.id}; to drop the rotation: {ROTATE} --abort" in status
    assert f"RAM says {old} is active, {new} is active" in status
    assert f"RAM says {third.id} is active" in status
    before = states(ram) | states(ram, "test_user2")
    machine.write_cli_file({"profiles": [{"name": "default", "access_key_id": old}]})  # no reason that comes before
    for option in ([], ["--finish"], ["--force"], ["--finish", "--force"]):
        said = f"in the middle of a rotation: {old} is active, {new} is active"
        done = machine.fails("rotate", "profileA", *option, status=4, said=said)
        assert f"hint: drop the rotation, which changes nothing at RAM: {ROTATE} --abort" in done.stderr
    assert secrets_in_keyring(machine, ram) == {old, new, third.id}
    done = machine.succeeds("rotate", "profileA", "--abort")
    for key_id in (old, new):
        said = f"{key_id} stays active at RAM; to delete it: aliyun ram DeleteAccessKey --UserAccessKeyId {key_id}"
        assert f"{said} --UserName test_user1" in done.stdout
    assert f"the rotation of {old} is dropped, and the key in the keyring stays" in done.stdout
    assert states(ram) | states(ram, "test_user2") == before
    assert secrets_in_keyring(machine, ram) == {third.id}
    assert "no rotation is under way" in machine.succeeds("rotate", "profileA", "--status").stdout


def test_an_abort_with_a_third_key_leaves_the_keys_as_they_are_at_ram(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.access_key_id
    machine.add("[twin]\n")
    machine.log_in("twin")
    machine.succeeds("rotate", "profileA")
    (new,) = set(states(ram)) - {old}
    store(machine, machine.sts.world.key_of("test_user2"))
    done = machine.succeeds("rotate", "profileA", "--abort")
    assert f"profileA: {old} stays inactive at RAM; to delete it: aliyun ram DeleteAccessKey" in done.stdout
    assert f"profileA: {new} stays active at RAM, and the keyring has it for twin" in done.stdout
    assert states(ram) == {old: False, new: True}


def test_a_third_key_that_comes_in_the_middle_of_a_call_stays_and_is_reported(machine: Machine, ram: LocalRam) -> None:
    third, old = machine.sts.world.key_of("test_user2"), machine.sts.access_key_id
    ram.after["CreateAccessKey"] = lambda: store(machine, third)
    machine.fails("rotate", "profileA", status=4, said="has another key by now, in the middle of a rotation")
    assert states(ram)[old]
    assert third.id in secrets_in_keyring(machine, ram)


@pytest.mark.parametrize("option", ["--abort", "--finish"])
def test_after_a_rotation_another_key_can_be_stored(machine: Machine, ram: LocalRam, option: str) -> None:
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", option)
    machine.succeeds("login", "profileA", text=lines_of(machine.sts.world.key_of("test_user2")))


def test_a_login_names_the_key_that_it_replaces_and_whose_it_is_unless_another_profile_has_it(
    machine: Machine, ram: LocalRam
) -> None:
    old, other = machine.sts.access_key_id, machine.sts.world.key_of("test_user2")
    machine.add("[twin]\n")
    machine.log_in("twin")
    said = f"the former key {old} is not deleted at RAM; to delete it: aliyun ram DeleteAccessKey --UserAccessKeyId"
    assert said not in machine.succeeds("login", "twin", text=lines_of(other)).stdout
    done = machine.succeeds("login", "profileA", text=lines_of(other))
    assert f"{said} {old} --UserName test_user1\n" in done.stdout


def test_a_key_stored_where_another_state_folder_is_used_ends_the_sessions_of_the_former_key(
    machine: Machine, ram: LocalRam
) -> None:
    """As by cron, `su` or direnv, whose XDG_STATE_HOME is not the one of the shell."""
    elsewhere = {"XDG_STATE_HOME": str(machine.temporary / "elsewhere")}
    other = machine.sts.world.key_of("test_user3")
    other.active = True
    for has_logout in (False, True):
        machine.log_in("profileA")
        assert works_from_cache(machine)
        if has_logout:
            machine.succeeds("logout", "profileA", **elsewhere)
        machine.succeeds("login", "profileA", text=lines_of(other), **elsewhere)
        assert not is_cached(machine)


def test_the_same_key_stored_again_keeps_its_sessions(machine: Machine, ram: LocalRam) -> None:
    assert works_from_cache(machine)
    machine.log_in("profileA")
    assert is_cached(machine)


def works_from_cache(machine: Machine) -> bool:
    """Return whether profileB has a cached session by now."""
    machine.succeeds("export", "profileB", "--format", "json")
    return is_cached(machine)


def is_cached(machine: Machine) -> bool:
    """Return whether profileB has a valid cached session."""
    return '"valid": true' in machine.role_env("explain", "profileB", "--json").stdout


def test_configure_remove_of_a_key_under_rotation_is_refused_and_changes_nothing(
    machine: Machine, ram: LocalRam
) -> None:
    new, before = stop_after_create(machine, ram), machine.file.read_bytes()
    line = ("configure", "--remove", "profileA")
    for words in (("--yes",), ("--dry-run",)):
        done = machine.fails(*line, *words, status=4, said="the access key of profileA is being rotated")
        assert f"{ROTATE} --abort" in done.stderr
    assert machine.file.read_bytes() == before
    assert secrets_in_keyring(machine, ram) == {machine.sts.access_key_id, new}
    machine.succeeds("rotate", "profileA", "--abort")
    machine.fails(*line, "--yes", status=3, said="source_profile names profileA")
