"""configure --cloud-sso: one sign-in, and a profile for everything that the portal offers."""

import json
import re
import signal
import subprocess

import pytest

from cloud.cloud_sso_portal import AccessConfiguration, Account, CloudSsoPortal
from support.machine import Machine
from support.terminal import Person
from support.waiting import wait_until


def configure(machine: Machine, portal: CloudSsoPortal, *options: str) -> subprocess.CompletedProcess[str]:
    return machine.role_env("configure", "--cloud-sso", portal.url, "--no-browser", *options)


def names(machine: Machine) -> list[str]:
    """The profiles of the file beside the standard ones."""
    return machine.role_env("list", "--names").stdout.split()[2:]


def test_everything_that_the_portal_offers_becomes_a_profile(machine: Machine, portal: CloudSsoPortal) -> None:
    portal.accounts.append(portal.accounts[0])  # what is listed twice becomes one profile
    before = machine.file.read_text()
    done = configure(machine, portal, "--yes")
    assert done.returncode == 0, done.stderr
    assert names(machine) == ["Production.Admin", "Production.ReadOnly", "Staging.Admin"]
    text = machine.file.read_text()
    assert text.startswith(before)
    assert portal.section("Production.Admin", config="Admin") in text  # the name, which `list` shows
    assert "color" not in text
    line = 'eval "$(role-env Production.Admin || echo false)"'
    assert done.stdout.endswith(f"appended 3 profiles to {machine.file}; type: {line}\n")
    assert not portal.sessions
    done = machine.role_env("export", "Production.ReadOnly", "--format", "json")
    assert json.loads(done.stdout)["AccessKeyId"] == portal.sessions[-1].id
    assert len(portal.devices) == 1


def test_run_again_it_adds_what_is_new_and_names_what_has_gone(machine: Machine, portal: CloudSsoPortal) -> None:
    configure(machine, portal, "--yes")
    done = configure(machine, portal, "--yes")
    assert (done.returncode, "nothing to add" in done.stdout) == (0, True)
    portal.accounts[0].configurations.pop()
    portal.accounts.append(Account("4444444444444444", "Lab", [AccessConfiguration("Admin")]))
    done = configure(machine, portal, "--yes")
    assert names(machine)[3:] == ["Lab.Admin"]
    assert re.search(r"profile Production\.ReadOnly is no longer offered by the portal \(.*line \d+\)", done.stderr)
    assert "[Production.ReadOnly]" in machine.file.read_text()


def test_a_profile_by_the_name_of_its_configuration_is_not_added_again(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    machine.add(portal.section("mine"))
    configure(machine, portal, "--yes")
    assert names(machine) == ["mine", "Production.ReadOnly", "Staging.Admin"]


def test_a_name_that_is_made_of_ids_is_not_too_long(machine: Machine, portal: CloudSsoPortal) -> None:
    symbols = [
        AccessConfiguration("🙂" * count, f"ac-{letter * 120}") for count, letter in ((1, "x"), (2, "y"), (3, "x"))
    ]
    portal.accounts = [Account("1" * 32, "Ä" * 80, symbols)]
    assert configure(machine, portal, "--yes").returncode == 0
    found = names(machine)
    assert len(found) == 2
    assert all(len(name) <= 64 for name in found)


def test_another_host_is_exit_3_and_nothing_is_sent(machine: Machine, portal: CloudSsoPortal) -> None:
    """tests/sign_in/test_cloud_sso.py has others."""
    url = "https://evil.example/x/login"
    machine.fails("configure", "--cloud-sso", url, "--yes", status=3, said="--cloud-sso: the URL must be")
    assert not portal.requests


def test_a_person_chooses_by_number_and_may_color_production_red(machine: Machine, portal: CloudSsoPortal) -> None:
    person = Person(machine, "configure", "--cloud-sso", portal.url, "--no-browser")
    person.sees("\r\n  3  Staging.Admin")
    person.answers("Profiles to add: numbers such as 1,3-5, or a part of a name [all]: ", "7")
    person.answers("the numbers are 1 to 3", "1,3")
    person.answers("Color red for the accounts whose name contains prod (1 profile)? yes or no [no]: ", "yes")
    person.sees("color = red")
    person.answers(f"Append 2 profiles to {machine.file}? yes or no", "")
    person.sees("appended 2 profiles")
    person.ends()
    assert names(machine) == ["Production.Admin", "Staging.Admin"]
    assert machine.file.read_text().count("color = red") == 1


def test_a_person_sees_how_far_the_list_is(machine: Machine, portal: CloudSsoPortal) -> None:
    configure(machine, portal, "--dry-run")
    portal.fault("delay:2", after=1, action="/access-assignments/access-configurations")
    person = Person(machine, "configure", "--cloud-sso", portal.url, "--no-browser")
    person.sees("role-env: listed 1 of 2 accounts")
    person.answers("or a part of a name [all]: ", "none")
    person.sees("nothing to add")
    person.ends()


def test_a_token_that_the_portal_no_longer_takes_is_replaced_by_a_new_sign_in(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    configure(machine, portal, "--dry-run")
    portal.revoke_tokens()
    assert configure(machine, portal, "--yes").returncode == 0
    assert len(portal.devices) == 2


@pytest.mark.parametrize(("fault", "status"), [("503", 5), ("code:NoPermission:403:No.", 4), ("html-200", 5)])
def test_a_fault_on_the_way_appends_nothing(machine: Machine, portal: CloudSsoPortal, fault: str, status: int) -> None:
    before = machine.file.read_bytes()
    portal.fault(fault, times=None, action="/access-assignments/access-configurations")
    done = configure(machine, portal, "--yes")
    assert done.returncode == status
    assert machine.file.read_bytes() == before


def test_ctrl_c_does_not_wait_for_a_portal_that_hangs(machine: Machine, portal: CloudSsoPortal) -> None:
    lists = "/access-assignments/access-configurations"
    configure(machine, portal, "--dry-run")
    portal.add_accounts(40, 5)
    portal.fault("hang", times=None, action=lists)
    before = len(portal.requests_to(lists))
    process = machine.start("configure", "--cloud-sso", portal.url, "--yes", ROLE_ENV_TIMEOUT="300")
    wait_until(lambda: len(portal.requests_to(lists)) > before)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "role-env: interrupted\n")


def test_a_keyring_that_cannot_be_used_is_exit_6_without_the_name_of_a_profile(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    machine.environ["ROLE_ENV_CACHE"] = "keyring"
    machine.bus.lock()
    done = configure(machine, portal, "--yes")
    machine.bus.unlock()
    assert (done.returncode, portal.requests) == (6, [])
    assert done.stderr.startswith("role-env: the keyring cannot be used: it is locked\nrole-env: hint: unlock it")
    portal.after["/token"] = machine.bus.lock
    done = configure(machine, portal, "--yes")
    machine.bus.unlock()
    assert done.returncode == 6
    assert "could not be stored: the keyring cannot be used: it is locked\n" in done.stderr
    assert done.stderr.endswith("hint: run it again when the keyring can be used\n")


def test_forty_accounts_with_five_configurations_are_added_by_one_sign_in(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    portal.add_accounts(40, 5)
    portal.page_size = 10
    assert configure(machine, portal, "--yes").returncode == 0
    assert len(names(machine)) == 200
    assert len(portal.devices) == 1
    assert len(json.loads(machine.role_env("list", "--json").stdout)) == 202
