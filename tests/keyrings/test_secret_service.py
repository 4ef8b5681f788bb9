"""The direct read returns what keyring stored or fails, in time; each store keeps what a store promises."""

import itertools
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from role_env.context import Context
from role_env.context.messages import Messages
from role_env.keyrings import dbus, secret_service, vault
from role_env.keyrings.secret_service import CannotReadDirectly, SlowService
from role_env.keyrings.system import SystemKeyring
from support.bus_messages import ATTRIBUTES, NAME, SECRET, SERVICE, SEVERAL, SHORT, SLACK, assert_unsure, read
from support.secret_service_bus import KeyringBus
from support.silent_bus import SilentBus, StoppedBus
from support.store_promises import Store, StorePromises
from support.waiting import DEADLINE


@pytest.fixture
def own(keyring: KeyringBus, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The backend of keyring for it."""
    from keyring.backends.SecretService import Keyring

    for variable, value in keyring.environment.items():
        monkeypatch.setenv(variable, value)
    return Keyring()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "secret",
    ["s3cret", "", "a\nb\r\n\tc ", "sécret ✓ 秘密 🔑", "x" * 3000, "é秘" * 30000],
    ids=["ascii", "empty", "lines", "utf-8", "3000", "60000"],
)
def test_the_secret_is_what_keyring_stored(keyring: KeyringBus, own: Any, secret: str) -> None:
    own.set_password(SERVICE, NAME, secret)
    assert read(SERVICE, NAME, keyring.environment, seconds=DEADLINE) == secret


@pytest.mark.parametrize(
    ("service", "name"), [("sérvice 秘", "näme"), ("s", "é"), ("abcd", "abcdefg"), ("x" * 999, "n")]
)
def test_names_of_any_length_and_script_are_found(keyring: KeyringBus, own: Any, service: str, name: str) -> None:
    own.set_password(service, name, "s3cret")
    assert read(service, name, keyring.environment, seconds=DEADLINE) == "s3cret"


def test_only_the_item_asked_for_is_read(keyring: KeyringBus, own: Any) -> None:
    for service, name in itertools.product(("one", "two"), ("three", "four")):
        own.set_password(service, name, f"{service} {name}")
    assert read("two", "three", keyring.environment, seconds=DEADLINE) == "two three"
    assert read("two", "five", keyring.environment, seconds=DEADLINE) is None


@pytest.mark.parametrize("more", [{}, {"application": "another"}], ids=["twin", "extra attribute"])
def test_a_second_item_with_the_attributes_is_unsure(keyring: KeyringBus, own: Any, more: dict[str, str]) -> None:
    own.set_password(SERVICE, NAME, "s3cret")
    keyring.put("foreign", ATTRIBUTES | more, b"shadow")
    assert_unsure(keyring.environment, seconds=DEADLINE)


def test_a_foreign_item_with_an_extra_attribute_is_read_as_keyring_reads_it(keyring: KeyringBus, own: Any) -> None:
    keyring.put("foreign", ATTRIBUTES | {"extra": "attribute"}, b"shadow")
    assert own.get_password(SERVICE, NAME) == "shadow"
    assert read(SERVICE, NAME, keyring.environment, seconds=DEADLINE) == "shadow"


def test_a_secret_that_is_binary_is_unsure(keyring: KeyringBus) -> None:
    keyring.put("foreign", ATTRIBUTES, b"\xff\xfe")
    assert_unsure(keyring.environment, seconds=DEADLINE)


@pytest.mark.parametrize(("service", "name"), [("a\0b", NAME), (SERVICE, "a\0b"), (SERVICE, "\udc80")])
def test_names_that_dbus_cannot_carry_are_unsure(keyring: KeyringBus, service: str, name: str) -> None:
    with pytest.raises(CannotReadDirectly):
        read(service, name, keyring.environment, seconds=DEADLINE)


def test_a_locked_keyring_is_unsure_until_it_is_unlocked(keyring: KeyringBus, own: Any) -> None:
    own.set_password(SERVICE, NAME, "s3cret")
    with keyring.locked():
        assert_unsure(keyring.environment, seconds=DEADLINE)
    assert read(SERVICE, NAME, keyring.environment, seconds=DEADLINE) == "s3cret"


def put_several(keyring: KeyringBus) -> list[str | None]:
    """Stores a secret for all but the third and the last of SEVERAL; returns what is read of them."""
    for entry in (SEVERAL[0], SEVERAL[1], SEVERAL[3]):
        keyring.put("label", {"service": entry.service, "username": entry.username}, f"sécret {entry.name}".encode())
    return [read(entry.service, entry.username, keyring.environment, seconds=DEADLINE) for entry in SEVERAL]


def test_several_entries_are_read_over_one_connection_as_each_by_itself(keyring: KeyringBus) -> None:
    each = put_several(keyring)
    assert [text is None for text in each] == [False, False, True, False, True]
    with mock.patch.object(secret_service, "Bus", wraps=dbus.Bus) as connections:
        assert secret_service.read(SEVERAL, keyring.environment, seconds=DEADLINE) == each
        assert secret_service.read(SEVERAL[2:3], keyring.environment, seconds=DEADLINE) == [None]
        assert secret_service.read([], keyring.environment, seconds=DEADLINE) == []
    assert connections.call_count == 3


@pytest.mark.parametrize("secret", [b"shadow", b"\xff"], ids=["twin", "bytes"])
def test_one_entry_that_cannot_be_read_makes_all_unsure(keyring: KeyringBus, secret: bytes) -> None:
    put_several(keyring)
    entry = SEVERAL[1] if secret == b"shadow" else SEVERAL[2]
    keyring.put("foreign", {"service": entry.service, "username": entry.username, "x": "y"}, secret)
    with pytest.raises(CannotReadDirectly):
        secret_service.read(SEVERAL, keyring.environment, seconds=DEADLINE)


def test_several_entries_that_a_locked_keyring_hides_are_unsure() -> None:
    with SilentBus(answers=10, locked=True) as bus, pytest.raises(CannotReadDirectly, match="locked"):
        secret_service.read(SEVERAL, bus.environment, seconds=DEADLINE)


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("answers", [0, 3, 5, 6])
def test_a_service_that_hangs_amid_several_entries_is_unsure_in_time(answers: int, *, dies: bool) -> None:
    with SilentBus(answers=answers, dies=dies) as bus:
        began = time.monotonic()
        with pytest.raises(CannotReadDirectly if dies else SlowService):
            secret_service.read(SEVERAL, bus.environment, seconds=DEADLINE if dies else SHORT)
        assert time.monotonic() - began < (DEADLINE / 2 if dies else SHORT + SLACK)


def test_the_calls_for_several_entries_are_sent_together() -> None:
    with SilentBus(answers=11, secret=SECRET.encode()) as bus:
        assert secret_service.read(SEVERAL, bus.environment, seconds=DEADLINE) == [SECRET] * 5
        # gnome-keyring 48 ends itself if the session of a client is opened before it knows that client.
        assert bus.calls() == ["SearchItems"] * 5 + ["OpenSession"] + ["GetSecret"] * 5


def test_a_stopped_bus_is_unsure_at_the_deadline() -> None:
    with StoppedBus() as bus:
        assert assert_unsure(bus.environment) > SHORT * 0.9
        # More than a socket holds, so that it is sending that waits.
        assert assert_unsure(bus.environment, username="x" * 5_000_000) > SHORT * 0.9


def test_a_keyring_that_is_read_again_and_again_is_read_each_time(keyring: KeyringBus) -> None:
    each = put_several(keyring)
    assert secret_service.read(SEVERAL * 40, keyring.environment, seconds=DEADLINE) == each * 40
    # Where a read follows upon another, every hundredth search of gnome-keyring 48 does not know its client.
    for _ in range(300):
        assert secret_service.read(SEVERAL, keyring.environment, seconds=DEADLINE) == each


# --- What every store promises


@pytest.fixture
def context(keyring: KeyringBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The context of this process, whose keyring is that of the bus."""
    environ = {**keyring.environment, "HOME": str(tmp_path)}
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    return Context(environ, None, Messages())


class TestSessions(StorePromises):
    """The way of sessions: a fault is kept, and nothing is raised."""

    @pytest.fixture
    def store(self, context: Context) -> Store:
        """The keyring, found anew for each use, as by one process after another."""

        def keyring() -> SystemKeyring:
            return SystemKeyring(context)

        return Store(
            lambda entry: keyring().read(entry),
            lambda entry, text: keyring().write(entry, text),
            lambda entry: keyring().delete(entry),
        )


class TestKeys(StorePromises):
    """The way of access keys: a fault is raised, and what was written is read back."""

    @pytest.fixture
    def store(self, context: Context) -> Store:
        """The vault."""
        return Store(
            lambda entry: vault.read(entry, context),
            lambda entry, text: vault.write(entry, text, context),
            lambda entry: vault.delete(entry, context),
        )
