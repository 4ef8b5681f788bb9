"""The system's keyring as `keyring` chooses it. Each use has a deadline, even if the keyring hangs.

Reading bypasses `keyring` if the Secret Service can be read directly; `keyring` does all writing.
"""

import contextlib
import time

from role_env.context import Context
from role_env.context.messages import on_terminal
from role_env.deadline import TimedOut, Worker, is_crowded, within
from role_env.keyrings import Entry, KeyringNotes, backends, secret_service
from role_env.keyrings.dbus import ForeignBus
from role_env.keyrings.faults import KeyringFault, fault_of, fix_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    from keyring.backend import KeyringBackend

    T = TypeVar("T")

TIMEOUT_SECONDS = 5.0
PROMPT_SECONDS = 60.0
UNASKED_SECONDS = 2.0
# Lets the connection to STS start first: it needs little processor time, and importing a backend needs all of it.
_PREPARATION_DELAY = 0.01
# A use may take this many times as long on a busy machine.
_PATIENCE = 3
# The tries of one use, while other processes delete the items that it finds.
_MOST_TRIES = 5
# The greatest number of entries read over one connection, in the time of one use.
_MOST_TOGETHER = 50


class SystemKeyring:
    """The system's keyring. After the first failure `fault` is why it cannot be used, and `reason` its text.

    Each use may take at most a third of the time left until the context's deadline, or half of it on a busy machine;
    the time that a person takes at a prompt is added. In a context without prompts a locked keyring cannot be used.
    After a timeout it is not used for a minute.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._deadline = context.deadline
        self._notes = KeyringNotes(context.environ)
        self.fault: KeyringFault | None = KeyringFault.AVOIDED if self._notes.is_avoided() else None
        self.reason = self.fault.text if self.fault else ""

    @property
    def fix(self) -> str:
        """What to do about `fault`; empty without one."""
        return fix_of(self.fault, self._context.environ) if self.fault else ""

    @property
    def is_absent(self) -> bool:
        """Whether no keyring exists."""
        return self.fault is not None and self.fault.is_absence

    def read(self, entry: Entry, *, is_patient: bool = False) -> str | None:
        """Return the text stored as `entry`, or None. With `is_patient` it may take as long as on a busy machine."""
        if not self.fault and self._notes.is_secret_service():
            # It is reported with --verbose; `keyring` can read more.
            with contextlib.suppress(secret_service.CannotReadDirectly):
                return next(iter(self._ask_service([entry], is_patient=is_patient)), None)
        return self._use_in_time(
            lambda backend: backend.get_password(entry.service, entry.username), is_patient=is_patient
        )

    def read_together(self, entries: "Sequence[Entry]") -> "dict[str, str | None]":
        """Return the texts of `entries` by name, as far as the Secret Service gives them; `read` asks for others."""
        found: dict[str, str | None] = {}
        for start in range(0, len(entries), _MOST_TOGETHER):
            if self.fault or not self._notes.is_secret_service():
                break
            part = entries[start : start + _MOST_TOGETHER]
            try:
                texts = self._ask_service(part)
            except secret_service.CannotReadDirectly:
                break
            found.update(zip((entry.name for entry in part), texts, strict=False))
        return found

    def write(self, entry: Entry, text: str, *, seconds: int = 0) -> None:
        """Store `text` as `entry`. This keyring cannot drop it after `seconds`, as others do."""

        def work(backend: "KeyringBackend") -> None:
            backends.check_encrypted(backend, self._context.environ)
            backend.set_password(entry.service, entry.username, text)

        self._use_in_time(work)

    def delete(self, entry: Entry) -> None:
        """Delete `entry` if it exists."""
        self._use_in_time(lambda backend: _delete(backend, entry))

    def names(self) -> list[str]:
        """Return the names of all entries if the keyring is the Secret Service, the only one that can be searched."""
        return self._use_in_time(backends.service_names) or []

    def prepare(self) -> None:
        """Import the Secret Service's backend in the background, for a write.

        It does nothing if the backend has yet to be chosen: that would import third-party backends, which may print.
        """

        def work() -> None:
            time.sleep(_PREPARATION_DELAY)
            self._choose_backend()

        if not self.fault and self._notes.is_secret_service():
            Worker(work)

    def backend_name(self) -> str:
        """Return the class that entries are written to, without a deadline. Raises what `keyring` raises."""
        first = type(backends.writing_backend(self._choose_backend()))
        return f"{first.__module__}.{first.__qualname__}"

    def _ask_service(self, entries: "Sequence[Entry]", *, is_patient: bool = False) -> "list[str | None]":
        """Return the Secret Service's texts, none after a timeout. Raises CannotReadDirectly."""
        try:
            with self._waiting(is_patient=is_patient) as seconds:
                return secret_service.read(entries, self._context.environ, seconds=seconds)
        except secret_service.SlowService:
            self._fail(KeyringFault.TIMED_OUT)
            return []
        except secret_service.CannotReadDirectly as failure:
            self._context.messages.decided(f"the Secret Service cannot be read directly ({failure}): keyring is asked")
            raise

    def _use_in_time(self, operation: "Callable[[KeyringBackend], T]", *, is_patient: bool = False) -> "T | None":
        """Return what `operation` returns within its time. After a failure, note it and return None."""
        if self.fault:
            return None
        try:
            with self._waiting(is_patient=is_patient) as seconds, self._context.messages.aside():
                end = time.monotonic() + seconds
                return within(seconds, lambda: self._use_with_retries(operation, end))
        except TimedOut:
            self._fail(KeyringFault.TIMED_OUT)
        except ForeignBus as error:
            self._fail(KeyringFault.FOREIGN_BUS, str(error))
        except Exception as error:  # backends raise classes of their own, whose texts may contain a secret
            self._fail(fault_of(error), type(error).__name__)
        return None

    def _use_with_retries(self, operation: "Callable[[KeyringBackend], T]", end: float) -> "T":
        """Return what `operation` returns.

        Retry if another process deletes an item that was found, or if a busy bus made the keyring seem absent. Raises
        TimedOut for a bus that hangs until `end`: later uses must not wait for it again.
        """
        tries = 0
        while True:
            tries += 1
            try:
                return operation(self._open_backend())
            except Exception as error:
                # An item that was found no longer exists. For a missing collection, the backend raises InitError.
                is_deleted = type(error).__name__ == "ItemNotFoundException"
                if tries == _MOST_TRIES:
                    raise
                if not is_deleted and not (fault_of(error).is_absence and self._is_there(end)):
                    raise

    def _is_there(self, end: float) -> bool:
        """Return whether the Secret Service replies. Raises TimedOut: `keyring` itself waits a second for a bus."""
        try:
            secret_service.read([Entry("", "")], self._context.environ, seconds=end - time.monotonic())
        except secret_service.SlowService:
            raise TimedOut from None
        except secret_service.CannotReadDirectly:
            return False
        self._notes.note_secret_service()  # `keyring` has noted its absence for the rest of this process
        return True

    def _open_backend(self) -> "KeyringBackend":
        """Return the chosen backend. Without prompts it must be open: a locked one would ask a person."""
        backend = self._choose_backend()
        if not self._context.prompts:
            backends.check_open(backend)
        return backend

    def _choose_backend(self) -> "KeyringBackend":
        return backends.choose(self._context.environ, self._notes)

    def _fail(self, fault: KeyringFault, failure: str = "") -> None:
        """Note that the keyring cannot be used, here and, if it is hung or absent, for later processes."""
        self.fault = fault
        is_detailed = fault in (KeyringFault.BROKEN, KeyringFault.FOREIGN_BUS)
        self.reason = f"{fault.text} ({failure})" if is_detailed else fault.text
        if fault.is_timeout:
            self._notes.avoid()
        if fault.is_absence:
            self._notes.note_absence()

    @contextlib.contextmanager
    def _waiting(self, *, is_patient: bool) -> "Iterator[float]":
        """Report the wait for the keyring; yield the seconds that a use may take."""
        seconds, began = self._seconds(is_patient=is_patient), time.monotonic()
        try:
            with self._context.messages.waiting_for("the keyring"):
                yield seconds
        finally:
            if seconds == PROMPT_SECONDS:
                self._deadline.extend(time.monotonic() - began)

    def _seconds(self, *, is_patient: bool) -> float:
        """Return the seconds that a use may take. The deadline does not count the minute for a possible prompt."""
        left = self._deadline.remaining()
        if self._may_ask():
            return PROMPT_SECONDS
        most = TIMEOUT_SECONDS if self._context.prompts else UNASKED_SECONDS
        if is_patient or is_crowded():
            return max(1, min(_PATIENCE * most, left / 2))
        return max(1, min(most, left / 3))

    def _may_ask(self) -> bool:
        """Return whether a person could be answering a prompt; within a short deadline there is no time for that."""
        environ = self._context.environ
        has_display = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
        return self._context.prompts and has_display and on_terminal() and not self._deadline.is_short


def _delete(backend: "KeyringBackend", entry: Entry) -> None:
    """Delete `entry`. Two processes that write at once may have stored two; some backends never delete."""
    for _ in range(20):
        if backend.get_password(entry.service, entry.username) is None:
            break
        try:
            backend.delete_password(entry.service, entry.username)
        except Exception:
            if backend.get_password(entry.service, entry.username) is not None:  # no other process has deleted it
                raise
