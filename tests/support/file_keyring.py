"""A keyring in a file of the home folder, for throwaway keys: for `tests/sandbox`, and for tests of such a keyring."""

import json
from pathlib import Path

import keyring.backend


class PlaintextKeyring(keyring.backend.KeyringBackend):
    """Entries in `keyring.json`, unencrypted, which role-env knows by the name of the class."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """Return the entry, or None."""
        return self._entries().get(f"{service}\n{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store the entry."""
        self._path().write_text(json.dumps(self._entries() | {f"{service}\n{username}": password}), "utf-8")

    def delete_password(self, service: str, username: str) -> None:
        """Delete the entry."""
        others = {name: kept for name, kept in self._entries().items() if name != f"{service}\n{username}"}
        self._path().write_text(json.dumps(others), "utf-8")

    def _entries(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads(self._path().read_text("utf-8")) if self._path().exists() else {}
        return kept

    def _path(self) -> Path:
        return Path.home() / "keyring.json"
