"""A local Resource Directory: ListAccounts of ResourceDirectoryMaster 2022-04-19 over TLS, signed as STS's calls are.

In a test::

    with LocalResourceDirectory(tmp_path / "directory", sts) as directory:
        directory.members.append(Member("4444444444444444", "Lab"))
        directory.fault("html-200", after=1)                     # the second page is lost

Account A is the management account. A user may ask whose `allows` has resourcemanager:ListAccounts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cloud.answers import Document, Refused
from cloud.api_server import ApiServer
from cloud.local_sts import LocalSts
from cloud.signatures import Request
from cloud.world import ACCOUNT_A, ACCOUNT_B, ACCOUNT_C, Identity, Role
from support.machine import Machine

VERSION = "2022-04-19"
ACTION = "resourcemanager:ListAccounts"
ROLE = "ResourceDirectoryAccountAccessRole"
LARGEST_PAGE = 100

HOSTILE_NAMES = (
    "生产/支付",
    "[prod]",
    "🚀",
    "x" * 200,
    "Staging",
    "Staging",
    "line\nrole_arn = acs:ram::9999999999999999:role/evil\n[evil]",
    "",
    "DEFAULT",
    "role-env",
    "role-env-none",
    "role-env-served",
    "profileA",
    "renew",
    "-rf",
    "--",
    "\x1b]0;owned\x07\x1b[2J",
    "$(touch owned)`touch owned`",
    "' ; touch owned ; '",
    "staging",
    "Stag\u200bing",
    "St\ufe0faging",
    "pay\u3164",
    "\u202egnigats",
    "\ud800",
    "a\u0300\u0301",
    "\u0300",
    "z" + "\u0300\u0316" * 40,
    "ที่ปรึกษา",
    "हिन्दी",
    "ＰＲＯＤ",
    "#comment",
    ";comment",
    "key = value",
    "%(x)s ${x}",
    "a\x00b",
    "\u2028",
    "Straße",
    "STRASSE",
)
"""Names that people may have given, by accident or not."""


@dataclass
class Member:
    """A member account of the organization."""

    account_id: str
    display_name: str
    status: str = "CreateSuccess"


class LocalResourceDirectory(ApiServer):
    """A running Resource Directory; see ApiServer."""

    def __init__(self, folder: Path, sts: LocalSts) -> None:
        self.sts = sts
        self.members = [Member(ACCOUNT_B, "Production"), Member(ACCOUNT_C, "Staging", "InviteSuccess")]
        self.answers: dict[int, Document] = {}
        """What replaces parts of the answer of a page, counted from 1."""
        self.before_page: Callable[[int], object] = bool
        """What happens before a page is answered, by its number."""
        self.pages = 0
        """The pages that were asked for."""
        super().__init__(folder, sts.world)

    def version_of(self, action: str) -> str | None:
        """Return the version of the only action, else None."""
        return VERSION if action == "ListAccounts" else None

    def act(self, request: Request, identity: Identity, fault: str) -> Document:
        """List the accounts. Raises Refused."""
        if identity.account != ACCOUNT_A:
            raise Refused("EntityNotExists.ResourceDirectory", "The resource directory is not enabled.", status=404)
        if not identity.is_allowed(ACTION, f"acs:resourcemanager:*:{identity.account}:account/*"):
            raise Refused("NoPermission")
        self.pages += 1
        self.before_page(self.pages)
        given = request.parameters
        number, size = _number(given, "PageNumber", 1, 10**6), _number(given, "PageSize", 10, LARGEST_PAGE)
        rows = self.members[(number - 1) * size : number * size]
        page = {"TotalCount": len(self.members), "PageNumber": number, "PageSize": size}
        return {**_listed(rows), **page, **self.answers.get(self.pages, {})}

    def add_members(self, count: int) -> None:
        """Add so many accounts, the first of them with hostile names, and let each have the usual role."""
        for number in range(count):
            name = HOSTILE_NAMES[number] if number < len(HOSTILE_NAMES) else f"team-{number}"
            self.add_member(Member(f"{5000000000000000 + number}", name))

    def add_member(self, member: Member) -> None:
        """Add an account with the role that the management account's user test_user1 may assume."""
        self.members.append(member)
        self.world.add_role(Role(member.account_id, ROLE, {f"acs:ram::{ACCOUNT_A}:root"}))
        user = self.world.key_of("test_user1").user
        assert user
        user.may_assume.add(f"acs:ram::{member.account_id}:role/{ROLE}")


def _number(given: dict[str, str], name: str, default: int, most: int) -> int:
    text = given.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise Refused(f"InvalidParameter.{name}")
    return int(text)


def _listed(members: list[Member]) -> Document:
    rows = [
        {
            "AccountId": member.account_id,
            "DisplayName": member.display_name,
            "FolderId": "fd-QRzuim0001",
            "JoinMethod": "invited" if member.status.startswith("Invite") else "created",
            "Status": member.status,
            "Type": "ResourceAccount",
        }
        for member in members
    ]
    return {"Accounts": {"Account": rows}}


@contextlib.contextmanager
def directory_of(machine: Machine) -> Iterator[LocalResourceDirectory]:
    """Give the machine a Resource Directory whose world is the STS's, and let test_user1 list the accounts."""
    with LocalResourceDirectory(machine.temporary / "directory", machine.sts) as started:
        machine.environ["ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT"] = started.endpoint
        user = machine.sts.world.key_of("test_user1").user
        assert user
        user.allows.add(ACTION)
        yield started
