"""Sessions as they are kept: load, store, forget, in the places that ROLE_ENV_CACHE names.

`auto` is the OS keyring, and where that is absent, locked or hung the Linux kernel's; `keyring` and `kernel` are one of
them, `none` is neither. Whatever is wrong with a place costs one warning, never the session.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from role_env.context import Context
from role_env.errors import ProfileError, printable
from role_env.keyrings import kernel as kernel_keyring
from role_env.keyrings.entry import SESSION_SERVICE, Entry
from role_env.keyrings.system import SystemKeyring
from role_env.paths import make_private, state_folder
from role_env.sessions.record import Record, parse

T = TypeVar("T")

MODES = ("auto", "keyring", "kernel", "none")
_IN_KEYRING, _IN_KERNEL = ("auto", "keyring"), ("auto", "kernel")


class Cache:
    """Where the sessions of the environment are kept. With `everywhere` it is
    every place where one could be kept, whatever ROLE_ENV_CACHE says. Without `prompts` nobody is asked to unlock
    anything.
    """

    def __init__(
        self,
        context: Context,
        *,
        everywhere: bool = False,
        prompts: bool = True,
    ) -> None:
        environ = context.environ
        self._environ = environ
        self._messages = context.messages
        mode = environ.get("ROLE_ENV_CACHE") or "auto"
        if mode not in MODES:
            raise ProfileError(f"ROLE_ENV_CACHE is {printable(mode)}, which is none of {', '.join(MODES)}")
        in_keyring = everywhere or mode in _IN_KEYRING
        self._keyring = SystemKeyring(context, prompts=prompts) if in_keyring else None
        self._kernel_allowed = everywhere or mode in _IN_KERNEL
        self._kernel_fault = ""
        self._prompts = prompts
        # A keyring that is late is told of when it is, and not again for a minute.
        self._told = bool(self.fault)

    @property
    def fault(self) -> str:
        """Why the keyring, though there is one, could not be used; empty while it can."""
        return self._keyring.fault if self._keyring and not self._keyring.absent else ""

    def load(self, entry: Entry) -> Record | None:
        """The record that is kept as `entry`, or None."""
        text = self._keyring.read(entry) if self._keyring else None
        # One is there, too, from when the keyring did not take it.
        if not text and self._kernel_allowed:
            text = self._use_kernel(lambda: kernel_keyring.read(entry.name))
        self._tell()
        record = parse(text, entry.username) if text else None
        if text and not record:
            self._messages.decided("what is kept cannot be read")
        return record

    def store(self, entry: Entry, record: Record) -> None:
        """Keeps `record` as `entry`, and the entry's name in the index."""
        if self._keyring and self._keyring.usable:
            self._note(entry)
            self._keyring.write(entry, record.text())
            if self._kernel_allowed and self._keyring.usable:  # an older one, from when it could not be used
                self._use_kernel(lambda: kernel_keyring.forget(entry.name))
        if self._in_kernel():
            seconds = int(record.credentials.remaining(time.time()))
            self._use_kernel(lambda: kernel_keyring.write(entry.name, record.text(), seconds=seconds))
        self._tell()

    def forget(self, entry: Entry) -> None:
        """Removes what is kept as `entry`, wherever it is."""
        if self._keyring:
            self._keyring.forget(entry)
        if self._kernel_allowed:
            self._use_kernel(lambda: kernel_keyring.forget(entry.name))

    def entries(self) -> list[Entry]:
        """The entries that the index names, and those that can be searched for: an index can be lost."""
        try:
            text = self._index.read_text("utf-8", "surrogateescape")
        except OSError:
            text = ""
        names = [line for line in text.split("\n") if "\t" in line]
        names += [entry.name for entry in self._keyring.entries()] if self._keyring else []
        names += (self._use_kernel(kernel_keyring.names) or []) if self._kernel_allowed else []
        pairs = [
            name.split("\t", 1) for name in dict.fromkeys(names) if name.startswith(SESSION_SERVICE) and "\t" in name
        ]
        return [Entry(service, username) for service, username in pairs]

    def _in_kernel(self) -> bool:
        """Whether the kernel's keyring is the place, or stands in for the one that cannot be used."""
        return self._kernel_allowed and not (self._keyring and self._keyring.usable)

    def _use_kernel(self, operation: Callable[[], T]) -> T | None:
        try:
            return operation()
        except kernel_keyring.Unavailable as error:
            self._kernel_fault = str(error)
        return None

    def _tell(self) -> None:
        """Warns once of a keyring that cannot be used; of an absent one only where nothing stands in for it."""
        fault = self._keyring.fault if self._keyring else self._kernel_fault
        stands_in = self._in_kernel() and not self._kernel_fault
        if not fault or self._told or (stands_in and self._keyring and self._keyring.absent):
            return
        self._told = True
        tell = self._messages.decided if self._environ.get("CI") else self._messages.warn
        if not self._prompts:
            tell(f"what the keyring keeps is not shown: {fault}")
            return
        where = "sessions are kept in the kernel's" if stands_in else "no session is kept"
        tell(f"the keyring cannot be used, so {where}: {fault}")

    @property
    def _index(self) -> Path:
        return state_folder() / "sessions"

    def _note(self, entry: Entry) -> None:
        """Appends the entry's name to the index in one write, unless it is there: so no process loses another's."""
        line = f"{entry.name}\n".encode("utf-8", "surrogateescape")
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
