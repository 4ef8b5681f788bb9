"""What goes wrong while an organization is listed, or while its profiles are written, leaves the file as it is."""

import json
import re
import signal
import time
from collections.abc import Callable
from typing import Any, Literal

import pytest

from cloud.resource_directory import LocalResourceDirectory
from support.machine import Machine
from support.system_faults import SystemFaults
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
    "a token that is a number": {"NextToken": 7},
    "an error with status 200": {"Code": "InternalError"},
}


@pytest.fixture
def before(machine: Machine, directory: LocalResourceDirectory) -> bytes:
    """The profiles file, beside an organization of three pages of which two are of 100 accounts."""
    directory.add_members(228)
    return machine.file.read_bytes()


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("fault", ["html-200", "503", "reset-mid-answer", "truncated-json", "json-list", "huge"])
def test_a_page_that_is_lost_is_exit_5(
    machine: Machine, directory: LocalResourceDirectory, before: bytes, page: int, fault: str
) -> None:
    directory.pages_by = "token" if fault in ("503", "json-list") else "number"
    directory.fault(fault, times=None, after=page - 1)
    done = machine.fails(*CONFIGURE, status=5, said=directory.endpoint)
    assert (done.stdout, machine.file.read_bytes()) == ("", before)


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("fault", ["throttling", "reset-after-request"])
def test_a_page_that_is_lost_once_is_asked_for_again(
    machine: Machine, directory: LocalResourceDirectory, before: bytes, page: int, fault: str
) -> None:
    directory.fault(fault, after=page - 1)
    machine.succeeds(*CONFIGURE)
    assert machine.file.read_text().count("\nexpected_account_id") == 230


def test_pages_without_an_answer_end_at_the_deadline(
    machine: Machine, directory: LocalResourceDirectory, before: bytes
) -> None:
    directory.fault("hang", times=None, after=1)
    began = time.monotonic()
    machine.fails(*CONFIGURE, status=5, said="timed out", ROLE_ENV_TIMEOUT="4")
    assert time.monotonic() - began < 20  # 4, and what a crowded machine adds
    assert machine.file.read_bytes() == before


def test_throttling_that_lasts_is_exit_5_and_says_to_wait(
    machine: Machine, directory: LocalResourceDirectory, before: bytes
) -> None:
    directory.fault("throttling", times=None)
    machine.fails(*CONFIGURE, status=5, said="Throttling.User\nrole-env: hint: wait a minute and try again")
    assert machine.file.read_bytes() == before


@pytest.mark.parametrize("what", GARBAGE)
@pytest.mark.parametrize("page", [1, 3])
def test_garbage_is_exit_5(
    machine: Machine, directory: LocalResourceDirectory, before: bytes, what: str, page: int
) -> None:
    directory.answers[page] = GARBAGE[what]
    done = machine.fails(*CONFIGURE, status=5, said="did not answer like Resource Directory (")
    assert "hint: check ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT" in done.stderr
    assert (done.stdout, machine.file.read_bytes()) == ("", before)


def test_a_list_that_is_shorter_than_it_says_is_exit_5(
    machine: Machine, directory: LocalResourceDirectory, before: bytes
) -> None:
    directory.answers[3] = {"Accounts": {"Account": []}}
    machine.fails(*CONFIGURE, status=5, said="listed 200 of 230 accounts\nrole-env: hint: the list may have changed")
    assert machine.file.read_bytes() == before


@pytest.mark.parametrize("endless", ["new token", "same token"])
def test_pages_without_an_end_are_exit_5(
    machine: Machine, directory: LocalResourceDirectory, before: bytes, endless: Literal["new token", "same token"]
) -> None:
    directory.pages_by, directory.endless = "token", endless
    done = machine.fails(*CONFIGURE, status=5, said=directory.endpoint)
    assert re.search("its pages have no end|it timed out", done.stderr)  # a thousand pages, on a crowded machine fewer
    assert machine.file.read_bytes() == before


def test_who_may_not_list_the_accounts_gets_the_policy_that_lets_him(
    machine: Machine, directory: LocalResourceDirectory, before: bytes
) -> None:
    user = machine.sts.world.key_of("test_user1").user
    assert user
    user.allows.clear()
    done = machine.fails(*CONFIGURE, status=4, said=f"profile profileA: {user.arn} could not list the accounts: ")
    assert machine.file.read_bytes() == before
    policy = re.search(r"hint: attach the policy (\{.*\}) to it\n", done.stderr)
    assert policy
    (statement,) = json.loads(policy[1])["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
    user.allows.add(statement["Action"])
    machine.succeeds(*CONFIGURE)


def test_a_key_that_sts_refuses_is_exit_4_and_names_the_profile(
    machine: Machine, directory: LocalResourceDirectory
) -> None:
    machine.sts.world.key_of("test_user1").active = False
    said = (
        f"profile profileA: STS said InvalidAccessKeyId.Inactive: Specified access key is disabled. ({machine.file}, "
    )
    machine.fails(*CONFIGURE, status=4, said=said)
    assert not directory.calls


def test_a_profile_of_another_account_is_exit_4_and_says_whose_profile_to_name(
    machine: Machine, directory: LocalResourceDirectory, before: bytes
) -> None:
    done = machine.fails(
        "configure", "--resource-directory", "profileB", "--yes", status=4, said="could not list the accounts"
    )
    assert done.stderr.endswith(
        "hint: name a profile of the organization's management account or delegated administrator\n"
    )
    assert machine.file.read_bytes() == before


@pytest.mark.parametrize("page", [1, 2, 3])
def test_ctrl_c_at_a_page_ends_at_once(
    machine: Machine, directory: LocalResourceDirectory, before: bytes, page: int
) -> None:
    process = machine.start(*CONFIGURE)
    directory.before_page = lambda number: process.send_signal(signal.SIGINT) if number == page else None
    directory.fault("slow", times=None, after=page - 1)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "role-env: interrupted\n")
    assert machine.file.read_bytes() == before


def test_a_disk_that_is_full_leaves_the_file(machine: Machine, directory: LocalResourceDirectory) -> None:
    before = machine.file.read_bytes()
    machine.succeeds(*CONFIGURE)
    whole = machine.file.read_bytes()
    faults = SystemFaults(machine)
    said = f"{machine.file} could not be written: No space left on device"
    statuses = {}
    for number in range(1, 7):  # of the writes of each thread: to servers, to the file, to stdout
        machine.file.write_bytes(before)
        done = faults.run("write", "ENOSPC", number, *CONFIGURE)
        statuses[said in done.stderr] = done.returncode
        assert machine.file.read_bytes() in ((before,) if said in done.stderr else (before, whole))
        assert [path.name for path in machine.file.parent.iterdir()] == [machine.file.name]
    assert statuses == {True: 3, False: 0}


def test_a_file_that_may_not_grow_stays_as_it_is(
    machine: Machine, directory: LocalResourceDirectory, before: bytes
) -> None:
    done = machine.shell("bash", f"ulimit -f 2; role-env {' '.join(CONFIGURE)}")
    assert (done.returncode, "could not be written: File too large" in done.stderr) == (3, True)
    assert [path.name for path in machine.file.parent.iterdir()] == [machine.file.name]
    assert machine.file.read_bytes() == before


def at_page(directory: LocalResourceDirectory, page: int, act: Callable[[], object]) -> None:
    """Let `act` happen while `page` is answered."""
    directory.before_page = lambda number: act() if number == page else None


def test_an_account_that_leaves_between_two_pages_makes_the_list_no_whole_one(
    machine: Machine, directory: LocalResourceDirectory, before: bytes
) -> None:
    at_page(directory, 2, lambda: directory.members.pop(0))
    machine.fails(*CONFIGURE, status=5, said="the list may have changed while it was read: try again")
    assert machine.file.read_bytes() == before


def test_a_profile_that_is_added_meanwhile_stays(
    machine: Machine, directory: LocalResourceDirectory, before: bytes
) -> None:
    at_page(directory, 2, lambda: machine.add("[mine]\nsource_profile = profileA\nrole_arn = acs:ram::1:role/x\n"))
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
def test_a_file_that_can_no_longer_have_the_profiles_stays_as_it_is(
    machine: Machine, directory: LocalResourceDirectory, before: bytes, what: str
) -> None:
    change, status, said = CHANGES[what]
    changed = change(before.decode())
    at_page(directory, 3, lambda: machine.write(changed))
    machine.fails(*CONFIGURE, status=status, said=said)
    assert machine.file.read_text() == changed
    machine.write(before.decode())
    person = Person(machine, *CONFIGURE[:-1], "--all")
    person.sees("Append 230 profiles to")
    machine.write(changed)
    person.answers("? yes or no", "yes")
    person.sees(said)
    person.ends(status)
    assert machine.file.read_text() == changed


@pytest.mark.parametrize(
    "host",
    ["evil.example", "resourcedirectory.aliyuncs.com.evil.example", "my-bucket.aliyuncs.com", "127.0.0.1.nip.io"],
)
def test_a_variable_that_names_another_host_is_exit_3_and_nothing_is_sent(
    machine: Machine, directory: LocalResourceDirectory, host: str
) -> None:
    said = f"the variable ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT names {host}, and a variable may name only"
    machine.fails(*CONFIGURE, status=3, said=said, ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT=host)
    assert not machine.sts.calls
