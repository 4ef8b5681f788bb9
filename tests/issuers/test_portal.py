"""The lists of a portal, which come in pages."""

from typing import Any

import pytest

from role_env.errors import UnreachableError
from role_env.issuers.portal import Portal
from support.contexts import context


class Endless(Portal):
    """A portal that always says that there is one more page."""

    pages = 0

    def send(self, *_: object, **__: object) -> dict[str, Any]:
        """Answer with a page that names the next one."""
        self.pages += 1
        row = {"AccountId": "2222222222222222", "DisplayName": "Production"}
        return {"Accounts": [row], "IsTruncated": True, "NextToken": "more"}


def test_a_list_whose_pages_have_no_end_is_reported() -> None:
    portal = Endless("https://signin-cn-shanghai.alibabacloudsso.com/start", context())
    with pytest.raises(UnreachableError, match="its pages have no end"):
        portal.list_accounts("token")
    assert portal.pages == 1000
