"""Which backend of `keyring` is used. The classes for macOS and Windows stand in for systems that are not here: they
hold entries as the real ones do, and what their systems add cannot be measured on Linux.
"""

import sys
import types
from pathlib import Path

import keyring.backend
import pytest
from role_env import system_keyring
from role_env.messages import Messages
from role_env.record import Entry
from role_env.system_keyring import SystemKeyring

ENTRY = Entry("role-env session test", "profileB")


class NativeKeyring(keyring.backend.KeyringBackend):
    """A keyring with one entry a service and user, as the Keychain has."""

    priority = 5
    kept: dict[tuple[str, str], str] = {}  # noqa: RUF012  shared by the instances, as a keyring is

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "PYTHON_KEYRING_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def as_on(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets role-env find itself on `platform`, with a keyring that behaves like that system's."""
    module, name = system_keyring._NATIVE[platform]
    stand_in = types.ModuleType(module)
    setattr(stand_in, name, NativeKeyring)
    monkeypatch.setitem(sys.modules, module, stand_in)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(NativeKeyring, "kept", {})


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_the_native_keyring_is_used_without_looking_for_others(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    as_on(platform, monkeypatch)
    monkeypatch.setattr(keyring, "get_keyring", lambda: pytest.fail("looked for"))
    kept = SystemKeyring({}, Messages())
    assert kept.read(ENTRY) is None
    kept.write(ENTRY, "session")
    assert kept.read(ENTRY) == "session"
    kept.forget(ENTRY)
    kept.forget(ENTRY)
    assert (kept.read(ENTRY), kept.usable, kept.fault) == (None, True, "")


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_a_setting_chooses_another_than_the_native_keyring(
    platform: str, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    as_on(platform, monkeypatch)
    null = "keyring.backends.null.Keyring"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", null)
    keyring.core.init_backend()
    SystemKeyring({"PYTHON_KEYRING_BACKEND": null}, Messages()).write(ENTRY, "session")
    settings = home / ".config" / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[backend]\ndefault-keyring={null}\n")
    SystemKeyring({}, Messages()).write(ENTRY, "session")
    assert not NativeKeyring.kept
