"""What a rotation looks at before it begins: other files with its key, where RAM is, and other rotations of the key."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud.ram import LocalRam
from support.cases import case
from support.machine import Machine
from support.rotated import start_creating, states, works


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, os.mkfifo])
def test_a_file_of_the_cli_that_does_not_name_the_key_or_cannot_be_read_is_no_reason_to_stop(
    machine: Machine, ram: LocalRam, make: Callable[[Path], object]
) -> None:
    (machine.home / ".aliyun").mkdir()
    make(machine.home / ".aliyun" / "config.json")
    machine.succeeds("rotate", "profileA")


# ---- where RAM is asked ----


VARIABLE = "ALIBABA_CLOUD_RAM_ENDPOINT"


def test_another_host_is_named_before_anything_is_sent(machine: Machine, ram: LocalRam) -> None:
    host = ram.endpoint.replace("localhost", "127.0.0.1.nip.invalid")
    ways: tuple[tuple[list[str], dict[str, str]], ...] = (["--ram-endpoint", host], {}), ([], {VARIABLE: host})
    for (options, environ), (step, status) in itertools.product(ways, (([], 5), (["--status"], 0))):
        with case(*options, *environ, *step):
            done = machine.role_env("rotate", "profileA", *step, *options, **environ)
            assert done.stderr.startswith(f"role-env: RAM is asked at {host}, which learns new keys\n")
            assert (f"RAM at {host} could not be reached" in done.stderr, done.returncode) == (True, status)
    assert states(ram) == {machine.sts.access_key_id: True}
    done = machine.succeeds("rotate", "profileA", "--ram-endpoint", ram.endpoint, **{VARIABLE: "ram.example.com"})
    assert f"role-env rotate profileA --ram-endpoint {ram.endpoint} --abort" in done.stdout
    machine.fails(
        "rotate", "profileA", "--ram-endpoint", "http://x", status=2, said="--ram-endpoint begins with http://"
    )
    machine.fails("rotate", "profileA", status=3, said=f"the variable {VARIABLE}", **{VARIABLE: "http://localhost"})


# ---- one at a time ----


@pytest.mark.parametrize("environ", [{}, {"XDG_RUNTIME_DIR": ""}], ids=["alike", "one without a runtime folder"])
def test_two_rotations_at_once_make_one_key_and_lose_none(
    machine: Machine, ram: LocalRam, environ: dict[str, str]
) -> None:
    ram.fault("delay:2", action="CreateAccessKey")
    first = start_creating(machine, ram)
    second = machine.start("rotate", "profileA", ROLE_ENV_TIMEOUT="60", **environ)
    ended = [process.communicate(timeout=60) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0], ended
    assert ended[0][0] == ended[1][0]
    assert len(ram.calls_of("CreateAccessKey")) == 1
    assert len(states(ram)) == 2
    assert works(machine)


def test_a_rotation_and_a_login_that_meet_another_ones_rotation_are_refused_after_the_timeout(
    machine: Machine, ram: LocalRam
) -> None:
    machine.add("[twin]\n")
    ram.sts.propagation_seconds = 60
    first = start_creating(machine, ram, ROLE_ENV_TIMEOUT="90")
    for option in ([], ["--abort"], ["--finish"]):
        said = "another role-env is rotating the key of profileA"
        machine.fails("rotate", "profileA", *option, status=4, said=said, ROLE_ENV_TIMEOUT="1")
    said = "another role-env is rotating the key of twin"
    machine.fails("login", "twin", text=machine.key_lines(), status=4, said=said, ROLE_ENV_TIMEOUT="1")
    machine.succeeds("rotate", "profileA", "--status")
    first.kill()
    first.communicate()
    machine.succeeds("login", "twin", text=machine.key_lines())
    ram.sts.propagation_seconds = 0
    machine.succeeds("rotate", "profileA")
    assert machine.succeeds("rotate", "twin", "--status").stdout.startswith("twin: LTAI")
    assert works(machine)


def test_no_file_of_a_lock_stays_for_a_key(machine: Machine, ram: LocalRam) -> None:
    for option in ([], ["--abort"], [], ["--finish"], []):
        machine.succeeds("rotate", "profileA", *option)
    machine.succeeds("rotate", "profileA", "--finish")
    machine.succeeds("logout", "profileA")
    assert not list((machine.home / ".local" / "state" / "role-env").glob("*.lock"))


def test_a_rotation_that_is_under_way_ends_whatever_its_profile_has_become(machine: Machine, ram: LocalRam) -> None:
    """A profile that is renamed, that names its key in the file, or that has a role by now."""
    old = machine.sts.access_key_id
    before = machine.file.read_text("utf-8")
    role = f"role_arn = {machine.sts.role_arn}\nsource_profile = other\n[other]\n"
    for text in (
        before.replace("profileA", "renamed"),
        before.replace("[profileA]\n", "[profileA]\naccess_key_id = LTAI1\naccess_key_secret = x\n"),
        before.replace("[profileA]\n", f"[profileA]\n{role}"),
        before.replace("[profileA]\n", "[profileA]\nsorce_profile = x\n"),
    ):
        with case(text):
            machine.write(before)
            machine.succeeds("rotate", "profileA")
            machine.write(text)
            assert f"{old} is inactive" in machine.succeeds("rotate", "profileA", "--status").stdout
            machine.succeeds("rotate", "profileA", "--abort")
            assert states(ram) == {old: True}
            machine.fails("rotate", "profileA", status=3, said="profileA")
