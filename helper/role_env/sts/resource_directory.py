"""List the accounts of an organization. API: ResourceDirectoryMaster 2022-04-19, signed like calls to STS.

Only the management account and delegated administrators may call it.
"""

import itertools
from collections.abc import Mapping
from typing import Any

from role_env import validators
from role_env.command_table import ACCOUNT
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.dataclass import dataclass
from role_env.errors import UnreachableError, printable
from role_env.http.client import MOST_ROWS
from role_env.sts import client, sdk

LIST_ACTION = "resourcemanager:ListAccounts"
"""The name of the action in a RAM policy."""

_NAME = "Resource Directory"
_LONGEST_NAME = 400
_READY = ("CreateSuccess", "InviteSuccess", "PromoteSuccess")
"""The states of accounts that have joined, of those that the API documents."""


@dataclass(frozen=True)
class Member:
    """An account of the organization: its ID, its display name, which may be empty, and its status."""

    account_id: str
    display_name: str
    status: str

    @property
    def is_ready(self) -> bool:
        """Whether the account has joined the organization."""
        return self.status in _READY


def list_accounts(key: AccessKey, endpoint: str, context: Context) -> tuple[list[Member], int]:
    """Return the accounts of the organization that `key` belongs to, each once, and how many the list lacks.

    Raises StsError if the service refuses, UnreachableError if the list does not end by the deadline.
    """
    messages = context.messages
    with messages.waiting_for(f"{_NAME} at {endpoint}"):
        try:
            found, missing = _read_pages(key, endpoint, context)
            return list(found.values()), missing
        finally:
            messages.show_progress("")


def _read_pages(key: AccessKey, endpoint: str, context: Context) -> tuple[dict[str, Member], int]:
    """Return the accounts on all pages by ID, since an account that moves to another page is listed twice.

    A page that adds none ends the list; also return how many of TotalCount it lacks then.
    """
    found: dict[str, Member] = {}
    total = -1
    service = client.Service(_NAME, endpoint, context)
    service.connect()
    for number in itertools.count(1):
        request = sdk.rpc_request("ResourceDirectoryMaster", "2022-04-19", "ListAccounts")
        page = service.send(request, {"PageNumber": str(number), "PageSize": str(MOST_ROWS)}, key)
        before, total_before = len(found), total
        with service.reading():
            found |= {member.account_id: member for member in _members(page)}
            total = _total(page)
        context.messages.show_progress(f"role-env: listed {len(found)} accounts")
        if total_before not in (-1, total):
            hint = "the list may have changed while it was read: try again"
            raise UnreachableError(f"{endpoint} listed {len(found)} of {total} accounts", hint=hint)
        if len(found) >= total or len(found) == before:
            break
    return found, max(0, total - len(found))


def _members(answer: Mapping[str, Any]) -> list[Member]:
    accounts = answer.get("Accounts")
    rows = accounts.get("Account") if isinstance(accounts, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it contains no list of accounts")
    return [_member(row) for row in rows]


def _member(row: Mapping[str, Any]) -> Member:
    account_id, name, status = (row.get(key) or "" for key in ("AccountId", "DisplayName", "Status"))
    if not isinstance(account_id, str) or validators.value_fault(ACCOUNT, account_id):
        raise ValueError("AccountId is not the number of an account")
    if not isinstance(name, str) or not isinstance(status, str):
        raise ValueError("DisplayName or Status is not text")
    return Member(account_id, printable(name[:_LONGEST_NAME]), printable(status)[:40])


def _total(answer: Mapping[str, Any]) -> int:
    total = answer.get("TotalCount")
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise ValueError("TotalCount is not a number")
    return total
