"""Sessions in a keyring whose entries are too short for them, as Windows' is: whole or not at all."""

import sys
import types
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import null

from role_env.keyrings import Entry, chunks
from support import credential_locker
from support.cached_sessions import exports
from support.credential_locker import LARGEST_BLOB, read_entries
from support.machine import Machine
from support.store_promises import Store, StorePromises, store_of

ENTRY = Entry("role-env session test", "profileB")
LONG, LONGER = 4000, 9000
"""Letters of a token: with a session policy it can be so long."""


@pytest.fixture(scope="module")
def locker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyringBackend]:
    """The backend of keyring for Windows over a stand-in for the system below it."""
    with pytest.MonkeyPatch.context() as patch:
        pywin32 = types.ModuleType("win32ctypes.pywin32")
        vars(pywin32).update(win32cred=credential_locker.win32cred, pywintypes=credential_locker.pywintypes)
        patch.setitem(sys.modules, "win32ctypes", types.ModuleType("win32ctypes"))
        patch.setitem(sys.modules, "win32ctypes.pywin32", pywin32)
        patch.delitem(sys.modules, "keyring.backends.Windows", raising=False)
        patch.setenv("LOCKER", str(tmp_path_factory.mktemp("locker") / "keyring.json"))
        from keyring.backends.Windows import WinVaultKeyring

        yield WinVaultKeyring()  # type: ignore[no-untyped-call]  # keyring's
        KeyringBackend._classes.discard(WinVaultKeyring)  # else another test's keyring would be this one


class TestPromises(StorePromises):
    """Windows' keyring keeps what every store promises, in chunks where a text is too long."""

    @pytest.fixture
    def store(self, locker: KeyringBackend) -> Store:
        """The entries of one service."""
        return store_of(
            lambda entry: chunks.read(locker, entry),
            lambda entry, text: chunks.write(locker, entry, text),
            lambda entry: chunks.delete(locker, entry),
        )


# No mark of a byte order, which the backend takes for one.
TEXTS = st.text(st.characters(codec="utf-16", exclude_characters="\ufeff\ufffe"), max_size=4000)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS | st.integers(0, 20000).map(lambda n: "x" * n), min_size=1, max_size=3))
def test_what_was_written_last_is_read_and_nothing_is_left_of_it(locker: KeyringBackend, texts: list[str]) -> None:
    for text in texts:
        chunks.write(locker, ENTRY, text)
        assert chunks.read(locker, ENTRY) == text
    longest = max(len(text.encode("utf-16-le")) for _, text in read_entries().values())
    assert longest <= LARGEST_BLOB
    chunks.delete(locker, ENTRY)
    assert chunks.read(locker, ENTRY) is None
    assert read_entries() == {}


@pytest.mark.parametrize("text", ["", "x", "x" * 1280, "x" * 1281, "role-env piece 1 x 2\nx", "𝕏" * 640, "𝕏" * 641])
def test_a_text_at_the_limit_is_what_it_was(locker: KeyringBackend, text: str) -> None:
    chunks.write(locker, ENTRY, text)
    assert chunks.read(locker, ENTRY) == text
    chunks.delete(locker, ENTRY)


def test_what_fits_into_no_number_of_chunks_is_not_written(locker: KeyringBackend) -> None:
    with pytest.raises(chunks.TooLong):
        chunks.write(locker, ENTRY, "x" * 30000)
    assert read_entries() == {}


@pytest.mark.parametrize(
    "head", ["role-env piece", "role-env piece 1 x", "role-env piece 1 x 99", "role-env piece 1 x ²"]
)
def test_a_first_chunk_that_is_none_is_an_empty_entry(locker: KeyringBackend, head: str) -> None:
    locker.set_password(ENTRY.service, ENTRY.username, head + "\nx")
    assert chunks.read(locker, ENTRY) in (None, head + "\nx")
    chunks.delete(locker, ENTRY)


def test_a_keyring_without_the_limit_gets_the_whole_in_one_entry() -> None:
    written: list[str] = []

    class Counted(null.Keyring):
        def set_password(self, service: str, username: str, password: str) -> None:  # type: ignore[override]  # keyring's
            written.append(service)

    chunks.write(Counted(), ENTRY, "x" * 9000)  # type: ignore[no-untyped-call]  # keyring's
    assert written == [ENTRY.service]


# ---- the installed command ----


@pytest.fixture
def windows(machine: Machine) -> Machine:
    """A machine whose keyring is Windows'."""
    machine.environ |= credential_locker.environment(machine.home / "keyring") | {"ROLE_ENV_CACHE": "keyring"}
    return machine


def held(machine: Machine) -> dict[str, list[str]]:
    return read_entries(machine.environ["LOCKER"])


def asks(machine: Machine, *options: str, **environ: str) -> bool:
    """Whether a call made STS issue a session; what it hands out is one, and all of it."""
    before = len(machine.sts.issued)
    said = exports(machine, "profileB", *options, **environ)
    answer = said["AccessKeyId"], said["AccessKeySecret"], said["SecurityToken"]
    assert answer in [(session.id, session.secret, session.token) for session in machine.sts.issued]
    return len(machine.sts.issued) > before


@pytest.mark.smoke
def test_long_sessions_survive_and_clear_leaves_no_piece_of_them(windows: Machine) -> None:
    windows.sts.token_length = LONGER
    assert asks(windows)
    assert not asks(windows)
    most = len(held(windows))
    windows.sts.token_length = LONG
    assert asks(windows, "--refresh")
    assert not asks(windows)
    assert 1 < len(held(windows)) < most
    assert windows.role_env("clear", "--all").returncode == 0
    assert held(windows) == {}


@pytest.mark.parametrize(("before", "after"), [(LONG, LONGER), (LONGER, LONG)])
def test_whoever_is_killed_between_two_pieces_leaves_a_miss_and_nothing_that_clear_does_not_find(
    windows: Machine, before: int, after: int
) -> None:
    windows.sts.token_length = before
    assert asks(windows)
    for lasts in (0, 1, 6, 9):
        windows.sts.token_length = after
        killed = windows.role_env("profileB", "--refresh", LOCKER_LASTS=str(lasts))
        assert killed.returncode == -9
        windows.sts.token_length = before
        assert asks(windows) == (lasts > 0)  # killed before the first change, it left the session before it
    windows.sts.token_length = after
    windows.role_env("profileB", "--refresh", LOCKER_LASTS="5")
    assert windows.role_env("clear", "profileB").returncode == 0
    assert held(windows) == {}
