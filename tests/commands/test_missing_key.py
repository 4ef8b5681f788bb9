"""A source whose access key is not in the keyring: whose it is, and the command that stores it, said first."""

import json

import pytest

from support.machine import Machine
from support.tables import cells_of

LOGIN = "run: role-env login profileA"


@pytest.fixture(autouse=True)
def logged_out(machine: Machine) -> str:
    """Take a session with a key in the keyring, and log out; return the text that reports the missing key."""
    machine.write(f"[profileA]\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    machine.add(f"[c]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileB\n")
    machine.log_in("profileA")
    machine.succeeds("profileB")
    machine.succeeds("logout", "profileA")
    return f"the access key of profileA is not in the keyring ({machine.file}, line 1)"


def test_a_request_explain_list_and_doctor_report_it_first_and_no_session_is_valid(
    machine: Machine, logged_out: str
) -> None:
    reported = f"role-env: {logged_out}\nrole-env: hint: {LOGIN}\n"
    assert machine.fails("profileB", status=3, said="").stderr == reported
    first, *_, last = machine.succeeds("explain", "profileB").stdout.splitlines()
    assert first == f"profileB: {logged_out}; {LOGIN}"
    assert last == f"a new session is requested: {logged_out}"
    done = machine.succeeds("list")
    assert done.stderr == reported
    rows = cells_of(done.stdout)
    assert [(row["PROFILE"], row["SOURCE"], row["SESSION"], row["KEY"]) for row in rows] == [
        ("profileA", "keyring", "no key", "missing"),
        ("profileB", "profileA", "no key", "-"),
        ("c", "profileB", "no key", "-"),
    ]
    assert (rows[0]["ROLE"], rows[0]["ACCOUNT"]) == ("-", "-")
    assert [row["expiration"] for row in json.loads(machine.succeeds("list", "--json").stdout)] == [None] * 3
    found = json.loads(machine.role_env("doctor", "--json").stdout)
    assert [each["fix"] for each in found if each["message"] == logged_out] == [LOGIN]


def test_logout_names_the_profiles_that_depend_on_the_key(machine: Machine) -> None:
    machine.log_in("profileA")
    machine.add("[other]\n")
    first, second = machine.succeeds("logout", "profileA").stdout.splitlines()
    assert first == f"removed the access key {machine.sts.access_key_id} of profileA from the keyring"
    assert second == "profiles that need a key of profileA: profileB, c; store one: role-env login profileA"
    machine.log_in("other")
    assert machine.succeeds("logout", "other").stdout.count("\n") == 1


def test_after_a_new_login_the_cached_session_is_valid_again(machine: Machine) -> None:
    machine.log_in("profileA")
    done = machine.succeeds("list")
    assert done.stderr == ""
    assert done.stdout.splitlines()[2].endswith("min left")


def test_a_profile_with_a_role_and_no_source_may_lack_either(machine: Machine) -> None:
    machine.add(f"[alone]\nrole_arn = {machine.sts.role_arn}\n")
    done = machine.fails(
        "alone", status=3, said="profile alone has no credential source, and no access key in the keyring"
    )
    assert "or run: role-env login alone" in done.stderr


def test_without_a_keyring_no_key_is_said_to_be_missing(machine: Machine) -> None:
    """As over ssh, where there is no session bus."""
    machine.add(f"[alone]\nrole_arn = {machine.sts.role_arn}\n")
    machine.log_in("profileA")
    machine.environ["DBUS_SESSION_BUS_ADDRESS"] = ""
    fault = "cannot be read: the keyring cannot be used: there is none"
    unreadable = f"profile profileA: its access key {fault}"
    of_none = f"profile alone: it has no credential source in the file, and an access key of its own {fault}"
    for arguments, said in (["profileB"], unreadable), (["whoami", "profileA"], unreadable), (["alone"], of_none):
        assert "see role-env help headless" in machine.fails(*arguments, status=6, said=said).stderr
    (found,) = (
        each for each in json.loads(machine.role_env("doctor", "--json").stdout) if unreadable in each["message"]
    )
    assert (found["status"], "see role-env help headless" in found["fix"]) == ("warn", True)
    for command in ("list", "doctor", "explain profileB"):
        done = machine.role_env(*command.split())
        assert "not in the keyring" not in done.stdout + done.stderr
        assert "no key" not in done.stdout
