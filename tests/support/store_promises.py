"""What every store of secrets promises; the tests of each store inherit it."""

import secrets
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from role_env.keyrings import Entry

LONG = "x" * 12000
"""As long as a session with a long token and a session policy."""


class Store(NamedTuple):
    """A place for texts."""

    read: Callable[[Entry], str | None]
    write: Callable[[Entry, str], None]
    delete: Callable[[Entry], None]


class StorePromises:
    """The promises. A class that inherits them has the store as the fixture `store`."""

    @pytest.fixture
    def entry(self, store: Store) -> Iterator[Entry]:
        """Yield an entry that nothing else uses."""
        made = Entry("role-env test of stores", f"test {secrets.token_hex(8)}")
        yield made
        store.delete(made)

    @pytest.mark.parametrize(
        "text", ["", "lines\nof\ntext\n", "✓ 秘密", LONG], ids=["empty", "lines", "scripts", "long"]
    )
    def test_what_was_written_last_is_read_until_it_is_deleted(self, store: Store, entry: Entry, text: str) -> None:
        for written in (LONG, "before", text):
            store.write(entry, written)
            assert store.read(entry) == written
        store.delete(entry)
        assert store.read(entry) is None

    def test_what_is_not_there_is_none_and_can_be_deleted(self, store: Store, entry: Entry) -> None:
        assert store.read(entry) is None
        store.delete(entry)
        assert store.read(entry) is None

    def test_entries_of_like_names_are_apart(self, store: Store, entry: Entry) -> None:
        other = Entry(entry.service, f"{entry.username} 2")
        store.write(entry, "one")
        assert store.read(other) is None
        store.write(other, LONG)
        assert store.read(entry) == "one"
        store.delete(entry)
        assert store.read(other) == LONG
        store.delete(other)
