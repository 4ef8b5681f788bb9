"""A rotation that is interrupted, or whose answer is lost, loses no key that RAM has created."""

import signal
import time

import pytest

from cloud.ram import LocalRam
from support.machine import Machine
from support.rotated import end, secrets_in_keyring, states, works


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_no_signal_comes_between_the_answer_of_createaccesskey_and_the_journal(
    machine: Machine, ram: LocalRam, number: int, status: int
) -> None:
    ram.fault("delay:1.5", action="CreateAccessKey")
    process = machine.start("rotate", "profileA")
    while not ram.calls_of("CreateAccessKey"):
        time.sleep(0.02)
    ended, reported = end(process, number)
    assert (ended, "its answer is stored first" in reported) == (status, True), reported
    assert secrets_in_keyring(machine, ram) >= set(states(ram))
    machine.succeeds("rotate", "profileA")
    assert len(ram.calls_of("CreateAccessKey")) == 1
    assert works(machine)


def test_a_signal_and_a_lost_answer_end_with_what_is_said_of_the_answer(machine: Machine, ram: LocalRam) -> None:
    ram.fault("hang", action="CreateAccessKey")
    process = machine.start("rotate", "profileA", ROLE_ENV_TIMEOUT="4")
    while not ram.calls_of("CreateAccessKey"):
        time.sleep(0.02)
    ended, reported = end(process, signal.SIGINT)
    assert (ended, "RAM may have created a key all the same" in reported) == (5, True), reported


def test_a_key_whose_answer_was_lost_is_named_until_somebody_deletes_it(machine: Machine, ram: LocalRam) -> None:
    old = machine.sts.access_key_id
    ram.fault("reset-mid-answer", action="CreateAccessKey")
    machine.fails("rotate", "profileA", status=5, said="RAM may have created a key all the same")
    (orphan,) = set(states(ram)) - {old}
    lost = f"{orphan}, created 20"
    for option in (["--status"], ["--abort"], ["--status"]):
        said = machine.succeeds("rotate", "profileA", *option).stdout
        assert lost in said
        assert f"aliyun ram DeleteAccessKey --UserAccessKeyId {orphan}" in said
    machine.fails("rotate", "profileA", status=4, said=f"a second access key, {orphan}")
    del ram.world.keys[orphan]
    machine.succeeds("rotate", "profileA")
    assert works(machine)


def test_a_key_that_cannot_be_stored_is_deleted_again(machine: Machine, ram: LocalRam) -> None:
    ram.after["CreateAccessKey"] = machine.bus.lock
    assert machine.role_env("rotate", "profileA").returncode == 6
    ram.after.clear()
    machine.bus.unlock()
    assert states(ram) == {machine.sts.access_key_id: True}
