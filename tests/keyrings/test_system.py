"""Which backend of `keyring` is used.

The class for macOS stands in for a system that is not here: it keeps entries as the real one does, and what that
system adds cannot be measured on Linux.
"""

import shutil
import sys
import types
from pathlib import Path

import keyring.backend
import keyring.backends
import pytest

from role_env.keyrings import Entry, KeyringNotes, backends
from role_env.keyrings.system import SystemKeyring
from support import file_keyring
from support.contexts import context
from support.machine import INSTALLED, Machine
from support.silent_bus import SilentBus
from support.strace import Strace

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


def as_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let role-env find itself on macOS, with a keyring that behaves like that system's."""
    stand_in = types.ModuleType("keyring.backends.macOS")
    stand_in.Keyring = NativeKeyring  # type: ignore[attr-defined]
    monkeypatch.setattr(keyring.backends, "macOS", stand_in, raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(NativeKeyring, "kept", {})


def test_the_native_keyring_is_used_without_looking_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    as_on_macos(monkeypatch)
    monkeypatch.setattr(keyring, "get_keyring", lambda: pytest.fail("looked for"))
    kept = SystemKeyring(context())
    assert kept.read(ENTRY) is None
    kept.write(ENTRY, "session")
    assert kept.read(ENTRY) == "session"
    kept.delete(ENTRY)
    kept.delete(ENTRY)
    assert (kept.read(ENTRY), kept.fault) == (None, None)


def test_a_setting_chooses_another_than_the_native_keyring(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    as_on_macos(monkeypatch)
    null = "keyring.backends.null.Keyring"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", null)
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)  # its choice for this process, until the test ends
    SystemKeyring(context({"PYTHON_KEYRING_BACKEND": null})).write(ENTRY, "session")
    settings = home / ".config" / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[backend]\ndefault-keyring={null}\n")
    SystemKeyring(context()).write(ENTRY, "session")
    assert not NativeKeyring.kept


def test_two_installations_share_the_note(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pipx's and a project's own, used in turn: neither takes the other's place."""
    machine.role_env("profileB")
    note = machine.home / ".local/state/role-env/secret-service"
    assert note.read_text().split() == [sys.prefix]
    monkeypatch.setattr(sys, "prefix", "/another")
    notes = KeyringNotes(machine.environ)
    assert not notes.is_secret_service()
    notes.note_secret_service()
    assert note.read_text().split() == [INSTALLED.parent.as_posix(), "/another"]


def test_the_service_knows_a_client_by_a_search_before_it_is_asked_for_a_property(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """gnome-keyring 48 can end itself otherwise."""
    from keyring.backends.SecretService import Keyring

    for operation in (backends.open_ahead, backends.check_open):
        with SilentBus(answers=99) as bus:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
            operation(Keyring())  # type: ignore[no-untyped-call]  # keyring's
            assert bus.calls()[:2] == ["SearchItems", "Get"]


# ---- a backend that writes plain text ----


@pytest.fixture
def plain(machine: Machine) -> Path:
    """The file of a stand-in for keyrings.alt's PlaintextKeyring, found as that is, on a machine without another."""
    folder = machine.home / "keyring"
    entry_points = folder / "plain-1.dist-info" / "entry_points.txt"
    entry_points.parent.mkdir(parents=True)
    entry_points.write_text("[keyring.backends]\nplain = plain\n")
    entry_points.with_name("METADATA").write_text("Name: plain\nVersion: 1\n")
    shutil.copy(file_keyring.__file__, folder / "plain.py")
    del machine.environ["DBUS_SESSION_BUS_ADDRESS"]
    machine.environ |= {"PYTHONPATH": str(folder), "ROLE_ENV_CACHE": "keyring"}
    return machine.home / "keyring.json"


def test_no_session_goes_into_a_plain_file_unasked(machine: Machine, plain: Path) -> None:
    for _ in range(2):
        done = machine.succeeds("profileB")
        assert "no session is cached: the only one here writes to a file, unencrypted" in done.stderr
    assert not plain.exists()


def test_who_chooses_a_plain_file_gets_it_and_what_is_in_one_is_forgotten_in_any_case(
    machine: Machine, plain: Path
) -> None:
    chosen = {"PYTHON_KEYRING_BACKEND": "plain.PlaintextKeyring"}
    answers = [machine.role_env("profileB", **chosen) for _ in range(2)]
    assert [(done.returncode, done.stderr) for done in answers] == [(0, "")] * 2
    assert answers[0].stdout == answers[1].stdout
    assert plain.exists()
    machine.succeeds("clear", "profileB")
    assert plain.read_text() == "{}"


def test_the_first_choice_of_a_backend_starts_no_program(machine: Machine) -> None:
    trace = Strace(machine)
    assert machine.run(*trace.command, "role-env", "profileB").returncode == 0
    started = [line for line in trace.processes() if "execve(" in line and line.endswith(" = 0")]
    assert len(started) == 1, started
