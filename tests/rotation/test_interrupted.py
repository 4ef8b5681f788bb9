"""A rotation that is interrupted, or whose answer is lost, loses no key that RAM has created."""

import signal

import pytest

from cloud.ram import LocalRam
from support.machine import Machine
from support.rotated import end, secrets_in_keyring, start_creating, states, works


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_no_signal_comes_between_the_answer_of_createaccesskey_and_the_journal(
    machine: Machine, ram: LocalRam, number: int, status: int
) -> None:
    ram.fault("delay:1.5", action="CreateAccessKey")
    ended, reported = end(start_creating(machine, ram), number)
    assert (ended, "its answer is stored first" in reported) == (status, True), reported
    assert secrets_in_keyring(machine, ram) >= set(states(ram))
    machine.succeeds("rotate", "profileA")
    assert len(ram.calls_of("CreateAccessKey")) == 1
    assert works(machine)


def test_a_signal_and_a_lost_answer_end_with_what_is_said_of_the_answer(machine: Machine, ram: LocalRam) -> None:
    ram.fault("hang", action="CreateAccessKey")
    ended, reported = end(start_creating(machine, ram, ROLE_ENV_TIMEOUT="8"), signal.SIGINT)
    assert (ended, "RAM may have created a key all the same" in reported) == (5, True), reported


@pytest.mark.parametrize("fault", ["reset-mid-answer", "negative-chunk"])
def test_a_key_whose_answer_was_lost_is_never_requested_twice_and_named_until_somebody_deletes_it(
    machine: Machine, ram: LocalRam, fault: str
) -> None:
    old = machine.sts.access_key_id
    ram.fault(fault, action="CreateAccessKey")
    lost = machine.fails("rotate", "profileA", status=5, said="RAM may have created a key all the same")
    assert "see whether there is another one, and how to delete it: role-env rotate profileA --status" in lost.stderr
    assert len(ram.calls_of("CreateAccessKey")) == 1
    (orphan,) = set(states(ram)) - {old}
    for option in (["--status"], ["--abort"], ["--status"]):
        said = machine.succeeds("rotate", "profileA", *option).stdout
        assert f"the user has another access key, {orphan}, created 20" in said
        assert f"aliyun ram DeleteAccessKey --UserAccessKeyId {orphan}" in said
    done = machine.fails("rotate", "profileA", status=4, said=f"a second access key, {orphan}")
    assert f"aliyun ram DeleteAccessKey --UserAccessKeyId {orphan}" in done.stderr
    assert works(machine)
    del ram.world.keys[orphan]
    machine.succeeds("rotate", "profileA")
    assert works(machine)
