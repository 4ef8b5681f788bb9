"""What every store of secrets promises; the tests of each store inherit it."""

import secrets
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Protocol

import pytest

from role_env.keyrings import Entry

LONG = "x" * 12000
"""As long as a session with a long token and a session policy."""


class Store(Protocol):
    """A place for texts by name."""

    def read(self, name: str) -> str | None:
        """Return the text, None if there is none."""

    def write(self, name: str, text: str) -> None:
        """Store a text."""

    def delete(self, name: str) -> None:
        """Delete a text if it exists."""


def store_of(
    read: Callable[[Entry], str | None], write: Callable[[Entry, str], None], delete: Callable[[Entry], None]
) -> Store:
    """Return the entries of one service as a store."""

    def entry(name: str) -> Entry:
        return Entry("role-env test of stores", name)

    return SimpleNamespace(
        read=lambda name: read(entry(name)),
        write=lambda name, text: write(entry(name), text),
        delete=lambda name: delete(entry(name)),
    )


class StorePromises:
    """The promises. A class that inherits them has the store as the fixture `store`."""

    @pytest.fixture
    def name(self, store: Store) -> Iterator[str]:
        """Yield a name that nothing else uses."""
        made = f"test {secrets.token_hex(8)}"
        yield made
        store.delete(made)

    @pytest.mark.parametrize(
        "text", ["", "lines\nof\ntext\n", "✓ 秘密", LONG], ids=["empty", "lines", "scripts", "long"]
    )
    def test_what_was_written_last_is_read_until_it_is_deleted(self, store: Store, name: str, text: str) -> None:
        for written in (LONG, "before", text):
            store.write(name, written)
            assert store.read(name) == written
        store.delete(name)
        assert store.read(name) is None

    def test_what_is_not_there_is_none_and_can_be_deleted(self, store: Store, name: str) -> None:
        assert store.read(name) is None
        store.delete(name)
        assert store.read(name) is None

    def test_entries_of_like_names_are_apart(self, store: Store, name: str) -> None:
        other = f"{name} 2"
        store.write(name, "one")
        assert store.read(other) is None
        store.write(other, LONG)
        assert store.read(name) == "one"
        store.delete(name)
        assert store.read(other) == LONG
        store.delete(other)
