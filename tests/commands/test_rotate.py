"""`role-env rotate`: a new access key in the keyring, in steps that can be killed and repeated."""

import json

import pytest

from cloud.ram import LocalRam
from support.machine import Machine
from support.rotated import new_key, states, works


def test_a_rotation_ends_with_a_new_key_that_works_and_an_inactive_old_one(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.access_key_id
    machine.role_env("profileB")
    done = machine.role_env("rotate", "profileA")
    assert '"valid": false' in machine.role_env("explain", "profileB", "--json").stdout  # it was of the old key
    assert (done.returncode, done.stderr.splitlines()) == (
        0,
        [
            f"role-env: RAM is asked at {ram.endpoint}, which learns new keys",
            f"role-env: IMS is asked at {ram.ims.endpoint} for the network policies of keys",
        ],
    )
    assert states(ram)[old] is False
    new = new_key(ram, old).id
    assert done.stdout.splitlines() == [
        f"profileA: {new} is used, and {old} is inactive",
        "go back with: role-env rotate profileA --abort",
        "delete the old key once the new one works everywhere: role-env rotate profileA --finish",
    ]
    assert works(machine)
    assert f"{new} is used, and {old} is inactive" in machine.role_env("rotate", "profileA", "--status").stdout


def test_finish_uses_the_new_key_itself_and_deletes_the_old_one(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.access_key_id
    machine.fails("rotate", "profileA", "--finish", status=4, said="no rotation of profileA is under way")
    machine.succeeds("rotate", "profileA")
    new = new_key(ram, old).id
    machine.sts.clear_calls()
    assert machine.role_env("rotate", "profileA", "--finish").stdout == f"profileA: the old key {old} is deleted\n"
    assert [call.access_key_id for call in machine.sts.calls_of("AssumeRole")] == [new]
    assert old not in states(ram)
    assert "no rotation is under way" in machine.role_env("rotate", "profileA", "--status").stdout
    assert works(machine)


def test_finish_refuses_while_something_else_uses_the_old_key(machine: Machine, ram: LocalRam) -> None:
    machine.role_env("rotate", "profileA")
    assert works(machine)
    machine.sts.world.keys[machine.sts.access_key_id].last_used = 2**33
    machine.fails("rotate", "profileA", "--finish", status=4, said="has been used since the rotation")


def test_abort_goes_back_to_the_old_key_and_deletes_the_new_one(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.access_key_id
    machine.role_env("rotate", "profileA")
    done = machine.role_env("rotate", "profileA", "--abort")
    assert (done.returncode, done.stdout) == (0, f"profileA: {old} is used again\n")
    assert states(ram) == {old: True}
    assert works(machine)


def test_a_new_key_that_takes_time_to_work_is_waited_for(machine: Machine, ram: LocalRam) -> None:
    ram.sts.propagation_seconds = 3
    machine.succeeds("rotate", "profileA")
    assert works(machine)


def test_a_user_with_two_keys_learns_which_one_and_how_to_delete_it(machine: Machine, ram: LocalRam) -> None:
    other = machine.sts.world.add_key("1111111111111111", machine.sts.world.keys[machine.sts.access_key_id].user)
    done = machine.fails("rotate", "profileA", status=4, said=f"a second access key, {other.id}")
    assert f"aliyun ram DeleteAccessKey --UserAccessKeyId {other.id} --UserName test_user1" in done.stderr
    assert works(machine)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("[profileA]\naccess_key_id = LTAI1\naccess_key_secret = x\n", "names its access key in the file"),
        ("[profileA]\naccess_key_id = LTAI1\n", "names its access key in the file"),
        ("[profileA]\ncredential_source = environment\n", "takes its credentials from environment"),
        ("[profileA]\nrole_arn = acs:ram::1:role/x\nsource_profile = key\n[key]\n", "source: role-env rotate key\n"),
    ],
)
def test_a_key_that_is_not_in_the_keyring_alone_is_not_rotated(machine: Machine, section: str, expected: str) -> None:
    machine.write(section)
    machine.fails("rotate", "profileA", status=3, said=expected)


def test_a_key_that_the_aliyun_clis_file_also_has_is_rotated_only_with_force(machine: Machine, ram: LocalRam) -> None:
    file = machine.write_cli_file({"profiles": [{"name": "default", "access_key_id": machine.sts.access_key_id}]})
    machine.fails("rotate", "profileA", status=4, said=str(file))
    machine.succeeds("rotate", "profileA", "--force")


@pytest.mark.parametrize("action", ["ListAccessKeys", "CreateAccessKey", "UpdateAccessKey"])
def test_a_refusal_at_any_call_leaves_a_key_that_works_and_the_way_on(
    machine: Machine, ram: LocalRam, action: str
) -> None:
    ram.fault("code:NoPermission:403", action=action)
    machine.fails("rotate", "profileA", status=4, said="RAM said NoPermission")
    assert works(machine)
    machine.succeeds("rotate", "profileA")
    assert works(machine)


NO_NEW_KEYS: list[object] = [
    [],
    {"AccessKeyId": "LTAI; rm -rf ~", "AccessKeySecret": "secret"},
    {"AccessKeyId": "LTAInew", "AccessKeySecret": "two\nlines"},
    {"AccessKeyId": "{signing}", "AccessKeySecret": "another"},
]


@pytest.mark.parametrize("answer", NO_NEW_KEYS)
def test_an_answer_without_a_new_key_is_exit_5_and_the_old_key_works(
    machine: Machine, ram: LocalRam, answer: object
) -> None:
    text = json.dumps({"AccessKey": answer}).replace("{signing}", machine.sts.access_key_id)
    ram.answers["CreateAccessKey"] = json.loads(text)
    machine.fails("rotate", "profileA", status=5, said="did not answer like RAM")
    machine.succeeds("rotate", "profileA", "--abort")
    assert states(ram) == {machine.sts.access_key_id: True}
    assert works(machine)


def test_a_line_to_type_contains_nothing_but_the_id_of_a_key(machine: Machine, ram: LocalRam) -> None:
    ram.answers["ListAccessKeys"] = {"AccessKeys": {"AccessKey": [{"AccessKeyId": "LTAI; rm -rf ~"}]}}
    for options in ([], ["--status"]):
        done = machine.role_env("rotate", "profileA", *options)
        assert "did not answer like RAM (AccessKeyId is not the ID of a key)" in done.stderr
        assert "rm -rf" not in done.stdout + done.stderr


@pytest.mark.parametrize("action", ["ListAccessKeys", "CreateAccessKey", "UpdateAccessKey"])
def test_a_keyring_that_is_locked_on_the_way_leaves_a_key_that_works_and_the_way_on(
    machine: Machine, ram: LocalRam, action: str
) -> None:
    ram.after[action] = machine.bus.lock
    assert machine.role_env("rotate", "profileA").returncode == 6
    ram.after.clear()
    machine.bus.unlock()
    assert states(ram)[machine.sts.access_key_id] or action == "UpdateAccessKey"
    assert len(states(ram)) == (2 if action == "UpdateAccessKey" else 1)  # a key that was not stored is deleted again
    assert works(machine)
    machine.succeeds("rotate", "profileA")
    assert works(machine)
