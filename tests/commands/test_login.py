"""login and logout: a long-lived key in the OS keyring instead of the file."""

import re
import time

import pexpect
import pytest

from support.machine import INSTALLED, Machine
from support.secret_service_bus import SilentBus

ROLE_ENV = str(INSTALLED / "role-env")


def without_secret(machine: Machine) -> str:
    """The profiles file without profileA's secret; gives the two lines for stdin."""
    text = machine.standard_profiles()
    machine.write(re.sub(r"access_key_secret = .*\n", "", text))
    return f"{machine.sts.access_key_id}\n{machine.sts.access_key_secret}\n"


def test_a_key_over_a_pipe_is_checked_stored_and_used(machine: Machine) -> None:
    lines = without_secret(machine)
    done = machine.role_env("profileB")
    assert done.returncode == 3
    assert (
        f"profile profileA: its secret is neither in the file nor in the keyring ({machine.file}, line 2)"
        in done.stderr
    )
    assert "role-env login profileA" in done.stderr
    done = machine.run(ROLE_ENV, "login", "profileA", text=lines)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"profileA: {machine.sts.user_arn}; its access key {machine.sts.access_key_id} is stored in the keyring\n"
    )
    assert machine.role_env("profileB").returncode == 0
    assert machine.sts.user_arn in machine.role_env("whoami", "profileA", "--json").stdout


def test_a_section_without_any_key_has_its_key_in_the_keyring(machine: Machine) -> None:
    lines = without_secret(machine)
    machine.write(f"[profileA]\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    done = machine.role_env("profileB")
    assert (done.returncode, "it has no credential source" in done.stderr) == (3, True)
    assert machine.run(ROLE_ENV, "login", "profileA", text=lines).returncode == 0
    assert machine.role_env("profileB").returncode == 0


def test_what_the_file_still_contains_is_reported_with_its_lines(machine: Machine) -> None:
    lines = f"{machine.sts.access_key_id}\n{machine.sts.access_key_secret}\n"
    done = machine.run(ROLE_ENV, "login", "profileA", text=lines)
    assert done.returncode == 0
    assert f"the file {machine.file} still contains the secret in plain text: delete its line 3" in done.stdout


@pytest.mark.parametrize("wrong", ["secret", "id"])
def test_a_key_that_sts_refuses_is_not_stored(machine: Machine, wrong: str) -> None:
    lines = without_secret(machine)
    machine.write(f"[profileA]\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    access_key_id, secret = lines.split()
    bad = f"{access_key_id}\nwrong{secret}\n" if wrong == "secret" else f"LTAIwrong\n{secret}\n"
    done = machine.run(ROLE_ENV, "login", "profileA", text=bad)
    assert (done.returncode, done.stdout) == (4, "")
    assert machine.role_env("profileB").returncode == 3
    assert machine.run(ROLE_ENV, "login", "profileA", text=lines).returncode == 0
    done = machine.run(ROLE_ENV, "login", "profileA", text=bad)
    assert done.returncode == 4
    assert machine.role_env("profileB").returncode == 0


@pytest.mark.parametrize(
    ("text", "status", "reported"),
    [
        ("", 2, "stdin has 0 lines, not two"),
        ("LTAI\n", 2, "stdin has 1 line, not two"),
        ("LTAI\nsecret\nmore\n", 2, "stdin has 3 lines"),
        ("\n\n", 2, "the access key ID is not printable ASCII"),
        ("LTAI\nse cret\n", 2, "the access key secret is not printable ASCII"),
        ("LTAI5other\nsecret\n", 3, "access_key_id is"),
    ],
)
def test_what_can_be_no_key_is_refused_unasked(machine: Machine, text: str, status: int, reported: str) -> None:
    without_secret(machine)
    done = machine.run(ROLE_ENV, "login", "profileA", text=text)
    assert (done.returncode, done.stdout) == (status, "")
    assert reported in done.stderr
    assert not machine.sts.calls_of("GetCallerIdentity")


def test_what_is_no_text_is_refused_and_not_shown(machine: Machine) -> None:
    done = machine.run(ROLE_ENV, "login", "profileA", text="\udcff\nsecret\n", PYTHONIOENCODING="utf-8:strict")
    assert (done.returncode, done.stdout) == (2, "")
    assert "stdin is not text" in done.stderr


@pytest.mark.parametrize(
    ("profile", "reported"),
    [("profileB", "profile profileB takes its credentials from profileA"), ("profileX", "did you mean profile")],
)
def test_a_profile_that_takes_no_key_is_refused(machine: Machine, profile: str, reported: str) -> None:
    done = machine.run(ROLE_ENV, "login", profile, text="a\nb\n")
    assert (done.returncode, reported in done.stderr) == (3, True)


def test_a_person_sees_the_id_and_not_the_secret_while_typing(machine: Machine) -> None:
    without_secret(machine)
    person = pexpect.spawn(ROLE_ENV, ["login", "profileA"], env=machine.environ, encoding="utf-8", timeout=30)
    person.expect(r"AccessKey ID of profileA \[LTAI.*\]: ")
    person.sendline("")
    person.expect("AccessKey secret of profileA: ")
    person.sendline(machine.sts.access_key_secret)
    person.expect("is stored in the keyring")
    person.expect(pexpect.EOF)
    person.close()
    assert person.exitstatus == 0
    assert machine.sts.access_key_secret not in str(person.before)
    assert machine.role_env("profileB").returncode == 0


def test_logout_removes_the_key_and_what_was_made_with_it_does_not_stand(machine: Machine) -> None:
    lines = without_secret(machine)
    assert machine.run(ROLE_ENV, "login", "profileA", text=lines).returncode == 0
    assert machine.role_env("profileB").returncode == 0
    done = machine.role_env("logout", "profileA")
    removed = f"removed the access key {machine.sts.access_key_id} of profileA from the keyring\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, removed, "")
    assert machine.role_env("profileB").returncode == 3
    done = machine.role_env("logout", "profileA")
    assert (done.returncode, done.stdout, done.stderr) == (0, "profileA has no access key in the keyring\n", "")
    assert machine.run(ROLE_ENV, "login", "profileA", text=lines).returncode == 0
    calls = len(machine.sts.calls_of("AssumeRole"))
    assert machine.role_env("profileB").returncode == 0
    assert len(machine.sts.calls_of("AssumeRole")) == calls


def test_a_login_with_another_key_is_another_session(machine: Machine) -> None:
    machine.write(f"[profileA]\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    for name in ("test_user1", "root"):
        key = machine.sts.world.key_of(name)
        assert machine.run(ROLE_ENV, "login", "profileA", text=f"{key.id}\n{key.secret}\n").returncode == 0
        machine.role_env("profileB")
    assert len(machine.sts.calls_of("AssumeRole")) == 2
    assert machine.sts.calls_of("AssumeRole")[-1].access_key_id == machine.sts.world.key_of("root").id


def test_clear_leaves_keys_alone(machine: Machine) -> None:
    assert machine.run(ROLE_ENV, "login", "profileA", text=without_secret(machine)).returncode == 0
    assert machine.role_env("clear", "--all").returncode == 0
    assert machine.role_env("profileB").returncode == 0


def test_a_key_is_of_one_profiles_file(machine: Machine) -> None:
    assert machine.run(ROLE_ENV, "login", "profileA", text=without_secret(machine)).returncode == 0
    other = machine.home / "other.ini"
    other.write_text(machine.file.read_text("utf-8"), "utf-8")
    other.chmod(0o600)
    assert machine.role_env("profileB", "--config", str(other)).returncode == 3


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"])
def test_a_keyring_that_cannot_keep_is_exit_6_and_says_what_to_do(machine: Machine, backend: str) -> None:
    lines = without_secret(machine)
    done = machine.run(ROLE_ENV, "login", "profileA", text=lines, PYTHON_KEYRING_BACKEND=backend)
    assert (done.returncode, done.stdout) == (6, "")
    assert "role-env: hint:" in done.stderr


def test_a_key_that_the_keyring_has_and_cannot_give_is_exit_6(machine: Machine) -> None:
    assert machine.run(ROLE_ENV, "login", "profileA", text=without_secret(machine)).returncode == 0
    with SilentBus() as silent:
        began = time.monotonic()
        done = machine.role_env("profileB", "--refresh", **silent.environment)
        assert time.monotonic() - began < 30
    assert done.returncode == 6
    assert "profile profileA: its key is in the keyring" in done.stderr
    assert "hint: unlock it" in done.stderr


def test_logout_of_a_name_that_nobody_knows_is_reported_with_the_closest(machine: Machine) -> None:
    assert machine.run(ROLE_ENV, "login", "profileA", text=without_secret(machine)).returncode == 0
    done = machine.role_env("logout", "profielA")
    assert (done.returncode, done.stdout) == (3, "")
    assert "there is no profile profielA" in done.stderr
    assert "did you mean profileA?" in done.stderr
    assert machine.role_env("profileB").returncode == 0
    machine.write(f"[profileB]\nrole_arn = {machine.sts.role_arn}\ncredential_source = environment\n")
    assert machine.role_env("logout", "profileA").returncode == 0  # it has left the file, and its key was there
    assert machine.role_env("logout", "profileA").returncode == 3
