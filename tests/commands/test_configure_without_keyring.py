"""role-env configure and role-env doctor where no keyring can store an access key."""

import pytest

from support.machine import ROLE_ENV, Machine
from support.secret_service_bus import KeyringBus
from support.terminal import Person

NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}


def test_it_says_that_there_is_no_keyring_before_the_first_question_and_does_not_offer_one(machine: Machine) -> None:
    person = Person(machine, "configure", columns=200, **NO_BUS)
    person.sees("role-env: no access key can be stored: the keyring cannot be used: there is none")
    person.sees("role-env: hint: for a key in the profiles file, or in another program: role-env help headless")
    person.answers("Name of the profile: ", "new")
    person.answers("Role to assume", machine.sts.role_arn)
    shown = person.reads("(?s)(.*)Source of the credentials, by number: ")[1]
    assert "profile profileA of this file" in shown
    assert "stored in the keyring" not in shown
    person.presses("d")
    person.ends(1)


@pytest.mark.parametrize("environ", [NO_BUS, {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}])
def test_with_login_it_ends_before_the_first_question(machine: Machine, environ: dict[str, str]) -> None:
    before = machine.file.read_bytes()
    person = Person(machine, "configure", "--login", columns=200, **environ)
    shown = person.ends(6)
    assert "Name of the profile" not in shown
    assert "see role-env help headless" in shown
    assert machine.file.read_bytes() == before


def test_a_locked_keyring_is_offered_and_nobody_is_asked_for_its_password_before_it_is_chosen(machine: Machine) -> None:
    with KeyringBus(prompter=True) as bus:
        bus.lock()
        person = Person(machine, "configure", columns=200, **bus.environment, DISPLAY=":0")
        person.answers("Name of the profile: ", "new")
        person.answers("Role to assume", machine.sts.role_arn)
        person.sees("stored in the keyring")
        person.sees("Source of the credentials, by number: ")
        person.presses("d")
        person.ends(1)


def test_doctor_says_what_a_keyring_would_need_and_where_there_is_more(machine: Machine) -> None:
    absent = {"DBUS_SESSION_BUS_ADDRESS": "", "PATH": f"{machine.home}/bin", "ROLE_ENV_CACHE": "keyring"}
    found = machine.run(ROLE_ENV, "doctor", "--json", **absent).stdout
    assert "DBUS_SESSION_BUS_ADDRESS is not set; none of gnome-keyring-daemon, " in found
    assert "without a desktop, see role-env help headless" in found
