"""The new key of a rotation works from no more networks than the old one: it gets the old key's network policy."""

import json

import pytest

from cloud.ims import LocalIms
from cloud.ram import LocalRam
from cloud.world import User
from support.cases import case
from support.machine import Machine
from support.rotated import ROTATE, new_key, states, stop_after_create, works

OFFICE = {"Type": "ClassicWhiteList", "IPList": ["10.0.0.0/8", "2001:db8::/32"]}
NETWORK = {"Type": "VPCWhiteList", "Value": "vpc-1", "IPList": ["192.168.0.0/16"]}
ACTIVE = json.dumps({"Version": 1, "Status": "Active", "Statements": [OFFICE, NETWORK]})
NONE = ("{}", '{"Version": 1, "Status": "Inactive", "Statements": []}')
GET, SET = "GetAccessKeyPolicy", "SetAccessKeyPolicy"


@pytest.fixture
def ims(machine: Machine, ram: LocalRam) -> LocalIms:
    """The IMS, where the key of profileA has a policy."""
    ram.world.keys[machine.sts.access_key_id].network_policy = ACTIVE
    return ram.ims


def policies(ram: LocalRam) -> set[str]:
    """Return the policies of the keys of test_user1."""
    return {key.network_policy for key in ram.world.keys_of("test_user1")}


def is_current(machine: Machine, ram: LocalRam) -> bool:
    """Return whether the new key signs for the profiles, or the old one is inactive."""
    old = machine.sts.access_key_id
    machine.sts.clear_calls()
    assert works(machine)
    return not states(ram)[old] or machine.sts.calls_of("AssumeRole")[0].access_key_id != old


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_the_new_key_has_the_policy_before_it_is_current(
    machine: Machine, ram: LocalRam, ims: LocalIms, status: str
) -> None:
    ram.world.keys[machine.sts.access_key_id].network_policy = ACTIVE.replace("Active", status)
    ram.fault("code:NoPermission:403", action="UpdateAccessKey")
    machine.fails("rotate", "profileA", status=4, said="RAM said NoPermission")
    assert policies(ram) == {ACTIVE.replace("Active", status)}
    assert [call.action for call in ims.calls] == [GET, GET, SET, GET]
    machine.succeeds("rotate", "profileA")
    assert len(ims.calls_of(SET)) == 1


@pytest.mark.parametrize("policy", NONE)
def test_a_key_without_a_policy_leaves_the_new_one_without(machine: Machine, ram: LocalRam, policy: str) -> None:
    ram.world.keys[machine.sts.access_key_id].network_policy = policy
    machine.succeeds("rotate", "profileA")
    assert policies(ram) == {policy, "{}"}
    assert [call.action for call in ram.ims.calls] == [GET]


def test_a_policy_without_a_version_is_the_same_one_with_it(machine: Machine, ram: LocalRam, ims: LocalIms) -> None:
    ram.world.keys[machine.sts.access_key_id].network_policy = json.dumps({"Status": "Active", "Statements": [OFFICE]})
    machine.succeeds("rotate", "profileA")
    assert len(ims.calls_of(SET)) == 1


def test_answers_of_ims_that_lag_are_waited_for(machine: Machine, ram: LocalRam, ims: LocalIms) -> None:
    ims.lag = 2
    machine.succeeds("rotate", "profileA")
    assert policies(ram) == {ACTIVE}
    assert [call.action for call in ims.calls] == [GET, GET, SET, GET, GET, GET]


def test_a_key_that_ims_does_not_know_yet_is_waited_for(machine: Machine, ram: LocalRam, ims: LocalIms) -> None:
    ims.fault("code:EntityNotExist.User.AccessKey:404", times=2, after=1)
    machine.succeeds("rotate", "profileA")
    assert policies(ram) == {ACTIVE}


@pytest.mark.parametrize("action", [GET, SET])
def test_without_the_permission_one_line_names_the_action_and_the_rotation_goes_on(
    machine: Machine, ram: LocalRam, ims: LocalIms, action: str
) -> None:
    user = ram.world.keys[machine.sts.access_key_id].user
    assert isinstance(user, User)
    user.allows.remove(f"ram:{action}")
    done = machine.succeeds("rotate", "profileA")
    (line,) = [line for line in done.stderr.splitlines() if "AccessKeyPolicy" in line]
    assert f"allow ram:{action} to the user, then {ROTATE}" in line
    assert states(ram)[machine.sts.access_key_id] is False
    user.allows.add(f"ram:{action}")
    machine.succeeds("rotate", "profileA")  # as the line says
    assert policies(ram) == {ACTIVE}
    machine.succeeds("rotate", "profileA", "--finish")


LIES: tuple[object, ...] = (None, {}, [], "", "[]", "null", "{", '{"Status": 1, "Status": 2}')


def test_an_ims_that_answers_nonsense_keeps_the_new_key_from_being_current(
    machine: Machine, ram: LocalRam, ims: LocalIms
) -> None:
    for answer in LIES:
        ims.answers[GET] = {"AccessKeyPolicy": answer}
        with case(answer):
            done = machine.fails("rotate", "profileA", status=5, said="did not answer like IMS")
            ways = f"try again: {ROTATE}; or go on without the key's network policy: {ROTATE} --force"
            assert ways in done.stderr
            assert not is_current(machine, ram)
    ims.answers.clear()
    machine.succeeds("rotate", "profileA")
    assert policies(ram) == {ACTIVE}


@pytest.mark.parametrize("fault", ["503", "reset-mid-answer", "html-200", "json-list"])
@pytest.mark.parametrize("action", [GET, SET])
def test_an_ims_that_cannot_be_reached_is_exit_5_and_the_same_command_continues(
    machine: Machine, ram: LocalRam, ims: LocalIms, action: str, fault: str
) -> None:
    ims.fault(fault, times=None, action=action)
    machine.fails("rotate", "profileA", status=5, said="IMS")
    assert not is_current(machine, ram)
    ims.heal()
    machine.succeeds("rotate", "profileA")
    assert policies(ram) == {ACTIVE}
    assert len(ram.calls_of("CreateAccessKey")) == 1
    assert is_current(machine, ram)


def test_with_force_the_rotation_goes_on_without_ims_and_says_so(
    machine: Machine, ram: LocalRam, ims: LocalIms
) -> None:
    ims.fault("503", times=None)
    done = machine.succeeds("rotate", "profileA", "--force")
    new = new_key(ram, machine.sts.access_key_id).id
    assert f"{new} may lack the network policy of {machine.sts.access_key_id}: IMS at {ims.endpoint}" in done.stderr
    assert is_current(machine, ram)


def test_a_finished_rotation_is_not_stopped_by_an_ims_that_cannot_be_reached(
    machine: Machine, ram: LocalRam, ims: LocalIms
) -> None:
    machine.succeeds("rotate", "profileA")
    ims.fault("503", times=None)
    assert "may lack the network policy" in machine.succeeds("rotate", "profileA").stderr
    machine.succeeds("rotate", "profileA", "--finish")


def test_an_old_key_that_was_deleted_before_its_policy_was_copied_is_reported(
    machine: Machine, ram: LocalRam, ims: LocalIms
) -> None:
    old, new = machine.sts.access_key_id, stop_after_create(machine, ram)
    del ram.world.keys[old]
    done = machine.succeeds("rotate", "profileA")
    assert f"{new} may lack the network policy that {old} had" in done.stderr


def test_a_policy_that_was_changed_while_a_rotation_stopped_is_copied_as_it_is_now(
    machine: Machine, ram: LocalRam, ims: LocalIms
) -> None:
    ram.fault("code:NoPermission:403", action="UpdateAccessKey")
    machine.fails("rotate", "profileA", status=4, said="RAM said NoPermission")
    many = {"Type": "ClassicWhiteList", "IPList": [f"10.{number}.0.0/16" for number in range(200)]}
    changed = json.dumps({"Version": 1, "Status": "Active", "Statements": [many]})
    ram.world.keys[machine.sts.access_key_id].network_policy = changed
    machine.succeeds("rotate", "profileA")
    assert policies(ram) == {changed}


def test_the_key_of_an_account_itself_keeps_its_policy_too(machine: Machine, ram: LocalRam) -> None:
    root = ram.world.key_of("root")
    root.network_policy = ACTIVE
    machine.succeeds("login", "profileA", text=f"{root.id}\n{root.secret}\n")
    machine.succeeds("rotate", "profileA")
    assert {key.network_policy for key in ram.world.keys_of("root")} == {ACTIVE}
    machine.succeeds("rotate", "profileA", "--finish")


def test_another_refusal_of_ims_is_exit_4_with_both_ways_on(machine: Machine, ram: LocalRam, ims: LocalIms) -> None:
    ims.fault("code:InvalidParameter.AccessKeyPolicy:400", action=SET)
    done = machine.fails("rotate", "profileA", status=4, said="IMS said InvalidParameter.AccessKeyPolicy")
    assert f"try again: {ROTATE}; or go on without the key's network policy: {ROTATE} --force" in done.stderr
    assert not is_current(machine, ram)
    machine.succeeds("rotate", "profileA")
    assert policies(ram) == {ACTIVE}


def test_the_endpoint_of_ims_is_checked_and_named_before_anything_is_sent(machine: Machine, ram: LocalRam) -> None:
    variable = "ALIBABA_CLOUD_IMS_ENDPOINT"
    machine.fails("rotate", "profileA", status=3, said=f"the variable {variable}", **{variable: "http://localhost"})
    assert not ram.calls_of("CreateAccessKey")
    done = machine.fails("rotate", "profileA", status=5, said="IMS", **{variable: "127.0.0.1.nip.invalid"})
    assert "IMS is asked at 127.0.0.1.nip.invalid for the network policies of keys" in done.stderr
    assert not is_current(machine, ram)


def test_an_abort_asks_ims_nothing(machine: Machine, ram: LocalRam, ims: LocalIms) -> None:
    machine.succeeds("rotate", "profileA")
    ims.clear_calls()
    machine.succeeds("rotate", "profileA", "--abort")
    assert not ims.calls
