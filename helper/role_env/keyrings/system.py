"""The OS keyring as `keyring` chooses it, behind a deadline: whatever is wrong with it costs no more than that.

Reading goes past `keyring` where the Secret Service can be read at once; writing is always `keyring`'s.
"""

import contextlib
import importlib
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from role_env.context import Context
from role_env.deadline import TimedOut, within
from role_env.keyrings import chunks as pieces
from role_env.keyrings import secret_service
from role_env.keyrings.entry import SESSION_SERVICE, Entry
from role_env.keyrings.notes import late_mark, was_late
from role_env.paths import make_private, state_folder
from role_env.ui.messages import hush_libraries, on_terminal

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

# The systems that have one keyring, and the backend of each.
_NATIVE = {"darwin": ("keyring.backends.macOS", "Keyring"), "win32": ("keyring.backends.Windows", "WinVaultKeyring")}

# The backends that open what they look into, and have no way to ask first.
_OPENED_BY_LOOKING = ("keyring.backends.kwallet", "keyring.backends.libsecret")

LATE_SECONDS = 5.0
# What finds no keyring takes less, unless it has waited for the bus.
SLOW_SECONDS = 1.0
PROMPT_SECONDS = 60.0
UNASKED_SECONDS = 2.0

# What a person is told of the exceptions of `keyring` itself.
_KNOWN_FAULTS = {
    "NoKeyringError": "there is none on this system",
    "SecretServiceNotAvailableException": "there is none on this session bus",
    "KeyringLocked": "it is locked",
    "PromptDismissedException": "it is locked",
    "ItemNotFoundException": "it has no default collection",
    "TimeoutError": "it did not answer in time",
    "InitError": "it is locked, or does not start",
    "PasswordSetError": "it does not take the session",
    "PlainText": "the only one here writes to a file, unencrypted",
    "TooLong": "it has no room for a text so long",
    "ModuleNotFoundError": "the backend that PYTHON_KEYRING_BACKEND or keyringrc.cfg names is not there",
}


class PlainText(Exception):
    """The backend keeps its entries readable in a file, and nobody has chosen it: no secret goes to a disk unasked."""


class SystemKeyring:
    """The keyring of the system. `usable` ends with its first failure, of which `fault` then tells; an `absent` one is
    no fault.

    `deadline` is the command's: a use waits for at most a third of what is left, and what a person takes at a prompt is
    added to it. Without `prompts` nobody is asked to unlock anything: what is locked cannot be used.
    """

    def __init__(
        self,
        context: Context,
        *,
        prompts: bool = True,
    ) -> None:
        self._environ = context.environ
        self._messages = context.messages
        self._deadline = context.deadline
        self._prompts = prompts
        self.usable = not self._was_late()
        self.absent = False
        self.fault = "" if self.usable else "it did not answer within the last minute"

    def read(self, entry: Entry) -> str | None:
        """What is kept as `entry`, or None."""
        try:
            return self._read_fast(entry)
        except secret_service.Absent:
            return None
        except secret_service.Unsure:
            return self._use(lambda backend: pieces.read(backend, entry))

    def write(self, entry: Entry, text: str) -> None:
        """Keeps `text` as `entry`."""
        self._use(lambda backend: pieces.write(backend, entry, text))

    def forget(self, entry: Entry) -> None:
        """Removes what is kept as `entry`, if anything is."""
        self._use(lambda backend: pieces.forget(backend, entry), whichever=True)

    def entries(self) -> list[Entry]:
        """Our entries, where the keyring is the Secret Service: others cannot be searched."""
        return self._use(_search, whichever=True) or []

    def backend_name(self) -> str:
        """The class that takes what is written, such as `keyring.backends.SecretService.Keyring`.

        Waits without a deadline, and raises whatever choosing it raises.
        """
        first = _first(self._backend())
        return f"{first.__module__}.{first.__qualname__}"

    def _read_fast(self, entry: Entry) -> str | None:
        """What the Secret Service answers within milliseconds. Raises Unsure where `keyring` has to be asked."""
        if not self.usable or not secret_service.is_chosen(self._environ):
            raise secret_service.Unsure
        return secret_service.read(entry.service, entry.username, self._environ, seconds=secret_service.USUAL)

    def _use(self, operation: "Callable[[KeyringBackend], T]", *, whichever: bool = False) -> T | None:
        """What `operation` returns for the chosen backend; None when the keyring cannot be used. With `whichever` one
        that nothing may be kept in is used, too.
        """
        if not self.usable:
            return None

        def work() -> T:
            backend = self._backend()
            if not whichever and _first(backend).__name__ == "PlaintextKeyring" and not _is_set(self._environ):
                raise PlainText
            if not self._prompts:
                _check_open(backend)
            return operation(backend)

        seconds, began = self._seconds(), time.monotonic()
        try:
            with self._messages.waiting_for("the keyring"), self._messages.aside():
                return within(seconds, work, at_most=3 * seconds)
        except TimedOut:
            if seconds >= LATE_SECONDS:
                self._avoid()
            self._give_up("it did not answer in time; is it locked, or hung?")
        except Exception as error:  # backends leak their own kinds, whose texts may hold what was stored
            kind = type(_reason(error)).__name__
            absent = kind in ("NoKeyringError", "SecretServiceNotAvailableException", "PlainText")
            if absent:
                self._note_absence()
                if time.monotonic() - began > SLOW_SECONDS and self._environ.get("DBUS_SESSION_BUS_ADDRESS"):
                    self._avoid()  # a bus that stands still: nobody is to wait for it each time
            self._give_up(_KNOWN_FAULTS.get(kind, kind), absent=absent)
        finally:
            if seconds == PROMPT_SECONDS:
                self._deadline.extend(time.monotonic() - began)
        return None

    def _backend(self) -> "KeyringBackend":
        """The backend that `keyring` chooses; that it was the Secret Service's is noted, and stands."""
        hush_libraries()
        if secret_service.is_chosen(self._environ):
            from keyring.backends.SecretService import Keyring

            return Keyring()  # type: ignore[no-untyped-call]  # SchemeSelectable's
        if native := _native_backend(self._environ):
            return native
        import keyring

        chosen = keyring.get_keyring()
        if _first(chosen).__module__ == "keyring.backends.SecretService" and secret_service.is_usual(self._environ):
            self._note(secret_service.CHOICE)
        return chosen

    def _note_absence(self) -> None:
        """Notes that there is none without a session bus, and that the choice of one on the bus is to be made anew."""
        with contextlib.suppress(OSError):
            (state_folder() / secret_service.CHOICE).unlink(missing_ok=True)
        if secret_service.is_usual(self._environ) and not self._environ.get("DBUS_SESSION_BUS_ADDRESS"):
            self._note(secret_service.ABSENT)

    def _note(self, name: str) -> None:
        with contextlib.suppress(OSError):  # then it is found out anew each time
            make_private(state_folder())
            (state_folder() / name).write_text(sys.prefix, "utf-8")

    def _seconds(self) -> float:
        """Longer where a person could be answering a prompt; never less than a healthy keyring takes."""
        if not self._prompts:
            return UNASKED_SECONDS
        display = self._environ.get("DISPLAY") or self._environ.get("WAYLAND_DISPLAY")
        if display and on_terminal():
            return PROMPT_SECONDS
        return min(LATE_SECONDS, max(1, self._deadline.remaining() / 3))

    def _give_up(self, why: str, *, absent: bool = False) -> None:
        self.usable = False
        self.absent = absent
        self.fault = why

    @property
    def _late_mark(self) -> Path:
        return state_folder() / late_mark(self._environ)

    def _was_late(self) -> bool:
        try:
            return was_late(str(self._late_mark))
        except OSError:
            return False

    def _avoid(self) -> None:
        try:
            make_private(state_folder())
            self._late_mark.touch(mode=0o600)
        except OSError as error:
            self._messages.decided(f"that the keyring was late could not be noted: {error.strerror}")


def _reason(error: BaseException) -> BaseException:
    """What `keyring` met below its InitError, which stands for a service that is gone, too."""
    below = error.__cause__ if type(error).__name__ == "InitError" else None
    return below if type(below).__name__ in _KNOWN_FAULTS and below else error


def _first(backend: "KeyringBackend") -> type:
    """The class that takes what is written: a chain of several backends writes to its first."""
    return type(next(iter(getattr(backend, "backends", ())), backend))


def _is_set(environ: Mapping[str, str]) -> bool:
    """Whether a setting of `keyring` chooses the backend."""
    from keyring.util import platform_

    return "PYTHON_KEYRING_BACKEND" in environ or (platform_.config_root() / "keyringrc.cfg").exists()


def _native_backend(environ: Mapping[str, str]) -> "KeyringBackend | None":
    """The one backend of macOS or Windows, where no setting chooses another: looking for all of them costs 40 ms."""
    if sys.platform not in _NATIVE or _is_set(environ):
        return None
    module, name = _NATIVE[sys.platform]
    backend: KeyringBackend = getattr(importlib.import_module(module), name)()
    return backend


def _check_open(backend: "KeyringBackend") -> None:
    """Raises KeyringLocked where a use of `backend` would ask a person to unlock it, or could."""
    from keyring.errors import KeyringLocked

    first = next(iter(getattr(backend, "backends", ())), backend)
    module = _first(backend).__module__
    if module == "keyring.backends.SecretService":
        import secretstorage

        with contextlib.closing(secretstorage.dbus_init()) as connection:
            path = getattr(first, "preferred_collection", None) or secret_service.DEFAULT_COLLECTION
            if secretstorage.Collection(connection, path).is_locked():
                raise KeyringLocked
    elif module in _OPENED_BY_LOOKING:
        raise KeyringLocked


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
    ours = [attributes for attributes in found if attributes.get("service", "").startswith(SESSION_SERVICE)]
    return [Entry(attributes["service"], attributes.get("username", "")) for attributes in ours]
