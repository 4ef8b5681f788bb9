"""The system's keyring as `keyring` chooses it, behind a deadline: a fault of it costs no more than that.

Reading goes past `keyring` where the Secret Service can be read at once; writing is always `keyring`'s.
"""

import contextlib
import time

from role_env.context import Context
from role_env.deadline import NoThread, TimedOut, Worker, idle_seconds, is_crowded, within
from role_env.keyrings import backends, chunks, secret_service
from role_env.keyrings.entry import Entry
from role_env.keyrings.faults import KeyringFault, fault_of
from role_env.keyrings.notes import KeyringNotes
from role_env.ui.messages import on_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    from keyring.backend import KeyringBackend

    T = TypeVar("T")

TIMEOUT_SECONDS = 5.0
# Finding out that there is no keyring waits less, unless the bus hangs: `keyring` waits a second for its greeting.
SLOW_SECONDS = 0.9
PROMPT_SECONDS = 60.0
UNASKED_SECONDS = 2.0
# The connection to STS is to begin first: it needs little of the processor, and importing a backend all of it.
PREPARATION_DELAY = 0.01
# A use may take so many times as long where this process, or the keyring's, waits for the processor.
_MOST_PATIENCE = 3
# One use, while other processes delete what it has found.
_MOST_TRIES = 5
# The entries that are read over one connection, in the time of one use.
_MOST_TOGETHER = 50


class SystemKeyring:
    """The keyring of the system. After its first failure `fault` is why it cannot be used, and `reason` the text of it.

    Each use may take a third of what is left of the context's deadline at most, and half of it on a busy machine; the
    time that a person takes at a prompt is added to it. Without `prompts` nobody is asked to unlock anything: a locked
    keyring cannot be used. After a timeout it is not used for a minute, unless `even_if_avoided`.
    """

    def __init__(self, context: Context, *, prompts: bool = True, even_if_avoided: bool = False) -> None:
        self._context = context
        self._deadline = context.deadline
        self._prompts = prompts
        self._notes = KeyringNotes(context.environ)
        self._preparation: Worker | None = None
        self._prepared: list[KeyringBackend] = []
        avoided = not even_if_avoided and self._notes.is_avoided()
        self.fault: KeyringFault | None = KeyringFault.AVOIDED if avoided else None
        self.reason = self.fault.value if self.fault else ""

    @property
    def is_absent(self) -> bool:
        """Whether there is no keyring at all."""
        return self.fault is not None and self.fault.is_absence

    def read(self, entry: Entry, *, is_stored: bool = False) -> str | None:
        """Return what is stored as `entry`, or None.

        With `is_stored`, another process has just stored it: the keyring works, however slow it is and whatever has
        timed out before, and is waited for half of the time that is left.
        """
        was_avoided = is_stored and self.fault is not None and self.fault.is_timeout
        if was_avoided:
            self.fault, self.reason = None, ""
        text = self._read(entry, is_stored=is_stored)
        if was_avoided and not self.fault:
            self._notes.use_again()
        return text

    def _read(self, entry: Entry, *, is_stored: bool) -> str | None:
        if not self.fault and self._notes.is_secret_service():
            try:
                return next(iter(self._ask_service([entry], is_stored=is_stored)), None)
            except secret_service.AskKeyring:
                pass  # the direct way cannot answer: the keyring library below finds out and says why
        return self._use(lambda backend: chunks.read(backend, entry), is_stored=is_stored)

    def read_together(self, entries: "Sequence[Entry]") -> "dict[str, str | None]":
        """Return what is stored as each of `entries`, by their names, as far as the Secret Service says it at once.

        What it does not say is left to `read`, which finds out why.
        """
        found: dict[str, str | None] = {}
        for start in range(0, len(entries), _MOST_TOGETHER):
            if self.fault or not self._notes.is_secret_service():
                break
            part = entries[start : start + _MOST_TOGETHER]
            try:
                texts = self._ask_service(part)
            except secret_service.AskKeyring:
                break
            found.update(zip((entry.name for entry in part), texts, strict=False))
        return found

    def write(self, entry: Entry, text: str) -> None:
        """Store `text` as `entry`."""

        def work(backend: "KeyringBackend") -> None:
            backends.check_encrypted(backend, self._context.environ)
            chunks.write(backend, entry, text)

        self._use(work)

    def delete(self, entry: Entry) -> None:
        """Delete `entry` if it exists."""
        self._use(lambda backend: chunks.delete(backend, entry))

    def names(self) -> list[str]:
        """Return the names of all entries if the keyring is the Secret Service: others cannot be searched."""
        return self._use(backends.names) or []

    def prepare(self) -> None:
        """Get ready for a write in the background: import the backend, and open the Secret Service.

        Only where the choice is known: choosing imports backends of others, which may print.
        """
        if not self.fault and self._preparation is None and self._notes.is_secret_service():
            with contextlib.suppress(NoThread):
                self._preparation = Worker(self._open_ahead)

    def backend_name(self) -> str:
        """Return the class that entries are written to, such as `keyring.backends.SecretService.Keyring`.

        Waits without a deadline, and raises whatever choosing it raises.
        """
        first = type(backends.writing_backend(self._choose()))
        return f"{first.__module__}.{first.__qualname__}"

    def _ask_service(self, entries: "Sequence[Entry]", *, is_stored: bool = False) -> "list[str | None]":
        """Return what the Secret Service has stored as each of `entries`, nothing after a timeout.

        It has the whole time of a use: on a busy machine, `keyring` would reply even later. Raises AskKeyring if only
        `keyring` can tell.
        """
        try:
            with self._waiting(is_stored=is_stored) as (seconds, _):
                return secret_service.read(entries, self._context.environ, seconds=seconds)
        except secret_service.SlowService:
            self._fail(KeyringFault.TIMED_OUT)
            return []

    def _use(self, operation: "Callable[[KeyringBackend], T]", *, is_stored: bool = False) -> "T | None":
        """Return what `operation` returns for the chosen backend; None if the keyring cannot be used."""
        if self.fault:
            return None
        try:
            with self._waiting(is_stored=is_stored) as (seconds, most), self._context.messages.aside():
                end = time.monotonic() + most
                return within(seconds, lambda: self._try(operation, end), at_most=most)
        except TimedOut:
            self._fail(KeyringFault.TIMED_OUT)
        except Exception as error:  # backends raise classes of their own, whose texts may contain what was stored
            self._fail(fault_of(error), type(error).__name__)
        return None

    def _try(self, operation: "Callable[[KeyringBackend], T]", end: float) -> "T":
        """Return what `operation` returns. Where the keyring is known to be there, try a busy bus again until `end`.

        It is tried again, too, if another process deletes an item that it has found.

        Raises TimedOut if the keyring seems to be absent after a wait for a bus: that hangs, and must not be waited for
        each time.
        """
        tries = 0
        while True:
            tries, began = tries + 1, idle_seconds()
            try:
                return operation(self._backend())
            except Exception as error:
                if backends.is_item_gone(error) and tries < _MOST_TRIES:
                    continue
                is_slow = idle_seconds() - began > SLOW_SECONDS
                has_bus = bool(self._context.environ.get("DBUS_SESSION_BUS_ADDRESS"))
                if not (is_slow and has_bus and fault_of(error).is_absence):
                    raise
                if not self._notes.is_secret_service() or time.monotonic() > end:
                    raise TimedOut from None

    def _backend(self) -> "KeyringBackend":
        if self._preparation:
            self._preparation.join()
        backend = self._prepared.pop() if self._prepared else self._choose()
        if not self._prompts:
            backends.check_open(backend)
        return backend

    def _choose(self) -> "KeyringBackend":
        return backends.choose(self._context.environ, self._notes, is_unattended=self._context.is_unattended)

    def _open_ahead(self) -> None:
        """Prepare a backend for one use; that meets the same fault, and reports it."""
        time.sleep(PREPARATION_DELAY)
        backend = self._choose()
        backends.open_ahead(backend)
        self._prepared.append(backend)

    def _fail(self, fault: KeyringFault, failure: str = "") -> None:
        self.fault = fault
        self.reason = f"{fault.value} ({failure})" if fault is KeyringFault.BROKEN else fault.value
        if fault.is_timeout and (why := self._notes.avoid()):
            self._context.messages.decided(f"the keyring's timeout could not be noted: {why}")
        if fault.is_absence:
            self._notes.report_absence()

    @contextlib.contextmanager
    def _waiting(self, *, is_stored: bool = False) -> "Iterator[tuple[float, float]]":
        """Show that the keyring is waited for; give how long a use may take, and how long at most on a busy machine.

        A person at a prompt has a minute, which the deadline does not count. Where nobody may be asked, it is short.
        Else it is a third of what is left, without what this process has already waited; half for what `is_stored`.
        """
        environ, left = self._context.environ, self._deadline.remaining()
        if not self._prompts:
            seconds = UNASKED_SECONDS
        elif (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")) and on_terminal():
            seconds = PROMPT_SECONDS
        else:
            seconds = max(1, min(TIMEOUT_SECONDS, left / 3) - self._notes.take_wait())
            seconds = max(seconds, left / 2) if is_stored else seconds
        most = max(seconds, min(_MOST_PATIENCE * seconds, left / 2))
        patience = most if is_crowded() else seconds
        began = time.monotonic()
        try:
            with self._context.messages.waiting_for("the keyring"):
                yield patience, most
        finally:
            if seconds == PROMPT_SECONDS:
                self._deadline.extend(time.monotonic() - began)
