"""Which backend of `keyring` is used."""

import shutil
import sys
import types
from pathlib import Path

import keyring
import keyring.backends.fail
import keyring.backends.null
import pytest

from role_env.keyrings import KeyringNotes, backends
from support import file_keyring
from support.machine import Machine
from support.silent_bus import SilentBus


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "PYTHON_KEYRING_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_on_macos_its_own_keyring_is_used_without_looking_for_others_unless_a_setting_names_one(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    native = types.SimpleNamespace(Keyring=keyring.backends.null.Keyring)
    monkeypatch.setattr(keyring.backends, "macOS", native, raising=False)
    monkeypatch.setitem(sys.modules, "keyring.backends.macOS", native)
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.fail.Keyring)
    monkeypatch.setattr(sys, "platform", "darwin")
    notes = KeyringNotes({})
    assert isinstance(backends.choose({}, notes), keyring.backends.null.Keyring)
    chosen = backends.choose({"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}, notes)
    assert isinstance(chosen, keyring.backends.fail.Keyring)


def test_the_service_knows_a_client_by_one_search_before_it_is_asked_for_a_property(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """gnome-keyring 48 can end itself otherwise."""
    from keyring.backends.SecretService import Keyring

    with SilentBus(answers=99) as bus:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        for _ in range(2):  # as two threads do that begin at the same time
            backends.introduce_clients.cache_clear()
            backends.introduce_clients()
        Keyring().get_preferred_collection()  # type: ignore[no-untyped-call]  # keyring's
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
