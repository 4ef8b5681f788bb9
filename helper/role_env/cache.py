"""Sessions in the OS keyring: load, store, forget.

Whatever is wrong with the keyring costs at most its deadline and one warning, never the session.
"""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from role_env import secret_service
from role_env.deadline import Deadline, Late, within
from role_env.errors import ProfileError, printable
from role_env.messages import Messages, on_terminal
from role_env.record import AVOID_SECONDS, SERVICE, Entry, Record, late_mark, parse

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

MODES = ("auto", "keyring", "none")
LATE_SECONDS = 5.0
PROMPT_SECONDS = 60.0

# What a person is told of the exceptions of `keyring` itself.
_KNOWN_FAULTS = {
    "NoKeyringError": "there is none on this system",
    "KeyringLocked": "it is locked",
    "InitError": "it is locked, or does not start",
    "PasswordSetError": "it does not take the session",
    "ModuleNotFoundError": "the backend that PYTHON_KEYRING_BACKEND or keyringrc.cfg names is not there",
}


class Cache:
    """The OS keyring as the place where sessions are kept, chosen by ROLE_ENV_CACHE; each use has a deadline.

    `deadline` is the command's: a use waits for at most a third of what is left, and what a person takes at a prompt is
    added to it. `fault` tells why the keyring, though there is one, could not be used; empty while it can.
    """

    def __init__(self, environ: Mapping[str, str], messages: Messages, deadline: Deadline | None = None) -> None:
        self._environ = environ
        self._messages = messages
        self._deadline = deadline
        self.fault = ""
        mode = environ.get("ROLE_ENV_CACHE") or "auto"
        if mode not in MODES:
            raise ProfileError(f"ROLE_ENV_CACHE is {printable(mode)}, which is none of {', '.join(MODES)}")
        self._usable = mode != "none"
        if self._usable and self._was_late():
            self._usable = False
            self.fault = "it did not answer within the last minute"

    def load(self, entry: Entry) -> Record | None:
        """The record that is kept as `entry`, or None."""
        try:
            text = self._read_fast(entry)
        except secret_service.Absent:
            text = None
        except secret_service.Unsure:
            text = self._use(lambda backend: backend.get_password(entry.service, entry.username))
        record = parse(text, entry.username) if text else None
        if not record:
            self._messages.decided("no kept session" if not text else "the kept session cannot be read")
        return record

    def _read_fast(self, entry: Entry) -> str | None:
        """What the Secret Service answers within milliseconds. Raises Unsure where `keyring` has to be asked."""
        if not self._usable or not secret_service.is_chosen(self._environ):
            raise secret_service.Unsure
        return secret_service.read(entry.service, entry.username, self._environ, seconds=secret_service.USUAL)

    def store(self, entry: Entry, record: Record) -> None:
        """Keeps `record` as `entry`, and the entry's name in the index."""
        if self._usable:
            self._note(entry)
        self._use(lambda backend: backend.set_password(entry.service, entry.username, record.text()))

    def forget(self, entry: Entry) -> None:
        """Removes what is kept as `entry`, if anything is."""

        def delete(backend: "KeyringBackend") -> None:
            if backend.get_password(entry.service, entry.username) is not None:
                backend.delete_password(entry.service, entry.username)

        self._use(delete)

    def entries(self) -> list[Entry]:
        """The entries that the index names, and those that the Secret Service knows: an index can be lost."""
        try:
            text = self._index.read_text("utf-8", "surrogateescape")
        except OSError:
            text = ""
        pairs = [tuple(line.split("\t", 1)) for line in text.split("\n") if "\t" in line]
        pairs += [(entry.service, entry.username) for entry in self._use(_search) or []]
        return [Entry(service, username) for service, username in dict.fromkeys(pairs) if service.startswith(SERVICE)]

    @property
    def _index(self) -> Path:
        return state_folder() / "sessions"

    def _note(self, entry: Entry) -> None:
        """Appends the entry's name to the index in one write, unless it is there: so no process loses another's."""
        line = f"{entry.service}\t{entry.username}\n".encode("utf-8", "surrogateescape")
        try:
            known = self._index.read_bytes() if self._index.exists() else b""
            if line in known:
                return
            make_private(state_folder())
            descriptor = os.open(self._index, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._messages.decided(f"the index of sessions could not be written: {error.strerror}")

    def _use(self, operation: "Callable[[KeyringBackend], T]") -> T | None:
        """What `operation` returns for the chosen backend; None when the keyring cannot be used."""
        if not self._usable:
            return None

        def work() -> T:
            return operation(self._backend())

        seconds, began = self._seconds(), time.monotonic()
        try:
            with self._messages.aside():
                return within(seconds, work, at_most=3 * seconds, slow=self._messages.waiting_for("the keyring"))
        except Late:
            if seconds >= LATE_SECONDS:
                self._avoid()
            self._give_up("it did not answer in time; is it locked, or hung?")
        except Exception as error:  # backends leak their own kinds, whose texts may hold what was stored
            with contextlib.suppress(OSError):  # perhaps another one would be chosen now
                self._choice.unlink()
            kind = type(error).__name__
            self._give_up(_KNOWN_FAULTS.get(kind, kind), absent=kind == "NoKeyringError")
        finally:
            if self._deadline and seconds == PROMPT_SECONDS:
                self._deadline.extend(time.monotonic() - began)
        return None

    def _backend(self) -> "KeyringBackend":
        """The backend that `keyring` chooses; that it was the Secret Service's is noted, and stands."""
        if secret_service.is_chosen(self._environ):
            from keyring.backends.SecretService import Keyring

            return Keyring()  # type: ignore[no-untyped-call]  # SchemeSelectable's
        import keyring

        chosen = keyring.get_keyring()
        # A chain of several writes to its first.
        first = next(iter(getattr(chosen, "backends", ())), chosen)
        if type(first).__module__ == "keyring.backends.SecretService" and secret_service.is_usual(self._environ):
            with contextlib.suppress(OSError):  # then it is chosen anew each time
                make_private(state_folder())
                self._choice.write_text(sys.prefix, "utf-8")
        return chosen

    @property
    def _choice(self) -> Path:
        return state_folder() / secret_service.CHOICE

    def _seconds(self) -> float:
        """Longer where a person could be answering a prompt; never less than a healthy keyring takes."""
        display = self._environ.get("DISPLAY") or self._environ.get("WAYLAND_DISPLAY")
        if display and on_terminal():
            return PROMPT_SECONDS
        return min(LATE_SECONDS, max(1, self._deadline.remaining() / 3)) if self._deadline else LATE_SECONDS

    def _give_up(self, why: str, *, absent: bool = False) -> None:
        self._usable = False
        self.fault = "" if absent else why
        if self._environ.get("CI"):
            self._messages.decided(f"the keyring cannot be used: {why}")
        else:
            self._messages.warn(f"the keyring cannot be used, so no session is kept: {why}")

    @property
    def _late_mark(self) -> Path:
        return state_folder() / late_mark(self._environ)

    def _was_late(self) -> bool:
        try:
            return 0 <= time.time() - self._late_mark.stat().st_mtime < AVOID_SECONDS
        except OSError:
            return False

    def _avoid(self) -> None:
        try:
            make_private(state_folder())
            self._late_mark.touch(mode=0o600)
        except OSError as error:
            self._messages.decided(f"that the keyring was late could not be noted: {error.strerror}")


def state_folder() -> Path:
    """Where role-env keeps what is no secret and may be lost: the index, marks and locks.

    Raises OSError when this user has no such place: no HOME, and no entry in the system's list of users.
    """
    import platformdirs

    try:
        folder = Path(platformdirs.user_state_dir("role-env", appauthor=False))
    except RuntimeError:  # neither HOME nor an entry in the system's list of users
        folder = Path()
    if not folder.is_absolute():
        raise FileNotFoundError(errno.ENOENT, "there is no folder for it; is HOME set?")
    return folder


def make_private(folder: Path) -> None:
    """Makes `folder` for this user alone. Raises OSError, also when it is another's or open to others."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)  # each of them: parents=True would leave that to the umask
    status = folder.stat(follow_symlinks=False)
    if os.name == "posix" and (status.st_uid != os.geteuid() or status.st_mode & 0o022):
        raise PermissionError(errno.EPERM, f"{folder} is not this user's alone")


def _search(backend: "KeyringBackend") -> list[Entry]:
    """Our entries, where the backend is the Secret Service: it can be searched, `keyring` itself cannot."""
    collection_of = getattr(backend, "get_preferred_collection", None)
    if collection_of is None:
        return []
    collection = collection_of()
    try:
        found = [item.get_attributes() for item in collection.get_all_items()]
    finally:
        collection.connection.close()
    ours = [attributes for attributes in found if attributes.get("service", "").startswith(SERVICE)]
    return [Entry(attributes["service"], attributes.get("username", "")) for attributes in ours]
