"""The cache of sessions: load, store, delete, in the places that ROLE_ENV_CACHE names.

`auto` is the system's keyring and, if that is absent, locked or hung, the Linux kernel's. `keyring` and `kernel` are
one of them, `none` is neither. A fault of a place causes one warning, and the session is still returned.
"""

import functools

from role_env.context import Context
from role_env.errors import ProfileError, printable
from role_env.keyrings import SESSION_SERVICE, Entry, fallback
from role_env.keyrings.fallback import MODE, MODES, KernelKeyring
from role_env.keyrings.index import Index
from role_env.keyrings.system import SystemKeyring
from role_env.sessions import Record, parse_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from role_env.files.entry_lock import EntryLock

_INDEX = "sessions"


class Cache:
    """The places where sessions are cached in the environment of `context`.

    With `everywhere` it has every possible place, for any ROLE_ENV_CACHE. Without `prompts` nobody is asked to unlock
    anything. Raises ProfileError for an invalid ROLE_ENV_CACHE.
    """

    def __init__(self, context: Context, *, everywhere: bool = False, prompts: bool = True) -> None:
        self._environ = context.environ
        self._messages = context.messages
        self._index = Index(context.environ, _INDEX, SESSION_SERVICE)
        mode = cache_mode(context.environ)
        in_keyring = everywhere or mode in ("auto", "keyring")
        self._keyring = SystemKeyring(context, prompts=prompts) if in_keyring else None
        self._kernel = KernelKeyring() if everywhere else None
        if not everywhere and mode != "none":
            self._kernel = fallback.kernel_keyring(context.environ)
        self._prompts = prompts
        self._ahead: dict[str, str | None] = {}
        # A timeout is reported when it happens; for a minute after that, processes say nothing about it.
        self._has_warned = bool(self._keyring and self._keyring.fault)

    def prepare(self) -> None:
        """Prepare `store` in the background."""
        if self._keyring:
            self._keyring.prepare()

    def load(self, entry: Entry) -> Record | None:
        """Return the record stored as `entry`, or None."""
        lock = self._lock(entry)
        is_stored = lock.has_stored()
        text = None
        if self._keyring:
            text = self._keyring.read_stored(entry) if is_stored else self._keyring.read(entry)
        # The kernel keyring may have it too, from a time when the system's keyring could not store it.
        if not text and self._kernel:
            text = self._kernel.read(entry)
        self._warn()
        if is_stored and not text:
            lock.withdraw()  # no other process should look for it
        return self._parse(text, entry)

    def read_ahead(self, entries: "Sequence[Entry]", others: "Sequence[Entry]" = ()) -> "Mapping[str, str | None]":
        """Read `entries` and `others` from the keyring at once; `load_listed` then uses the texts of `entries`.

        Return the texts of `others` by entry name, as far as they could be read.
        """
        if self._keyring:
            listed = [entry for entry in entries if self._may_have(entry)]
            self._ahead |= self._keyring.read_together([*others, *listed])
        return {entry.name: self._ahead.pop(entry.name) for entry in others if entry.name in self._ahead}

    def load_listed(self, entry: Entry) -> Record | None:
        """Return what `load` does. A keyring whose list of names lacks `entry` is not asked."""
        text = None
        if self._keyring and self._may_have(entry):
            is_ahead = entry.name in self._ahead
            text = self._ahead.pop(entry.name) if is_ahead else self._keyring.read(entry)
        if not text and self._kernel and entry.name in self._kernel_names:
            text = self._kernel.read(entry)
        self._warn()
        return self._parse(text, entry)

    def _parse(self, text: str | None, entry: Entry) -> Record | None:
        record = parse_record(text, entry.username) if text else None
        if text and not record:
            self._messages.decided("the cached session cannot be read")
        return record

    def store(self, entry: Entry, record: Record) -> None:
        """Store `record` as `entry` until it expires, and add the entry's name to the index."""
        if self._keyring and not self._keyring.fault:
            self._change_index(self._index.note, entry)
        seconds = int(record.session.credentials.remaining())
        fallback.store(self._keyring, self._kernel, entry, record.text(), seconds=seconds)
        if self._keyring and not self._keyring.fault:
            self._change_index(self._index.note, entry)  # again, in case another process has just removed it
            self._lock(entry).report_stored()
        self._warn()

    def delete(self, entry: Entry) -> bool:
        """Delete `entry` from every place, and return whether it was in one."""
        is_there = bool(self._keyring and self._keyring.read(entry))
        if self._keyring:
            self._keyring.delete(entry)
            if not self._keyring.fault:
                self._change_index(self._index.remove, entry)
        if self._kernel:
            is_there = bool(self._kernel.read(entry)) or is_there
            self._kernel.delete(entry)
        return is_there

    def unreachable(self, entries: "Sequence[Entry]") -> tuple[str, list[Entry]]:
        """Return why the keyring may still have entries, and those of `entries` that it has by the index.

        Without an index it may have any of them, unless no keyring exists.
        """
        if not self._keyring or not self._keyring.fault:
            return "", []
        noted = self._index.names()
        left = [entry for entry in entries if entry.name in noted]
        may_have = left or not (self._keyring.is_absent or self._index.exists())
        return self._keyring.reason if may_have else "", left

    def entries(self) -> list[Entry]:
        """Return the entries in the index, and those that a search finds, since the index can be lost."""
        names = self._index.names()
        names += self._keyring.names() if self._keyring else []
        names += self._kernel.names() if self._kernel else []
        ours = (name for name in dict.fromkeys(names) if name.startswith(SESSION_SERVICE) and "\t" in name)
        return [Entry(*name.split("\t", 1)) for name in ours]

    def _warn(self) -> None:
        """Warn once of a keyring that cannot be used, or of a missing one that the kernel keyring does not replace."""
        fault = self._keyring.reason if self._keyring else self._kernel.fault if self._kernel else ""
        if not fault or self._has_warned:
            return
        is_replaced = self._kernel is not None and not self._kernel.fault
        if is_replaced and self._keyring and self._keyring.is_absent:
            return
        self._has_warned = True
        say = self._messages.decided if self._environ.get("CI") else self._messages.say
        if not self._prompts:
            say(f"sessions in the keyring are not shown: {fault}")
            return
        where = "sessions are cached in the kernel's" if is_replaced else "no session is cached"
        say(f"the keyring cannot be used, so {where}: {fault}")

    def _lock(self, entry: Entry) -> "EntryLock":
        from role_env.files.entry_lock import EntryLock  # `list` needs no lock

        return EntryLock(entry.name, self._environ)

    def _may_have(self, entry: Entry) -> bool:
        """Return whether the system's keyring may have `entry`, by the index, which may be lost."""
        return self._indexed is None or entry.name in self._indexed

    @functools.cached_property
    def _indexed(self) -> frozenset[str] | None:
        """The names in the index, or None if there is no index. It is read once, since `list` asks for each profile."""
        return frozenset(self._index.names()) if self._index.exists() else None

    @functools.cached_property
    def _kernel_names(self) -> frozenset[str]:
        """The names of the entries in the kernel keyring, which is read once."""
        return frozenset(self._kernel.names() if self._kernel else ())

    def _change_index(self, change: "Callable[[Entry], None]", entry: Entry) -> None:
        try:
            change(entry)
        except OSError as error:
            self._messages.decided(f"the index of sessions could not be written: {error.strerror}")


def cache_mode(environ: "Mapping[str, str]") -> str:
    """Return the value of ROLE_ENV_CACHE. Raises ProfileError for an invalid one."""
    mode = environ.get(MODE) or "auto"
    if mode not in MODES:
        raise ProfileError(
            f"{MODE} is {printable(mode)[:40]}, which is none of {', '.join(MODES)}",
            hint=f"set it to one of {', '.join(MODES)}, or unset it",
        )
    return mode
