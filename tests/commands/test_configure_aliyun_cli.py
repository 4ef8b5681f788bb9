"""role-env configure --aliyun-cli: a profile for every profile of the CLI's file, in one command."""

import pytest

from support.cached_sessions import exports
from support.chains import HUB, CliFile
from support.machine import Machine
from support.strace import Strace
from support.terminal import Person

NEW = ("default", "hub", "prod-role", "profileB-cli")


@pytest.fixture
def cli_file(machine: Machine) -> CliFile:
    """Write a CLI's file with a key, roles, odd names, what `setup` wrote and what role-env cannot use."""
    file = CliFile(machine)
    machine.write(machine.standard_profiles())
    hub = {"mode": "RamRoleArn", **file.key, "ram_role_arn": HUB, "ram_session_name": "cli"}
    file.write(
        {"mode": "AK", **file.key},
        hub | {"name": "hub"},
        hub | {"name": "prod role"},
        hub | {"name": "profileB"},
        {"name": "signed", "mode": "BearerToken"},
        {"name": "loop", "mode": "External", "process_command": "env A=b role-env process profileB"},
        {"name": "role-env", "mode": "External", "process_command": "role-env process --session"},
        {"name": "set", "mode": "External", "process_command": f"role-env process --config {machine.file} set"},
    )
    return file


def test_each_profile_that_gives_credentials_is_added_once_with_its_name(machine: Machine, cli_file: CliFile) -> None:
    done = machine.succeeds("configure", "--aliyun-cli", "--yes")
    assert machine.succeeds("list", "--names").stdout.split() == ["profileA", "profileB", *NEW]
    assert "[prod-role]\ncredential_source = aliyun_cli\naliyun_profile = prod role\n" in machine.file.read_text()
    assert "8 profiles, 4 new, 2 without credentials that role-env can use, 2 written by setup" in done.stdout
    for name in ("hub", "prod-role"):
        assert exports(machine, name)["RoleArn"] == HUB
    again = machine.succeeds("configure", "--aliyun-cli", "--yes")
    assert "nothing to add" in again.stdout
    assert "0 new, 4 with a profile" in again.stdout


def test_the_line_that_it_ends_with_gives_a_session(machine: Machine, cli_file: CliFile) -> None:
    done = machine.succeeds("configure", "--aliyun-cli", "--yes")
    line = done.stdout.rpartition("type: ")[2].strip()
    assert machine.shell("bash", f"{line}; role-env status").stdout.startswith("hub  role hub of ")
    cli_file.write({"mode": "AK", **cli_file.key}, {"name": "key", "mode": "AK", **cli_file.key})
    done = machine.succeeds("configure", "--aliyun-cli", "--yes")
    assert "add a role: role-env configure PROFILE --role-arn ARN --source-profile key\n" in done.stdout


def test_what_is_new_in_the_clis_file_is_added_by_the_next_call(machine: Machine, cli_file: CliFile) -> None:
    machine.succeeds("configure", "--aliyun-cli", "--yes")
    before = machine.file.read_text()
    cli_file.write({"mode": "AK", **cli_file.key}, {"name": "本番３", "mode": "AK", **cli_file.key})
    machine.succeeds("configure", "--aliyun-cli", "--yes", "--region", "cn-beijing", "--color", "red")
    added = "[本番3]\ncredential_source = aliyun_cli\naliyun_profile = 本番３\nregion_id = cn-beijing\ncolor = red\n"
    assert machine.file.read_text() == f"{before}\n{added}"


def test_a_profile_of_ours_without_a_name_stands_for_the_current_one(machine: Machine, cli_file: CliFile) -> None:
    machine.add("[mine]\ncredential_source = aliyun_cli\nrole_arn = acs:ram::1:role/x\n")
    machine.succeeds("configure", "--aliyun-cli", "--yes")
    assert "default" not in machine.succeeds("list", "--names").stdout.split()


def test_a_person_chooses_by_number_or_a_part_of_the_name(machine: Machine, cli_file: CliFile) -> None:
    person = Person(machine, "configure", "--aliyun-cli")
    person.sees("  1  default  (AK)")
    person.sees("  3  prod-role  (RamRoleArn, role hub of 2222222222222222, prod role)")
    person.answers("Profiles to add: numbers such as 1,3-5, or a part of a name [all]: ", "１,prod")
    person.answers("Color red for the accounts whose name contains prod (1 profile)? yes or no [no]: ", "yes")
    person.answers(f"Append 2 profiles to {machine.file}? yes or no", "")
    person.ends()
    assert machine.succeeds("list", "--names").stdout.split() == ["profileA", "profileB", "default", "prod-role"]


def test_a_dry_run_and_a_line_with_mistakes_change_nothing(machine: Machine, cli_file: CliFile) -> None:
    before = machine.file.read_bytes()
    done = machine.succeeds("configure", "--aliyun-cli", "--dry-run")
    assert "[hub]\ncredential_source = aliyun_cli\n" in done.stdout
    assert "4 profiles would be appended" in done.stderr
    machine.fails("configure", "--aliyun-cli", status=2, said="requires --yes")
    for words in (("new",), ("--role-arn", HUB), ("--login",), ("--no-verify",)):
        machine.fails(
            "configure", "--aliyun-cli", "--yes", *words, status=2, said="the profiles come from the aliyun CLI"
        )
    machine.fails("configure", "--aliyun-cli", "--edit", status=2, said="exclude each other")
    assert machine.file.read_bytes() == before


def test_a_file_of_the_cli_that_cannot_be_used_is_an_error(machine: Machine, cli_file: CliFile) -> None:
    machine.write_cli_file("{")
    machine.fails("configure", "--aliyun-cli", "--yes", status=3, said="not JSON")
    (machine.home / ".aliyun" / "config.json").unlink()
    machine.fails("configure", "--aliyun-cli", "--yes", status=3, said="create it with: aliyun configure")


def test_a_kill_at_any_change_of_a_file_leaves_the_old_or_the_new_one(machine: Machine, cli_file: CliFile) -> None:
    old, strace = machine.file.read_text(), Strace(machine)
    for call in ("openat", "fsync", "rename", "unlink"):
        calls = range(1, 400, 40) if call == "openat" else range(1, 9)
        for number in calls:
            was_killed = strace.kill(call, number, "configure", "--aliyun-cli", "--yes")
            is_new = all(f"\n[{name}]\n" in machine.file.read_text() for name in NEW)
            assert is_new or machine.file.read_text() == old
            machine.succeeds("configure", "--aliyun-cli", "--yes")
            assert machine.succeeds("list", "--names").stdout.split() == ["profileA", "profileB", *NEW]
            assert [path.name for path in machine.file.parent.iterdir()] == ["profiles.ini"]
            machine.write(old)
            if not was_killed:
                break
