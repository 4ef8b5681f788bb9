"""The local Resource Directory lists an organization's accounts as the real one does, and refuses what it refuses."""

from cloud.api_client import Answer, Key, call, key_of
from cloud.resource_directory import VERSION, LocalResourceDirectory


def ask(directory: LocalResourceDirectory, key: Key | None = None, **parameters: str) -> Answer:
    """Call ListAccounts as test_user1, unless another key is given."""
    return call(directory, key or key_of(directory.sts), "ListAccounts", VERSION, **parameters)


def names(answer: Answer) -> list[str]:
    """Return the display names of the accounts in an answer."""
    return [row["DisplayName"] for row in answer.document["Accounts"]["Account"]]


def test_it_pages_by_number_with_ten_accounts_on_a_page_unless_asked_for_more(
    directory: LocalResourceDirectory,
) -> None:
    directory.add_members(20)
    first, third = ask(directory), ask(directory, PageNumber="3")
    assert (len(names(first)), first.document["TotalCount"], first.document["PageSize"]) == (10, 22, 10)
    assert len(names(third)) == 2
    assert names(ask(directory, PageNumber="4")) == []
    assert len(names(ask(directory, PageSize="100"))) == 22
    assert ask(directory, PageSize="101").code == "InvalidParameter.PageSize"


def test_it_pages_by_token_and_takes_each_token_once(directory: LocalResourceDirectory) -> None:
    directory.pages_by = "token"
    directory.add_members(20)
    first = ask(directory, MaxResults="20")
    token = first.document["NextToken"]
    assert (len(names(first)), "TotalCount" in first.document) == (20, False)
    assert ask(directory, NextToken=token, PageNumber="2").code == "InvalidParameter.NextToken"
    last = ask(directory, NextToken=token)
    assert (len(names(last)), "NextToken" in last.document) == (2, False)
    assert ask(directory, NextToken=token).code == "InvalidParameter.NextToken"


def test_it_refuses_a_request_that_is_not_signed_as_it_should_be(directory: LocalResourceDirectory) -> None:
    key = key_of(directory.sts)
    assert ask(directory, Key(key.id, "wrong")).code == "SignatureDoesNotMatch"
    assert call(directory, key, "ListAccounts", "2020-03-31").code == "InvalidVersion"
    assert directory.pages == 0
