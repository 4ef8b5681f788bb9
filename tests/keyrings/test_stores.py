"""The system's keyring, and the access keys in it, keep what every store promises: with gnome-keyring on a bus."""

from pathlib import Path

import pytest

from role_env.context import Context
from role_env.keyrings import vault
from role_env.keyrings.system import SystemKeyring
from role_env.ui.messages import Messages
from support.secret_service_bus import KeyringBus
from support.store_promises import Store, StorePromises, store_of


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

        return store_of(
            lambda entry: keyring().read(entry),
            lambda entry, text: keyring().write(entry, text),
            lambda entry: keyring().delete(entry),
        )


class TestKeys(StorePromises):
    """The way of access keys: a fault is raised, and what was written is read back."""

    @pytest.fixture
    def store(self, context: Context) -> Store:
        """The vault."""
        return store_of(
            lambda entry: vault.read(entry, context),
            lambda entry, text: vault.write(entry, text, context),
            lambda entry: vault.delete(entry, context),
        )
