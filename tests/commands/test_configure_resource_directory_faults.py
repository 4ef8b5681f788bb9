"""What goes wrong while an organization is listed, or while its profiles are written, leaves the file as it is."""

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from cloud.resource_directory import LocalResourceDirectory
from role_env.commands.configure.organization import DEFAULT_ROLE
from support.cases import case
from support.machine import Machine
from support.terminal import Person

CONFIGURE = ("configure", "--resource-directory", "profileA", "--yes")
GARBAGE: dict[str, dict[str, Any]] = {
    "no accounts": {"Accounts": None},
    "a list in the place of the accounts": {"Accounts": [{"AccountId": "4444444444444444"}]},
    "accounts that are a text": {"Accounts": {"Account": "x"}},
    "an account that is a text": {"Accounts": {"Account": ["4444444444444444"]}},
    "an account without an ID": {"Accounts": {"Account": [{"DisplayName": "x", "Status": "CreateSuccess"}]}},
    "an ID that is a number": {"Accounts": {"Account": [{"AccountId": 4444444444444444}]}},
    "an ID with lines": {"Accounts": {"Account": [{"AccountId": "4444:role/x\n[evil]"}]}},
    "an ID that is too long": {"Accounts": {"Account": [{"AccountId": "4" * 33}]}},
    "a name that is a list": {"Accounts": {"Account": [{"AccountId": "4444", "DisplayName": ["x"]}]}},
    "a status that is a number": {"Accounts": {"Account": [{"AccountId": "4444", "Status": 1}]}},
    "no count": {"TotalCount": None},
    "a count that is a text": {"TotalCount": "230"},
    "a count that is no number": {"TotalCount": True},
    "a negative count": {"TotalCount": -1},
    "an error with status 200": {"Code": "InternalError"},
}
PAGES = (1, 2, 3)


class Organization:
    """An organization of three pages, of which two are of 100 accounts, and who lists it into the profiles file."""

    def __init__(self, machine: Machine, directory: LocalResourceDirectory) -> None:
        self.machine, self.directory = machine, directory
        directory.add_members(228)
        self.before = machine.file.read_bytes()

    def refuses(self, status: int, said: str, *line: str, **environ: str) -> str:
        """Check that listing it ends with `status` and leaves the profiles file as it was; return stderr."""
        self.directory.pages = 0
        done = self.machine.fails(*(line or CONFIGURE), status=status, said=said, **environ)
        assert done.stdout == ""
        self.check_unchanged()
        return done.stderr

    def check_unchanged(self) -> None:
        """Check that the profiles file is as it was, and alone."""
        file = self.machine.file
        assert (file.read_bytes(), list(file.parent.iterdir())) == (self.before, [file])

    def at_page(self, page: int, act: Callable[[], object]) -> None:
        """Let `act` happen while `page` is answered."""
        self.directory.pages = 0
        self.directory.before_page = lambda number: act() if number == page else None


@pytest.fixture
def organization(machine: Machine, directory: LocalResourceDirectory) -> Organization:
    """The organization of the machine's account A."""
    return Organization(machine, directory)


@pytest.mark.parametrize("fault", ["html-200", "503", "reset-mid-answer", "truncated-json", "json-list", "huge"])
def test_a_page_that_is_lost_is_exit_5(organization: Organization, fault: str) -> None:
    directory = organization.directory
    for page in PAGES:
        directory.fault(fault, times=None, after=page - 1)
        with case("page", page):
            organization.refuses(5, directory.endpoint)
        directory.heal()


def test_garbage_is_exit_5(organization: Organization) -> None:
    for what, page in itertools.product(GARBAGE, (1, 3)):
        organization.directory.answers = {page: GARBAGE[what]}
        with case(what, "on page", page):
            err = organization.refuses(5, "did not answer like Resource Directory (")
            assert "hint: check ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT" in err


def test_of_a_list_that_is_shorter_than_it_says_what_is_there_is_offered_and_what_is_missing_is_counted(
    organization: Organization,
) -> None:
    machine, directory = organization.machine, organization.directory
    missing = directory.members[-1].account_id
    machine.add(f"[missing]\nrole_arn = acs:ram::{missing}:role/{DEFAULT_ROLE}\nsource_profile = profileA\n")
    directory.answers[3] = {"Accounts": {"Account": []}}
    done = machine.succeeds(*CONFIGURE)
    assert f"role-env: 30 accounts are missing: {directory.endpoint} listed 200 of 230\n" in done.stderr
    assert "has left the organization" not in done.stderr
    assert machine.file.read_text().count("\nexpected_account_id") == 200


def test_a_key_that_may_not_list_the_accounts_gets_the_policy_that_allows_it(organization: Organization) -> None:
    user = organization.machine.sts.world.key_of("test_user1").user
    assert user
    user.allows.clear()
    err = organization.refuses(4, f"profile profileA: {user.arn} could not list the accounts: ")
    policy = re.search(r"hint: attach the policy (\{.*\}) to it\n", err)
    assert policy
    (statement,) = json.loads(policy[1])["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
    user.allows.add(statement["Action"])
    organization.machine.succeeds(*CONFIGURE)


def test_a_key_that_sts_refuses_is_exit_4_and_names_the_profile(organization: Organization) -> None:
    organization.machine.sts.world.key_of("test_user1").active = False
    said = "profile profileA: STS said InvalidAccessKeyId.Inactive: Specified access key is disabled. "
    organization.refuses(4, f"{said}({organization.machine.file}, ")
    assert not organization.directory.calls


def test_a_profile_of_another_account_is_exit_4_and_says_whose_profile_to_name(organization: Organization) -> None:
    line = ("configure", "--resource-directory", "profileB", "--yes")
    err = organization.refuses(4, "could not list the accounts", *line)
    assert err.endswith("hint: name a profile of the organization's management account or delegated administrator\n")


def test_an_account_that_leaves_between_two_pages_makes_the_list_incomplete(organization: Organization) -> None:
    organization.at_page(2, lambda: organization.directory.members.pop(0))
    organization.refuses(5, "the list may have changed while it was read: try again")


def test_a_profile_that_is_added_meanwhile_stays(organization: Organization) -> None:
    machine = organization.machine
    organization.at_page(2, lambda: machine.add("[mine]\nsource_profile = profileA\nrole_arn = acs:ram::1:role/x\n"))
    machine.succeeds(*CONFIGURE)
    assert machine.succeeds("list", "--names").stdout.splitlines()[2:5] == ["mine", "Production", "Staging"]


# What becomes of the file, the exit status, and what is reported.
CHANGES: dict[str, tuple[Callable[[str], str], int, str]] = {
    "a profile of the same name": (lambda text: f"{text}\n[Staging]\nsource_profile = profileA\n", 2, "try again"),
    "no source": (
        lambda text: text.replace("[profileA]", "[profileZ]"),
        3,
        "source_profile names no profile of the file",
    ),
    "a line that is invalid": (lambda text: f"{text}\n[x]\nbroken\n", 3, "line"),
    "a default": (lambda text: f"[DEFAULT]\nread_only = yes\n{text}", 3, "read_only and may not assume a role"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_file_that_can_no_longer_have_the_profiles_stays_as_it_is(organization: Organization, what: str) -> None:
    machine, before = organization.machine, organization.before.decode()
    change, status, said = CHANGES[what]
    changed = change(before)
    organization.at_page(3, lambda: machine.write(changed))
    machine.fails(*CONFIGURE, status=status, said=said)
    assert machine.file.read_text() == changed
    machine.write(before)
    person = Person(machine, *CONFIGURE[:-1], "--all")
    person.sees("Append 230 profiles to")
    machine.write(changed)
    person.answers("? yes or no", "yes")
    person.sees(said)
    person.ends(status)
    assert machine.file.read_text() == changed


def test_a_variable_that_names_no_host_is_exit_3_and_nothing_is_sent(organization: Organization) -> None:
    variable = "ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT"
    organization.refuses(3, f"the variable {variable} begins with http://", **{variable: "http://localhost"})
    assert not organization.machine.sts.calls
