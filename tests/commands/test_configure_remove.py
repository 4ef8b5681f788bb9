"""role-env configure --remove: a profile goes with its key, its sign-in, its sessions and what `setup` wrote for it."""

import json

import pytest

from support.cached_sessions import exports
from support.machine import Machine
from support.strace import Strace
from support.terminal import Person

REMOVE = ("configure", "--remove")


def write_keyed(machine: Machine) -> None:
    """Write a profile [keyed] with a key in the keyring and a role, between two others."""
    text = machine.standard_profiles()
    machine.write(f"{text}\n# about keyed\n; and more\n[keyed]\nrole_arn = {machine.sts.role_arn}\n\n# about z\n[z]\n")


def use_keyed(machine: Machine) -> None:
    """Give [keyed] its key, two cached sessions and a profile in the CLI's file."""
    machine.log_in("keyed")
    exports(machine, "keyed")
    exports(machine, "keyed", "--read-only")
    machine.succeeds("setup", "aliyun-cli", "keyed")


def cli_names(machine: Machine) -> list[str]:
    """Return the names of the profiles in the CLI's file, none without one."""
    path = machine.home / ".aliyun" / "config.json"
    return [one["name"] for one in json.loads(path.read_text())["profiles"]] if path.exists() else []


def is_all_gone(machine: Machine) -> bool:
    """Return whether nothing of [keyed] is left."""
    left = [item.attributes for item in machine.bus.items() if item.attributes.get("username") == "keyed"]
    return not left and "keyed" not in machine.file.read_text() and "keyed" not in cli_names(machine)


def test_everything_that_belongs_to_it_is_shown_and_then_removed(machine: Machine) -> None:
    write_keyed(machine)
    use_keyed(machine)
    shown = machine.succeeds(*REMOVE, "keyed", "--dry-run").stdout
    assert shown == (
        f"# about keyed\n; and more\n[keyed]\nrole_arn = {machine.sts.role_arn}\n\nof {machine.file}\n"
        f"and the access key {machine.sts.access_key_id} in the keyring\nand 2 cached sessions\n"
        f"and the profile keyed of {machine.home}/.aliyun/config.json, which setup wrote\n"
    )
    assert not is_all_gone(machine)
    assert machine.succeeds(*REMOVE, "keyed", "--yes").stdout == f"{shown}removed keyed\n"
    assert is_all_gone(machine)
    assert machine.file.read_text() == f"{machine.standard_profiles()}\n# about z\n[z]\n"
    machine.fails(*REMOVE, "keyed", "--yes", status=3, said="there is no profile keyed")


def test_at_a_terminal_it_asks_and_no_is_the_default(machine: Machine) -> None:
    before = machine.file.read_text()
    person = Person(machine, *REMOVE, "profileB")
    person.sees("[profileB]")
    person.answers("Remove all this? yes or no [no]: ", "")
    person.sees("nothing was removed")
    person.ends()
    assert machine.file.read_text() == before
    person = Person(machine, *REMOVE, "profileB")
    person.answers("Remove all this? yes or no [no]: ", "yes")
    person.sees("removed profileB")
    person.ends()
    assert machine.file.read_text() == before.partition("\n\n[profileB]")[0] + "\n"


def test_without_a_terminal_it_requires_yes_and_takes_no_other_option(machine: Machine) -> None:
    machine.fails(*REMOVE, "profileB", status=2, said="without a terminal, configure --remove requires --yes")
    machine.fails(*REMOVE, "--yes", status=2, said="configure --remove requires PROFILE")
    machine.fails(*REMOVE, "profileB", "--yes", "--region", "cn-beijing", status=2, said="takes only PROFILE")
    machine.fails(*REMOVE, "profileC", "--yes", status=3, said="did you mean profileB?")
    assert machine.file.read_text() == machine.standard_profiles()


def test_a_profile_that_another_one_names_stays_and_that_line_is_named(machine: Machine) -> None:
    machine.fails(
        *REMOVE, "profileA", "--yes", status=3, said=f"source_profile names profileA, so that stays ({machine.file}"
    )
    assert machine.file.read_text() == machine.standard_profiles()


def test_no_secret_of_the_section_is_shown(machine: Machine) -> None:
    machine.write(machine.standard_profiles().partition("[profileB]")[0].replace("access_key_s", "# access_key_s", 0))
    done = machine.succeeds(*REMOVE, "profileA", "--yes")
    assert "access_key_secret = ...\n" in done.stdout
    assert machine.sts.access_key_secret not in done.stdout
    assert machine.file.read_text() == ""


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_other_byte_of_the_file_stays(machine: Machine, end: str) -> None:
    above = "\ufeff# first\n[a]\nx = 1\n\n"
    section = "# b\n[b]\npolicy = {\n  }\n\n# inside\n\n"
    below = "# c\n[c]\n\n\n  x = 2"
    machine.file.write_bytes((above + section + below).replace("\n", end).encode())
    machine.succeeds(*REMOVE, "b", "--yes")
    assert machine.file.read_bytes() == (above + below).replace("\n", end).encode()


def test_a_profile_of_an_included_file_is_removed_from_that(machine: Machine) -> None:
    team = machine.home / "team.ini"
    team.write_text("[shared]\nrole_arn = acs:ram::1:role/x\nsource_profile = profileA\n")
    machine.add(f"[include]\npath = {team}\n")
    assert f"of {team}\n" in machine.succeeds(*REMOVE, "shared", "--yes").stdout
    assert team.read_text() == ""


def test_what_the_cli_has_of_another_file_stays(machine: Machine) -> None:
    machine.succeeds("setup", "aliyun-cli", "profileB")
    other = machine.home / "other.ini"
    other.write_text(machine.standard_profiles())
    other.chmod(0o600)
    machine.succeeds(*REMOVE, "profileB", "--yes", "--config", str(other))
    assert cli_names(machine) == ["default", "profileB"]


@pytest.mark.timeout(120)  # a login, a session and the removal, for each of up to 11 points where it can be killed
@pytest.mark.parametrize("call", ["fsync", "rename", "unlink", "utimensat"])
def test_a_repeated_call_finishes_what_a_kill_interrupted(machine: Machine, call: str) -> None:
    strace = Strace(machine)
    for number in range(1, 12):
        write_keyed(machine)
        use_keyed(machine)
        was_killed = strace.kill(call, number, *REMOVE, "keyed", "--yes")
        assert "[keyed]" in machine.file.read_text() or "about keyed" not in machine.file.read_text()
        if not is_all_gone(machine):
            machine.succeeds(*REMOVE, "keyed", "--yes")
        assert is_all_gone(machine), (call, number)
        assert machine.file.read_text() == f"{machine.standard_profiles()}\n# about z\n[z]\n"
        if not was_killed:
            break
