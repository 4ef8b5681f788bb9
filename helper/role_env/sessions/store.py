"""The cache of sessions: load, store, delete, in the places that ROLE_ENV_CACHE names.

`auto` is the system's keyring and, if that is absent, locked or hung, the Linux kernel's. `keyring` and `kernel` are
one of them, `none` is neither. A fault of a place causes one warning, and the session is still returned.
"""

import functools
from collections.abc import Callable, Mapping, Sequence

from role_env.context import Context
from role_env.errors import ProfileError, printable
from role_env.keyrings import SESSION_SERVICE, Entry
from role_env.keyrings.index import Index
from role_env.keyrings.order import MODE, MODES, OrderedKeyrings
from role_env.sessions import Request
from role_env.sessions.record import Record, parse_record, text_of

_INDEX = "sessions"


class Cache:
    """The places where sessions are cached in the environment of `context`.

    With `everywhere` it has every possible place, for any ROLE_ENV_CACHE. Raises ProfileError for an invalid one.
    """

    def __init__(self, context: Context, *, everywhere: bool = False) -> None:
        self._context = context
        self._index = Index(context.environ, _INDEX, SESSION_SERVICE)
        mode = cache_mode(context.environ)
        self._keyrings = OrderedKeyrings(context, "" if everywhere else mode)
        self._system, self._kernel = self._keyrings.system, self._keyrings.kernel
        self._ahead: dict[str, str | None] = {}
        # A timeout is reported when it happens; for a minute after that, processes say nothing about it.
        self._has_warned = bool(self._system and self._system.fault)

    def within(self, context: Context) -> "Cache":
        """Return the same cache for uses that must end by the deadline of `context`, which is the same otherwise."""
        is_quick = not self._system or self._system.fault  # a keyring with a fault is not asked again
        return self if is_quick else Cache(context)

    def prepare(self) -> None:
        """Prepare `store` in the background."""
        if self._system:
            self._system.prepare()

    def load(self, entry: Entry, *, is_patient: bool = False) -> Record | None:
        """Return the record stored as `entry`, or None. With `is_patient` the keyring may take longer."""
        # The kernel keyring may have it too, from a time when the system's keyring could not store it.
        text = next(self._keyrings.texts(entry, is_patient=is_patient), None)
        self._warn()
        return self._parse(text, entry)

    def read_ahead(self, entries: Sequence[Entry], others: Sequence[Entry] = ()) -> Mapping[str, str | None]:
        """Read `entries` and `others` from the keyring at once; `load_listed` then uses the texts of `entries`.

        Return the texts of `others` by entry name, as far as they could be read.
        """
        if self._system:
            listed = [entry for entry in entries if self._may_have(entry)]
            self._ahead |= self._system.read_together([*others, *listed])
        return {entry.name: self._ahead.pop(entry.name) for entry in others if entry.name in self._ahead}

    def load_listed(self, entry: Entry) -> Record | None:
        """Return what `load` does. The keyrings are not asked if their lists of names lack `entry`."""
        text = next(self._keyrings.texts(entry, self._ahead), None) if self._may_have(entry) else None
        self._warn()
        return self._parse(text, entry)

    def _parse(self, text: str | None, entry: Entry) -> Record | None:
        """Return the record in `text`. A damaged one, or one of another version, is reported with --verbose only."""
        record = parse_record(text, entry.username) if text else None
        if text and not record:
            self._context.messages.decided("the cached session cannot be read")
        return record

    def store(self, entry: Entry, record: Record) -> None:
        """Store `record` as `entry` until it expires, and add the entry's name to the index."""
        self._change_index(self._index.note, entry)
        seconds = int(record.session.credentials.remaining())
        self._keyrings.write(entry, text_of(record), seconds=seconds)
        self._change_index(self._index.note, entry)  # again: `clear` may have removed the name before the write
        self._warn()

    def delete(self, entry: Entry) -> bool:
        """Delete `entry` from every place, and return whether it was in one."""
        was_there = self._keyrings.delete(entry)
        self._change_index(self._index.remove, entry)
        return was_there

    def unreachable(self, entries: Sequence[Entry]) -> tuple[str, list[Entry]]:
        """Return why the keyring may still have entries, and those of `entries` that it has by the index.

        Without an index it may have any of them, unless no keyring exists.
        """
        if not self._system or not self._system.fault:
            return "", []
        noted = self._index.names()
        left = [entry for entry in entries if entry.name in noted]
        may_have = left or not (self._system.is_absent or self._index.exists())
        return self._system.reason if may_have else "", left

    def entries(self) -> list[Entry]:
        """Return the entries in the index, and those that a search finds, since the index can be lost."""
        return self._index.entries(self._keyrings.names())

    def entries_of(self, profiles: Sequence[str], path: str | None) -> list[Entry]:
        """Return the entries of sessions of `profiles`, with any options and of any file.

        With the `path` of a profiles file, add those without options, in case the index has lost them.
        """
        found = [entry for entry in self.entries() if entry.username in profiles]
        if path:
            found += [Request(name).entry(path) for name in profiles]
        return list({entry.name: entry for entry in found}.values())

    def _warn(self) -> None:
        """Warn once of a keyring that cannot be used, or of a missing one that the kernel keyring does not replace."""
        first = self._system or self._kernel
        fault = first.reason if first else ""
        if not fault or self._has_warned:
            return
        is_replaced = self._kernel is not None and not self._kernel.reason
        if is_replaced and self._system and self._system.is_absent:
            return
        self._has_warned = True
        say = self._context.messages.decided if self._context.environ.get("CI") else self._context.messages.say
        if not self._context.prompts:
            say(f"sessions in the keyring are not shown: {fault}")
            return
        where = "sessions are cached in the kernel's" if is_replaced else "no session is cached"
        say(f"the keyring cannot be used, so {where}: {fault}")

    def _may_have(self, entry: Entry) -> bool:
        return self._listed is None or entry.name in self._listed

    @functools.cached_property
    def _listed(self) -> frozenset[str] | None:
        """The listed names, or None without an index. They are read once, since `list` asks for each profile."""
        if self._system and not self._index.exists():
            return None
        return frozenset(self._index.names() + (self._kernel.names() if self._kernel else []))

    def _change_index(self, change: Callable[[Entry], None], entry: Entry) -> None:
        """Change the index of the system's keyring, unless that cannot be used."""
        try:
            if self._system and not self._system.fault:
                change(entry)
        except OSError as error:
            self._context.messages.decided(f"the index of sessions could not be written: {error.strerror}")


def cache_mode(environ: Mapping[str, str]) -> str:
    """Return the value of ROLE_ENV_CACHE. Raises ProfileError for an invalid one."""
    mode = environ.get(MODE) or "auto"
    if mode not in MODES:
        raise ProfileError(
            f"{MODE} is {printable(mode)[:40]}, which is none of {', '.join(MODES)}",
            hint=f"set it to one of {', '.join(MODES)}, or unset it",
        )
    return mode
