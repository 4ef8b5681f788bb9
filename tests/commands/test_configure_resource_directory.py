"""configure --resource-directory: a profile for each account of an organization."""

import subprocess

from cloud.resource_directory import ROLE, LocalResourceDirectory, Member
from cloud.world import ACCOUNT_A, ACCOUNT_B, ACCOUNT_C
from role_env import validators as rules
from support.machine import Machine
from support.terminal import Person


def configure(machine: Machine, *options: str, profile: str = "profileA") -> subprocess.CompletedProcess[str]:
    return machine.role_env("configure", "--resource-directory", profile, *options)


def names(machine: Machine) -> list[str]:
    """Return the profiles of the file beside the standard ones."""
    return machine.succeeds("list", "--names").stdout.splitlines()[2:]


def test_each_account_becomes_a_profile(machine: Machine, directory: LocalResourceDirectory) -> None:
    before = machine.file.read_text()
    done = configure(machine, "--yes", "--region", "cn-shanghai")
    assert done.returncode == 0, done.stderr
    text = before
    for name, account in (("Production", ACCOUNT_B), ("Staging", ACCOUNT_C)):
        text += f"\n[{name}]\nrole_arn = acs:ram::{account}:role/{ROLE}\nsource_profile = profileA\n"
        text += f"expected_account_id = {account}\nregion_id = cn-shanghai\n"
    assert machine.file.read_text() == text
    summary = f"\nthe organization has 2 accounts, 2 new\nappended 2 profiles to {machine.file}"
    assert done.stdout.endswith(f'{summary}; type: eval "$(role-env Production || echo false)"\n')
    assert not machine.sts.issued


def test_230_accounts_with_any_names_become_profiles_that_work_and_that_a_second_run_leaves_alone(
    machine: Machine, directory: LocalResourceDirectory
) -> None:
    directory.members.clear()
    directory.add_members(230)
    assert configure(machine, "--yes").returncode == 0
    assert directory.pages in (3, 4)  # the first one of ten, where the server does not take PageSize
    found = names(machine)
    assert len({name.casefold() for name in found}) == 230
    assert not [name for name in found if rules.name_fault(name)]
    assert {"生产/支付", "prod", "x" * 64, "Staging", "ที่ปรึกษา", "हिन्दी"} <= set(found)
    listed = machine.succeeds("list").stdout
    assert len(listed.splitlines()) >= 232
    for name in found[:10]:
        machine.succeeds("export", name, "--format", "json")
    assert [session.role.account for session in machine.sts.issued] == [
        member.account_id for member in directory.members[:10]
    ]
    text = machine.file.read_bytes()
    done = configure(machine, "--yes")
    assert (done.returncode, machine.file.read_bytes() == text) == (0, True)
    assert done.stdout == (
        f"nothing to add to {machine.file}: the organization has 230 accounts, 0 new, 230 with a profile\n"
    )
    directory.add_member(Member("6000000000000000", "Staging"))
    assert configure(machine, "--yes").returncode == 0
    assert names(machine) == [*found, "Staging-6000000000000000"]
    assert machine.file.read_bytes().startswith(text)


def test_the_management_account_and_accounts_that_are_no_members_are_left_out_and_counted(
    machine: Machine, directory: LocalResourceDirectory
) -> None:
    directory.members += [
        Member(ACCOUNT_A, "Management"),
        Member("4444444444444444", "New", "CreateVerifying"),
        Member("4444444444444445", "Failed", "CreateFailed"),
        Member("4444444444444446", "Promoted", "PromoteSuccess"),
        Member("4444444444444447", "Unsaid", ""),
        Member("4444444444444448", "Deleted", "DeleteSuccess"),
        Member("4444444444444449", "None", "NoSuccess"),
    ]
    done = configure(machine, "--yes")
    assert names(machine) == ["Production", "Staging", "Promoted"]
    said = "9 accounts, 3 new, 1 the management account itself, 5 not yet or no longer members\n"
    assert said in done.stdout


def test_an_account_that_has_left_is_reported_and_its_profile_stays(
    machine: Machine, directory: LocalResourceDirectory
) -> None:
    configure(machine, "--yes")
    machine.add("[audit]\nrole_arn = acs:ram::4444444444444444:role/Auditor\nsource_profile = profileA\n")
    gone = directory.members.pop()
    text = machine.file.read_text()
    done = configure(machine, "--yes")
    assert (done.returncode, machine.file.read_text()) == (0, text)
    line = text.splitlines().index(f"role_arn = acs:ram::{gone.account_id}:role/{ROLE}") + 1
    left = f"profile Staging: account {gone.account_id} has left the organization ({machine.file}, line {line})"
    assert done.stderr == f"role-env: {left}\n"


def test_an_account_is_known_by_the_role_of_a_profile_whatever_its_name_and_source(
    machine: Machine, directory: LocalResourceDirectory
) -> None:
    machine.add(f"[mine]\nrole_arn = acs:ram::{ACCOUNT_B}:role/{ROLE.lower()}\ncredential_source = environment\n")
    machine.add(f"[other]\nrole_arn = acs:ram::{ACCOUNT_C}:role/Other\nsource_profile = profileA\nbroken = x\n")
    assert configure(machine, "--yes").returncode == 0
    assert names(machine) == ["mine", "other", "Staging"]


def test_dry_run_writes_nothing_and_says_that_the_usual_role_is_an_administrators_and_role_names_another(
    machine: Machine, directory: LocalResourceDirectory
) -> None:
    before = machine.file.read_bytes()
    done = configure(machine, "--dry-run")
    assert (done.returncode, done.stdout.count("["), machine.file.read_bytes()) == (0, 2, before)
    said = f"2 profiles would be appended to {machine.file}: the organization has 2 accounts, 2 new\n"
    assert done.stderr.endswith(said)
    assert f"{ROLE} is an administrator's role by default; --role NAME names a narrower one" in done.stderr
    done = configure(machine, "--dry-run", "--role", "Reader")
    assert f"role_arn = acs:ram::{ACCOUNT_B}:role/Reader\n" in done.stdout
    assert "administrator" not in done.stderr
    for wrong in ("", "acs:ram::1:role/x", "a b", "x\n[evil]", "x" * 65):
        done = configure(machine, "--yes", "--role", wrong)
        assert (done.returncode, "is not a role's name" in done.stderr) == (2, True)


def test_a_session_of_a_profile_may_list_the_accounts(machine: Machine, directory: LocalResourceDirectory) -> None:
    role = machine.sts.world.role("hub")
    role.account, role.allows = ACCOUNT_A, {"resourcemanager:ListAccounts"}
    machine.sts.world.add_role(role)
    machine.sts.world.key_of("test_user1").user.may_assume.add(role.arn)  # type: ignore[union-attr]
    machine.add(f"[lister]\nrole_arn = {role.arn}\nsource_profile = profileA\n")
    done = configure(machine, "--yes", profile="lister")
    assert done.returncode == 0, done.stderr
    assert "source_profile = lister" in machine.file.read_text()
    assert directory.calls[-1].identity.endswith(":assumed-role/hub/" + machine.sts.issued[0].name)


def test_the_key_agents_of_its_own_section_is_copied(machine: Machine, directory: LocalResourceDirectory) -> None:
    standard = machine.standard_profiles()
    machine.write(standard.replace("[profileA]", "[profileA]\nagents = read-only\ncolor = red"))
    text = configure(machine, "--dry-run").stdout
    assert (text.count("agents = read-only\n"), text.count("color")) == (2, 0)
    machine.write(f"[DEFAULT]\nagents = full\n{standard}")
    assert "agents" not in configure(machine, "--dry-run").stdout


def test_a_person_who_says_no_or_none_changes_nothing(machine: Machine, directory: LocalResourceDirectory) -> None:
    before = machine.file.read_bytes()
    person = Person(machine, "configure", "--resource-directory", "profileA", "--all", "--color", "red")
    person.answers(f"Append 2 profiles to {machine.file}? yes or no", "no")
    person.sees("nothing was appended")
    person.ends()
    person = Person(machine, "configure", "--resource-directory", "profileA")
    person.answers("or a part of a name [all]: ", "none")
    person.sees("nothing to add")
    person.ends()
    assert machine.file.read_bytes() == before


def test_a_person_sees_how_far_the_list_is(machine: Machine, directory: LocalResourceDirectory) -> None:
    directory.add_members(130)
    directory.fault("delay:2", after=1)
    person = Person(machine, "configure", "--resource-directory", "profileA")
    person.sees("role-env: listed 100 accounts")
    person.answers("or a part of a name [all]: ", "none")
    person.ends()


USAGE = {
    "profileA": "without a terminal, configure --resource-directory requires --yes",
    "profileA --all": "without a terminal, configure --resource-directory requires --yes",
    "profileA --yes --no-browser": "--no-browser requires --cloud-sso",
    "profileA --yes --role-arn acs:ram::1:role/x": "with --resource-directory, the profiles come from",
    "profileA --yes --login": "with --resource-directory, the profiles come from the organization",
    "profileA --yes --cloud-sso https://x/": "--cloud-sso and --resource-directory exclude each other",
    "profileA --yes --site mars": "--site mars is none of china, international",
}


def test_a_usage_error_is_exit_2_before_anything_is_sent(machine: Machine, directory: LocalResourceDirectory) -> None:
    for line, said in USAGE.items():
        machine.fails("configure", "--resource-directory", *line.split(), status=2, said=said)
    for option in ("--role x", "--site china", "--all", "--yes"):  # which are for lists alone
        machine.fails("configure", "new", *option.split(), status=2, said=f"{option.split()[0]} requires --")
    assert not directory.calls
    assert not machine.sts.calls


def test_an_unknown_profile_is_exit_3_before_anything_is_sent(
    machine: Machine, directory: LocalResourceDirectory
) -> None:
    said = "there is no profile profileX"
    machine.fails("configure", "--resource-directory", "profileX", "--yes", status=3, said=said)
    assert not directory.calls
    assert not machine.sts.calls
