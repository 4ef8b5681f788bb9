"""login and logout: a long-lived key in the OS keyring instead of the file."""

import re

import pytest

from cloud.world import ACCOUNT_A, ACCOUNT_B
from support.machine import Machine
from support.silent_bus import SilentBus
from support.terminal import Person


@pytest.fixture(autouse=True)
def without_secret(machine: Machine) -> None:
    """Of profileA's key, the file has the ID only."""
    machine.write(re.sub(r"access_key_secret = .*\n", "", machine.standard_profiles()))


def name_no_key(machine: Machine) -> None:
    """Take the ID out of the file, too."""
    machine.write(f"[profileA]\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")


@pytest.mark.parametrize("wrong", ["secret", "id"])
def test_a_key_that_sts_refuses_is_not_stored(machine: Machine, wrong: str) -> None:
    name_no_key(machine)
    access_key_id, secret = machine.key_lines().split()
    bad = f"{access_key_id}\nwrong{secret}\n" if wrong == "secret" else f"LTAIwrong\n{secret}\n"
    done = machine.role_env("login", "profileA", text=bad)
    assert (done.returncode, done.stdout) == (4, "")
    assert machine.role_env("profileB").returncode == 3
    machine.log_in("profileA")
    done = machine.role_env("login", "profileA", text=bad)
    assert done.returncode == 4
    machine.succeeds("profileB")


def test_a_person_sees_the_id_and_not_the_secret_while_typing(machine: Machine) -> None:
    person = Person(machine, "login", "profileA")
    person.answers(f"AccessKey ID of profileA [{machine.sts.access_key_id}]: ", "")
    person.answers("AccessKey secret of profileA: ", machine.sts.access_key_secret)
    person.sees("is stored in the keyring")
    person.ends()
    assert machine.sts.access_key_secret not in machine.terminals[-1].getvalue()
    machine.succeeds("profileB")


def test_a_key_of_another_account_than_expected_is_exit_4_and_not_stored(machine: Machine) -> None:
    name_no_key(machine)
    text = machine.file.read_text("utf-8")
    machine.write(text.replace("[profileA]\n", f"[profileA]\nexpected_account_id = {ACCOUNT_B}\n"))
    said = f"the key {machine.sts.access_key_id} is of {machine.sts.user_arn}, not of account {ACCOUNT_B}"
    done = machine.fails("login", "profileA", text=machine.key_lines(), status=4, said=said)
    assert "hint: nothing was stored; give a key of" in done.stderr
    machine.fails("profileB", status=3, said="the access key of profileA is not in the keyring")
    machine.write(text.replace("[profileA]\n", f"[profileA]\nexpected_account_id = {ACCOUNT_A}\n"))
    machine.log_in("profileA")


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"])
def test_a_keyring_that_cannot_keep_is_exit_6_and_says_what_to_do(machine: Machine, backend: str) -> None:
    done = machine.role_env("login", "profileA", text=machine.key_lines(), PYTHON_KEYRING_BACKEND=backend)
    assert (done.returncode, done.stdout) == (6, "")
    assert "role-env: hint:" in done.stderr


def test_a_key_that_the_keyring_has_and_cannot_give_is_exit_6(machine: Machine) -> None:
    machine.log_in("profileA")
    with SilentBus() as silent:
        said = "profile profileA: its access key cannot be read: the keyring cannot be used: it timed out"
        done = machine.fails("profileB", "--refresh", status=6, said=said, **silent.environment)
    assert "hint: unlock it" in done.stderr
