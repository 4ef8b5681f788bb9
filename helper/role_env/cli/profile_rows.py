"""The profiles as rows with columns, for `list` and for the choice of a profile."""

import os
import sys
import time
from contextlib import suppress

from role_env.agents import agent_of
from role_env.context import Context, timeout_of
from role_env.context.messages import on_terminal
from role_env.credentials import RoleArn, format_utc
from role_env.dataclass import dataclass, replace
from role_env.errors import KeyringError, ProfileError, UnreachableError
from role_env.profiles.file import ProfilesFile
from role_env.ui import table
from role_env.ui.colors import COLORS

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
    of a valid session, `sign_in_end` the end of the sign-in that its chain needs (epoch seconds). `file` is the file
    that has the profile. `is_current` is True for the profile of the shell's own session.
    """

    name: str
    profile: "Profile | None" = None
    key_created: int = 0
    missing_key: "SourceFault | None" = None
    expiration: int | None = None
    needs_sign_in: bool = False
    sign_in_end: int | None = None
    error: ProfileError | None = None
    file: str = ""
    is_current: bool = False

    @property
    def role_arn(self) -> RoleArn:
        """The role, empty if there is none."""
        return self.profile.role_arn if self.profile else RoleArn()

    @property
    def access_config(self) -> str:
        """The access configuration whose session the profile's own source gives, empty if it gives another one."""
        return self.profile.source.access_config if self.profile and self.profile.source else ""

    @property
    def key_days(self) -> int | None:
        """The age of its access key in the keyring, in days; None if there is no key, or if its age is not known."""
        from role_env.keyrings.access_keys import age_in_days

        return age_in_days(self.key_created)

    @property
    def color(self) -> str:
        """The color of the profile, empty if it has none."""
        return self.profile.color if self.profile else ""


def _source(row: Row) -> str | None:
    return row.profile.source_kind if row.profile else None


_SOURCES = {
    "access_key_id": "key",
    "aliyun_cli": "CLI",
    "cloud_sso": "SSO",
    "credential_process": "process",
    "credentials_uri": "URI",
    "ecs_ram_role": "ECS",
    "environment": "env",
}
"""The kinds of sources in a narrow column. A key in the file is called `key` everywhere."""


def _source_cell(row: Row) -> str | None:
    return "key" if _source(row) == "access_key_id" else _source(row)


def _brief_source(row: Row) -> str | None:
    is_kind = row.profile is not None and row.profile.source is not None
    return _SOURCES.get(_source(row) or "", _source(row)) if is_kind else _source(row)


def _role_cell(row: Row) -> str | None:
    return row.role_arn.name or row.access_config or None


def _key_cell(row: Row, *, is_brief: bool = False) -> str | None:
    from role_env.keyrings.access_keys import ROTATE_AFTER_DAYS

    if row.missing_key and row.profile and row.profile.source:
        return "missing"
    days = row.key_days
    if days is None:
        return None
    text = f"{days}d" if is_brief else f"{days} day{'' if days == 1 else 's'}"
    if days < ROTATE_AFTER_DAYS:
        return text
    return "rotate" if is_brief else f"{text}: rotate it"


def _brief_key(row: Row) -> str | None:
    return _key_cell(row, is_brief=True)


def _session_cell(
    row: Row, left: "Callable[[float], str]" = table.time_left, sign_in: str = "signed in, "
) -> str | None:
    if row.error:
        return "invalid"
    if row.missing_key:
        return "no key"
    now = time.time()
    if row.expiration:
        return left(row.expiration - now)
    if row.sign_in_end and row.sign_in_end > now:
        return f"{sign_in}{left(row.sign_in_end - now)}"
    return "sign in" if row.needs_sign_in else None


def _brief_session(row: Row) -> str | None:
    return _session_cell(row, table.brief_time_left, "sign-in ")


_WIDEST_NAME = 44
"""The columns of a profile's name that a terminal of 80 columns always shows."""


@dataclass(frozen=True)
class Column:
    """A column of the list.

    The JSON shows `value` as `json_key`, unless that is empty. The table shows `cell`, by default the value, below
    `heading`, unless that is empty; in a narrow terminal it shows `brief`. `least` is the width to which a cell may be
    cut, 0 for none. With `is_offered`, `role-env use` shows the column where it offers the profiles.
    """

    json_key: str
    heading: str
    value: "Callable[[Row], str | None]"
    cell: "Callable[[Row], str | None] | None" = None
    brief: "Callable[[Row], str | None] | None" = None
    least: int = 0
    is_offered: bool = False
    blank: str = "-"

    def text(self, row: Row) -> str | None:
        """Return the text of this column in `row`, if it has one."""
        return (self.cell or self.value)(row)

    def brief_text(self, row: Row) -> str | None:
        """Return the same in fewer words."""
        return (self.brief or self.cell or self.value)(row)


COLUMNS = (
    Column("", " ", lambda row: "*" if row.is_current else None, blank=""),
    Column("profile", "PROFILE", lambda row: row.name, least=_WIDEST_NAME, is_offered=True),
    Column("role_arn", "ROLE", lambda row: row.role_arn or None, _role_cell, least=12, is_offered=True),
    Column("account_id", "ACCOUNT", lambda row: (row.profile and row.profile.account_id) or None, is_offered=True),
    Column("source", "SOURCE", _source, _source_cell, _brief_source),
    Column("region_id", "REGION", lambda row: (row.profile and row.profile.region_id) or None),
    Column("expiration", "SESSION", lambda row: _utc(row.expiration), _session_cell, _brief_session, is_offered=True),
    Column("sign_in_expiration", "", lambda row: _utc(row.sign_in_end)),
    Column("key_created", "KEY", lambda row: _utc(row.key_created), _key_cell, _brief_key),
    Column("color", "", lambda row: row.color or None, is_offered=True, blank=""),
    Column("access_config", "", lambda row: row.access_config or None),
    Column("file", "", lambda row: row.file or None),
)
_LEFT_OUT = ("KEY", "REGION", "SOURCE", "ROLE")
"""The columns that a terminal which is too narrow for all does not show, the first of them first."""


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
    from role_env.sessions.store import Cache

    context = context.without_prompts()
    cache = Cache(context)
    entries = [_entry(file, name, context) for name in names]
    sign_ins = _sign_ins(file, names)
    with context.messages.waiting_for("the keyring"):
        known = cache.read_ahead(entries, [sign_in.entry for sign_in in sign_ins])
        ends: dict[str, int | None] = {}
        for sign_in in sign_ins:
            with suppress(KeyringError):  # a locked or missing keyring says nothing of a sign-in
                ends[sign_in.entry.name] = sign_in.expiration(context, known)
        rows = [_row(file, entry, cache, ends, context) for entry in entries if _is_in_time(context)]
    current = _current(file, context)
    rows = [replace(row, file=file.where(row.name)[0], is_current=row.name == current) for row in rows]
    errors = {error.message: error.hint for error in (*file.name_faults, *(row.error for row in rows)) if error}
    missing = {row.missing_key.message: row.missing_key.hint for row in rows if row.missing_key}
    for message, hint in [*errors.items(), *missing.items()]:
        context.messages.say(message)
        if hint:
            context.messages.say(f"hint: {hint}")
    return rows


def _current(file: ProfilesFile, context: Context) -> str:
    """Return the profile of the shell's own session, empty if there is none or if it is of another file."""
    if not context.environ.get("ROLE_ENV_PROFILE"):
        return ""
    from role_env.environ.session import ShellState
    from role_env.sessions.shell_request import request_of_shell

    state, asked = ShellState(context.environ), request_of_shell(context.environ)
    is_of_file = asked is None or os.path.realpath(asked.config) == file.real_path
    return state.profile if state.has_session and not state.has_no_account and is_of_file else ""


def _is_in_time(context: Context) -> bool:
    """Return True, or raise UnreachableError if ROLE_ENV_TIMEOUT has passed."""
    if context.deadline.remaining():
        return True
    raise UnreachableError(
        f"the list was not complete within {timeout_of(context.environ):g} seconds",
        hint="raise ROLE_ENV_TIMEOUT, or list the names alone: `role-env list --names`",
    )


def _entry(file: ProfilesFile, name: str, context: Context) -> "Entry":
    """Return the entry of the session that `name` gives to who asks. With the key `agents`, an agent has its own."""
    from role_env.keyrings import session_entry
    from role_env.sessions import Request

    agent = agent_of(context.environ)
    if agent and file.has_key(name, "agents"):
        return Request(name, agent=agent).entry(file.path)
    return session_entry(file.real_path, name)


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
    name, profile, created = entry.username, None, 0
    try:
        profile = file.profile(name)
        created = _key_created(profile.source, context)
        source = file.chain(name)[0].source
        if profile.source and profile.source.is_cli_profile and not profile.role_arn:
            profile = _with_cli_role(profile, file)
        sign_in = source.sign_in if source else None
        fault = source.find_fault(context) if source else None
        missing_key = fault if fault and fault.is_certain else None
        return Row(
            name,
            profile,
            created,
            missing_key,
            None if missing_key else _expiration(file, entry, cache, context),
            needs_sign_in=sign_in is not None and sign_in.entry.name in ends,
            sign_in_end=ends.get(sign_in.entry.name) if sign_in else None,
        )
    except ProfileError as error:
        return Row(name, profile, created, error=error)


def _with_cli_role(profile: "Profile", file: ProfilesFile) -> "Profile":
    """Return the profile with the role that its profile of the `aliyun` CLI assumes, if there is one."""
    from role_env.sessions import chain as chains  # only for such a profile

    return replace(profile, role_arn=chains.resolve(file, profile.name).role_arn)


def _key_created(source: "Source | None", context: Context) -> int:
    """Return when the profile's access key in the keyring was created (epoch seconds), 0 if that is not known."""
    from role_env.sources.access_key import KeyringKey

    key = source.stored_key(context) if isinstance(source, KeyringKey) else None
    return key.created if key else 0


def _expiration(file: ProfilesFile, entry: "Entry", cache: "Cache", context: Context) -> int | None:
    """Return when the cached session stored as `entry` expires; None if a request would not use it."""
    cached = cache.load_listed(entry)
    if not cached:
        return None
    from role_env.sessions import Request
    from role_env.sessions.forecast import is_used  # only if a session is cached
    from role_env.sessions.resolve import decide_agent

    request = decide_agent(Request(entry.username, agent=agent_of(context.environ)), file)
    return cached.session.credentials.expiration if is_used(cached, request, file, context) else None


def offered_lines(rows: list[Row], context: Context) -> list[str]:
    """Return a line for each profile to choose from, its name first, the rest in the profile's color.

    The lines fit on the terminal on stderr, with a number before each.
    """
    columns = [column for column in COLUMNS if column.is_offered]  # the names are typed: they stay whole
    most = (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - len("999  ") if on_terminal() else None
    lines = table_of(rows, columns, most=most).splitlines()[1:]
    has_colors = table.has_colors(context.environ, sys.stderr)
    shown = []
    for line, row in zip(lines, rows, strict=True):
        name, gap, rest = line.partition(" ")
        color = COLORS.get(row.color, "") if has_colors else ""
        shown.append(f"{name}{gap}{table.colored(rest, color)}")
    return shown


def table_of(rows: list[Row], columns: "Sequence[Column]", *, most: int | None, colors: "Sequence[str]" = ()) -> str:
    """Return the heading and a line for each row as a table of at most `most` columns, unless that is None.

    If they are too wide, the cells get fewer words; then roles are cut, and columns left out. The name of a profile is
    cut only if it is wider than _WIDEST_NAME, and an account never.
    """
    shown = [[column.heading, *(column.text(row) or column.blank for row in rows)] for column in columns]
    if most is None or table.width_of(_turned(shown)) <= most:
        return table.table(_turned(shown), most=most, colors=colors)
    for number, column in enumerate(columns):
        if table.width_of(_turned(shown)) > most:
            shown[number] = [column.heading, *(column.brief_text(row) or column.blank for row in rows)]
    left_out = list(_LEFT_OUT)
    while left_out and table.width_of(_turned(shown)) - _spare(shown) > most:
        heading = left_out.pop(0)
        shown = [cells for cells in shown if cells[0] != heading]
    least = {number: _least(cells) for number, cells in enumerate(shown) if _least(cells)}
    by_role_first = dict(sorted(least.items(), key=lambda pair: pair[1]))
    return table.table(_turned(shown), most=most, least=by_role_first, colors=colors)


def _turned(columns: "Sequence[Sequence[str]]") -> "list[list[str]]":
    return [list(row) for row in zip(*columns, strict=True)]


def _spare(columns: "Sequence[Sequence[str]]") -> int:
    """Return how much narrower the columns whose cells may be cut can be."""
    return sum(max(0, max(map(table.width, cells)) - _least(cells)) for cells in columns if _least(cells))


def _least(cells: "Sequence[str]") -> int:
    return next(column.least for column in COLUMNS if column.heading == cells[0])


def _utc(moment: int | None) -> str | None:
    return format_utc(moment) if moment else None
