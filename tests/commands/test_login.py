"""login and logout: a long-lived key in the OS keyring instead of the file."""

import re

import pytest

from cloud.world import ACCOUNT_A, ACCOUNT_B
from support.cases import case
from support.files import write_private
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


def test_a_key_over_a_pipe_is_checked_stored_and_used(machine: Machine) -> None:
    done = machine.role_env("profileB")
    assert done.returncode == 3
    assert f"the secret of profileA is neither in the file nor in the keyring ({machine.file}, line 2)" in done.stderr
    assert "role-env login profileA" in done.stderr
    done = machine.role_env("login", "profileA", text=machine.key_lines())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"profileA: {machine.sts.user_arn}; its access key {machine.sts.access_key_id} is stored in the keyring\n"
    )
    machine.succeeds("profileB")
    assert machine.sts.user_arn in machine.role_env("whoami", "profileA", "--json").stdout


def test_what_the_file_still_contains_is_reported_with_its_lines(machine: Machine) -> None:
    machine.write(machine.standard_profiles())
    done = machine.succeeds("login", "profileA", text=machine.key_lines())
    assert f"the file {machine.file} still contains the secret in plain text: delete its line 3" in done.stdout


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


NO_KEYS = [
    ("", 2, "stdin has 0 lines, not two"),
    ("LTAI\n", 2, "stdin has 1 line, not two"),
    ("LTAI\nsecret\nmore\n", 2, "stdin has 3 lines"),
    ("\n\n", 2, "the access key ID is not printable ASCII"),
    ("LTAI\nse cret\n", 2, "the access key secret is not printable ASCII"),
    ("LTAI5other\nsecret\n", 3, "access_key_id is"),
    ("STS.NU\nsecret\n", 2, "this is the ID of a temporary key, and only a long-lived one is stored; nothing was sent"),
    ("\udcff\nsecret\n", 2, "stdin is not text"),
]


def test_an_invalid_key_is_refused_without_a_call_to_sts(machine: Machine) -> None:
    for text, status, said in NO_KEYS:
        with case(repr(text)):
            environ = {"PYTHONIOENCODING": "utf-8:strict"} if "\udcff" in text else {}
            assert machine.fails("login", "profileA", text=text, status=status, said=said, **environ).stdout == ""
    assert not machine.sts.calls_of("GetCallerIdentity")


def test_a_person_sees_the_id_and_not_the_secret_while_typing(machine: Machine) -> None:
    person = Person(machine, "login", "profileA")
    person.answers(f"AccessKey ID of profileA [{machine.sts.access_key_id}]: ", "")
    person.answers("AccessKey secret of profileA: ", machine.sts.access_key_secret)
    person.sees("is stored in the keyring")
    person.ends()
    assert machine.sts.access_key_secret not in machine.terminals[-1].getvalue()
    machine.succeeds("profileB")


def test_logout_removes_the_key_and_what_was_made_with_it_does_not_stand(machine: Machine) -> None:
    machine.log_in("profileA")
    machine.succeeds("clear", "--all")  # which leaves keys alone
    machine.succeeds("profileB")
    done = machine.role_env("logout", "profileA")
    removed = (
        f"removed the access key {machine.sts.access_key_id} of profileA from the keyring\n"
        "profiles that need a key of profileA: profileB; store one: role-env login profileA\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, removed, "")
    assert machine.role_env("profileB").returncode == 3
    done = machine.role_env("logout", "profileA")
    assert (done.returncode, done.stdout, done.stderr) == (0, "profileA has no access key in the keyring\n", "")
    machine.log_in("profileA")
    calls = len(machine.sts.calls_of("AssumeRole"))
    machine.succeeds("profileB")
    assert len(machine.sts.calls_of("AssumeRole")) == calls


def test_a_login_with_another_key_is_another_session(machine: Machine) -> None:
    name_no_key(machine)
    for name in ("test_user1", "root"):
        key = machine.sts.world.key_of(name)
        machine.succeeds("login", "profileA", text=f"{key.id}\n{key.secret}\n")
        machine.role_env("profileB")
    assert len(machine.sts.calls_of("AssumeRole")) == 2
    assert machine.sts.calls_of("AssumeRole")[-1].access_key_id == machine.sts.world.key_of("root").id


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


def test_a_key_is_of_one_profiles_file(machine: Machine) -> None:
    machine.log_in("profileA")
    other = write_private(machine.home / "other.ini", machine.file.read_text("utf-8"))
    assert machine.role_env("profileB", "--config", str(other)).returncode == 3


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


def test_logout_of_a_name_that_nobody_knows_is_reported_with_the_closest(machine: Machine) -> None:
    machine.log_in("profileA")
    done = machine.fails("logout", "profielA", status=3, said="there is no profile profielA")
    assert done.stdout == ""
    assert "did you mean profileA?" in done.stderr
    machine.succeeds("profileB")
    machine.write(f"[profileB]\nrole_arn = {machine.sts.role_arn}\ncredential_source = environment\n")
    assert machine.role_env("logout", "profileA").returncode == 0  # it has left the file, and its key was there
    assert machine.role_env("logout", "profileA").returncode == 3
