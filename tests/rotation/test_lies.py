"""What RAM answers is not believed where that could cost the only secret of a key that works."""

import pytest

from cloud.answers import Document
from cloud.ram import LocalRam
from cloud.world import ACCOUNT_A, ACCOUNT_B, User
from support.cases import case
from support.machine import Machine
from support.rotated import new_key, secrets_in_keyring, states, stop_after_create, stop_after_swap, store, works

NO_DATE: list[Document] = [
    {},
    {"AccessKeyLastUsed": []},
    *({"AccessKeyLastUsed": {"LastUsedDate": value}} for value in (None, 0, "never", "2026-11-28")),
]
"""Answers that do not say when a key was last used."""
OPTIONS = ((), ("--finish",), ("--abort",))


def lists(ram: LocalRam, *keys: str, status: object = "Active") -> None:
    """Let RAM list these keys and no other; `status` is that of the first."""
    shown = [status, *["Active"] * (len(keys) - 1)]
    made = "2026-11-28T00:00:00Z"
    listed = [
        {"AccessKeyId": key, "Status": state, "CreateDate": made} for key, state in zip(keys, shown, strict=False)
    ]
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": listed}}


def test_a_list_without_a_key_that_exists_costs_no_key(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.access_key_id
    machine.succeeds("rotate", "profileA")
    lists(ram)
    for option in (*OPTIONS, ("--force",)):
        said = "its list lacks the key that signed the request"
        machine.fails("rotate", "profileA", *option, status=5, said=said)
    lists(ram, new_key(ram, old).id)
    machine.fails("rotate", "profileA", "--abort", status=5, said=f"its list lacks {old}, which exists")
    ram.answers.clear()
    machine.succeeds("rotate", "profileA", "--abort")
    assert works(machine)


def test_a_list_that_lacks_a_new_key_which_exists_does_not_drop_it_unnamed(machine: Machine, ram: LocalRam) -> None:
    new = stop_after_create(machine, ram)
    store(machine, machine.sts.world.key_of("test_user2"))
    lists(ram, machine.sts.access_key_id)
    done = machine.role_env("rotate", "profileA", "--abort")
    assert "its list lacks" in done.stderr
    named = f"{new} is unknown at RAM; to delete it: aliyun ram DeleteAccessKey --UserAccessKeyId {new}"
    assert named in done.stdout or new in secrets_in_keyring(machine, ram)


def test_a_list_that_lacks_the_inactive_new_key_costs_no_key(machine: Machine, ram: LocalRam) -> None:
    new = stop_after_swap(machine, ram)
    ram.world.keys[new].active = False
    lists(ram, machine.sts.access_key_id)
    for option in OPTIONS:
        machine.fails("rotate", "profileA", *option, status=5, said=f"its list lacks {new}, which exists")
        assert new in secrets_in_keyring(machine, ram)


def test_a_new_key_of_another_user_replaces_nothing(machine: Machine, ram: LocalRam) -> None:
    other = machine.sts.world.add_key(ACCOUNT_B, User(ACCOUNT_B, "mallory", {"*"}))
    created = {"AccessKeyId": other.id, "AccessKeySecret": other.secret, "Status": "Active"}
    ram.answers["CreateAccessKey"] = {"AccessKey": created | {"CreateDate": "2026-11-28T00:00:00Z"}}
    said = f"the new key {other.id} is of acs:ram::{ACCOUNT_B}:user/mallory, not of "
    machine.fails("rotate", "profileA", status=4, said=said)
    assert works(machine)
    ram.answers.clear()
    assert "no rotation is under way" in machine.succeeds("rotate", "profileA", "--status").stdout


def test_an_answer_without_the_last_use_of_the_old_key_does_not_delete_it(machine: Machine, ram: LocalRam) -> None:
    machine.succeeds("rotate", "profileA")
    before = states(ram)
    for answer in NO_DATE:
        ram.answers["GetAccessKeyLastUsed"] = answer
        with case(answer):
            said = "did not answer like RAM (LastUsedDate is missing or not a time in UTC)"
            machine.fails("rotate", "profileA", "--finish", status=5, said=said)
            assert states(ram) == before
    ram.answers.clear()
    machine.succeeds("rotate", "profileA", "--finish")


def test_an_answer_without_the_last_use_of_a_second_key_is_not_shown_as_never_used(
    machine: Machine, ram: LocalRam
) -> None:
    ram.world.add_key(ACCOUNT_A, ram.world.key_of("test_user1").user)
    said = "; RAM allows two"
    assert "never used" in machine.fails("rotate", "profileA", status=4, said=said).stderr
    for answer in NO_DATE:
        ram.answers["GetAccessKeyLastUsed"] = answer
        with case(answer):
            machine.fails("rotate", "profileA", status=4, said=f", RAM does not say when it was used){said}")


def test_a_key_whose_status_is_neither_active_nor_inactive_changes_nothing(machine: Machine, ram: LocalRam) -> None:
    machine.succeeds("rotate", "profileA")
    before = states(ram)
    for status in (None, "active", "Disabled"):
        lists(ram, *before, status=status)
        for option in OPTIONS:
            with case(repr(status), *option):
                said = "the Status of a key is neither Active nor Inactive"
                machine.fails("rotate", "profileA", *option, status=5, said=said)
                assert states(ram) == before


@pytest.mark.parametrize("is_lied", [True, False])
def test_an_old_key_that_is_active_is_not_deleted(machine: Machine, ram: LocalRam, is_lied: bool) -> None:
    """RAM has not made it inactive, whatever it answered; or somebody has made it active again."""
    old = machine.sts.access_key_id
    if is_lied:
        ram.answers["UpdateAccessKey"] = {}
    machine.succeeds("rotate", "profileA")
    ram.answers.clear()
    machine.sts.world.keys[old].active = True
    done = machine.fails("rotate", "profileA", "--finish", status=4, said=f"the old key {old} is active at RAM")
    hint = "hint: make it inactive: role-env rotate profileA; or go back: role-env rotate profileA --abort"
    assert hint in done.stderr
    assert old in states(ram)
    machine.succeeds("rotate", "profileA")
    machine.succeeds("rotate", "profileA", "--finish")
    assert old not in states(ram)
    assert works(machine)
