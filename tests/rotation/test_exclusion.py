"""One rotation of a key at a time, whatever runtime folder each process has."""

import time

from cloud.ram import LocalRam
from support.machine import Machine
from support.rotated import works


def test_two_rotations_of_which_one_has_no_runtime_folder_make_one_key(machine: Machine, ram: LocalRam) -> None:
    ram.fault("delay:2", action="CreateAccessKey")
    first = machine.start("rotate", "profileA")
    while not ram.calls_of("CreateAccessKey"):
        time.sleep(0.02)
    second = machine.start("rotate", "profileA", XDG_RUNTIME_DIR="", ROLE_ENV_TIMEOUT="60")
    ended = [process.communicate(timeout=90) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0], ended
    assert len(ram.calls_of("CreateAccessKey")) == 1
    assert works(machine)


def test_a_login_waits_for_the_rotation_of_its_key(machine: Machine, ram: LocalRam) -> None:
    machine.add("[twin]\n")
    ram.sts.propagation_seconds = 20
    first = machine.start("rotate", "profileA")
    while not ram.calls_of("CreateAccessKey"):
        time.sleep(0.02)
    said = "another role-env is rotating the key of twin"
    machine.fails("login", "twin", text=machine.key_lines(), status=4, said=said, ROLE_ENV_TIMEOUT="1")
    first.kill()
    first.communicate()
    machine.succeeds("login", "twin", text=machine.key_lines())
    ram.sts.propagation_seconds = 0
    machine.succeeds("rotate", "profileA")
    assert machine.succeeds("rotate", "twin", "--status").stdout.startswith("twin: LTAI")
