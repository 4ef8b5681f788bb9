"""The profiles as rows with columns, for `list` and for the choice of a profile."""

import os
import sys
import time

from role_env import validators
from role_env.context import Context, timeout_of
from role_env.context.messages import on_terminal
from role_env.credentials import RoleArn, format_utc
from role_env.dataclass import dataclass
from role_env.errors import ProfileError, UnreachableError
from role_env.profiles.file import ProfilesFile
from role_env.ui import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from role_env.keyrings import Entry
    from role_env.keyrings.sign_ins import StoredSignIn
    from role_env.profiles.profile import Profile
    from role_env.sessions.store import Cache
    from role_env.sources.base import Source, SourceFault


@dataclass(frozen=True)
class Row:
    """A profile and its cached session.

    `profile` is None if it is invalid; `error` is the fault of the profile or its chain. `key_age` is the age of its
    access key in the keyring; `missing_key` is the fault if its chain's access key is missing. `expiration` is the end
    of a valid session, `sign_in_end` the end of the sign-in that its chain needs (epoch seconds).
    """

    name: str
    profile: "Profile | None" = None
    key_age: str = ""
    missing_key: "SourceFault | None" = None
    expiration: int | None = None
    needs_sign_in: bool = False
    sign_in_end: int | None = None
    error: ProfileError | None = None

    @property
    def role_arn(self) -> RoleArn:
        """The role, empty if there is none."""
        return self.profile.role_arn if self.profile else RoleArn()

    @property
    def color(self) -> str:
        """The color of the profile, empty if it has none."""
        return self.profile.color if self.profile else ""


def _source(row: Row) -> str | None:
    return row.profile.source_kind if row.profile else None


def _source_cell(row: Row) -> str | None:
    return "key" if _source(row) == "access_key_id" else _source(row)


def _key_cell(row: Row) -> str | None:
    return "missing" if row.missing_key and row.profile and row.profile.source else row.key_age


def _session_cell(row: Row) -> str | None:
    if row.error:
        return "invalid"
    if row.missing_key:
        return "no key"
    if row.expiration:
        return _time_left(row.expiration)
    if row.sign_in_end and row.sign_in_end > time.time():
        return f"signed in, {_time_left(row.sign_in_end)}"
    return "sign in" if row.needs_sign_in else None


@dataclass(frozen=True)
class Column:
    """A column of the list.

    The JSON shows `value` as `json_key`, unless that is empty. The table shows `cell`, by default the value, below
    `heading`, unless that is empty. In a narrow terminal, columns of `rank` 1 are shortened first, then those of 2,
    and of 3 last. With `is_offered`, `role-env use` shows the column where it offers the profiles.
    """

    json_key: str
    heading: str
    value: "Callable[[Row], str | None]"
    cell: "Callable[[Row], str | None] | None" = None
    rank: int = 0
    is_offered: bool = False
    blank: str = "-"

    def text(self, row: Row) -> str | None:
        """Return the text of this column in `row`, if it has one."""
        return (self.cell or self.value)(row)


COLUMNS = (
    Column("profile", "PROFILE", lambda row: row.name, rank=2, is_offered=True),
    Column("role_arn", "ROLE", lambda row: row.role_arn or None, lambda row: row.role_arn.name, 1, is_offered=True),
    Column(
        "account_id", "ACCOUNT", lambda row: (row.profile and row.profile.account_id) or None, rank=3, is_offered=True
    ),
    Column("source", "SOURCE", _source, _source_cell, rank=2),
    Column("region_id", "REGION", lambda row: (row.profile and row.profile.region_id) or None, rank=1),
    Column("expiration", "SESSION", lambda row: _utc(row.expiration), _session_cell, is_offered=True),
    Column("sign_in_expiration", "", lambda row: _utc(row.sign_in_end)),
    Column("", "KEY", _key_cell, rank=1),
    Column("", "", lambda row: row.color, is_offered=True, blank=""),
)


def names_with_session(file: ProfilesFile) -> list[str]:
    """Return the names of the profiles that give a session, in file order."""
    return [name for name in file.names() if _gives_session(file, name)]


def _gives_session(file: ProfilesFile, name: str) -> bool:
    is_promised = file.promises_session(name)
    if is_promised is not None:
        return is_promised
    from role_env.sessions import chain as chains  # only for a profile of the aliyun CLI without a role

    try:
        return chains.resolve(file, name).gives_session
    except ProfileError:
        return False


def load_rows(file: ProfilesFile, names: list[str], context: Context) -> list[Row]:
    """Return the rows of the profiles. An error that several profiles share is reported once on stderr."""
    from role_env.keyrings import session_entry
    from role_env.sessions.store import Cache

    context = context.without_prompts()
    context.deadline  # noqa: B018  it begins now
    cache = Cache(context)
    entries = [session_entry(file.real_path, name) for name in names]
    sign_ins = _sign_ins(file, names)
    with context.messages.waiting_for("the keyring"):
        known = cache.read_ahead(entries, [sign_in.entry for sign_in in sign_ins])
        ends = {sign_in.entry.name: sign_in.expiration(context, known) for sign_in in sign_ins}
        rows = [_row(file, entry, cache, ends, context) for entry in entries if _is_in_time(context)]
    errors = {error.message: error.hint for error in (*file.name_faults, *(row.error for row in rows)) if error}
    missing = {row.missing_key.message: row.missing_key.hint for row in rows if row.missing_key}
    for message, hint in [*errors.items(), *missing.items()]:
        context.messages.say(message)
        if hint:
            context.messages.say(f"hint: {hint}")
    return rows


def _is_in_time(context: Context) -> bool:
    """Return True, or raise UnreachableError if ROLE_ENV_TIMEOUT has passed."""
    if context.deadline.remaining():
        return True
    raise UnreachableError(
        f"the list was not complete within {timeout_of(context.environ):g} seconds",
        hint="raise ROLE_ENV_TIMEOUT, or list the names alone: `role-env list --names`",
    )


def _sign_ins(file: ProfilesFile, names: list[str]) -> "list[StoredSignIn]":
    found = {}
    for name in names:
        try:
            source = file.chain(name)[0].source
        except ProfileError:  # its row shows the error
            continue
        if source and source.sign_in:
            found[source.sign_in.entry.name] = source.sign_in
    return list(found.values())


def _row(file: ProfilesFile, entry: "Entry", cache: "Cache", ends: "Mapping[str, int | None]", context: Context) -> Row:
    name, profile, age = entry.username, None, ""
    try:
        profile = file.profile(name)
        age = _key_age(profile.source, context)
        source = file.chain(name)[0].source
        sign_in = source.sign_in if source else None
        fault = source.find_fault(context) if source else None
        missing_key = fault if fault and fault.is_certain else None
        return Row(
            name,
            profile,
            age,
            missing_key,
            None if missing_key else _expiration(file, entry, cache, context),
            needs_sign_in=sign_in is not None,
            sign_in_end=ends[sign_in.entry.name] if sign_in else None,
        )
    except ProfileError as error:
        return Row(name, profile, age, error=error)


def _key_age(source: "Source | None", context: Context) -> str:
    from role_env.keyrings.access_keys import ROTATE_AFTER_DAYS, age
    from role_env.sources.access_key import KeyringKey

    if not isinstance(source, KeyringKey):
        return ""
    key = source.stored_key(context)
    days = age(key) if key else None
    if days is None:
        return ""
    text = f"{days} day{'' if days == 1 else 's'}"
    return f"{text}: rotate it" if days >= ROTATE_AFTER_DAYS else text


def _expiration(file: ProfilesFile, entry: "Entry", cache: "Cache", context: Context) -> int | None:
    """Return when the cached session stored as `entry` expires; None if a request would not use it."""
    cached = cache.load_listed(entry)
    if not cached:
        return None
    from role_env.sessions import Request
    from role_env.sessions.forecast import is_used  # only if a session is cached

    request = Request(entry.username)
    return cached.session.credentials.expiration if is_used(cached, request, file, context) else None


def offered_lines(rows: list[Row], context: Context) -> list[str]:
    """Return a line for each profile to choose from, its name first, the rest in the profile's color.

    The lines fit on the terminal on stderr, with a number before each.
    """
    columns = [column for column in COLUMNS if column.is_offered]  # the names are typed: they stay whole
    most = (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - len("999  ") if on_terminal() else 1000
    lines = table_of(rows, columns, most=most, ranks=(1, 3)).splitlines()[1:]
    has_colors = table.has_colors(context.environ, sys.stderr)
    shown = []
    for line, row in zip(lines, rows, strict=True):
        name, gap, rest = line.partition(" ")
        color = validators.COLORS.get(row.color, "") if has_colors else ""
        shown.append(f"{name}{gap}{table.colored(rest, color)}")
    return shown


def table_of(
    rows: list[Row],
    columns: "Sequence[Column]",
    *,
    most: int,
    ranks: "Sequence[int]" = (1, 2, 3),
    colors: "Sequence[str]" = (),
) -> str:
    """Return the heading and a line for each row as a table; the columns of `ranks` are shortened in that order."""
    cells = [[column.text(row) or column.blank for column in columns] for row in rows]
    yielding = [[number for number, column in enumerate(columns) if column.rank == rank] for rank in ranks]
    heading = [column.heading for column in columns]
    return table.table([heading, *cells], most=most, yielding=yielding, colors=colors)


def _utc(moment: int | None) -> str | None:
    return format_utc(moment) if moment else None


def _time_left(moment: int) -> str:
    return table.time_left(moment - time.time())
