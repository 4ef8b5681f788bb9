"""role-env list: show the profiles."""

import gc
import os
import sys
import time

from role_env import timestamps, variables
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.credentials import RoleArn
from role_env.errors import ProfileError
from role_env.fingerprint import Fingerprint
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.ui import stdout as output
from role_env.ui import table
from role_env.ui.messages import on_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.keyrings.entry import Entry
    from role_env.profiles.profile import Profile
    from role_env.sessions.store import Cache
    from role_env.sources.base import Source


_KEYS = ("profile", "role_arn", "source", "region_id", "expiration", "sign_in_expiration")
_HEADING = ("PROFILE", "ROLE", "ACCOUNT", "SOURCE", "REGION", "SESSION")
# The columns that are shortened where there is no room: roles, accounts and regions before names of profiles.
_YIELDING = ((1, 2, 4), (0, 3))


def run(invocation: Invocation, context: Context) -> int:
    """Print a line for each profile, in file order."""
    gc.disable()  # the process ends before a collection could be worth the 2 ms that some take with 200 profiles
    fingerprint = Fingerprint(context.environ)
    file = profiles.load(invocation.config, fingerprint)
    names = [name for name in file.names() if not invocation.sessions or _gives_session(file, name, fingerprint)]
    if invocation.names:  # a shell completes words with it: nothing but the file, and no import beyond
        output.write("".join(f"{name}\n" for name in names))
        return 0
    rows = _rows(file, names, context)
    if invocation.json:
        output.write_json([{key: row[key] for key in _KEYS} for row in rows])
    elif invocation.sessions:
        output.write(_choices(rows, context))
    else:
        output.write(_table(rows, context))
    return 0


def _gives_session(file: ProfilesFile, name: str, fingerprint: Fingerprint) -> bool:
    """Return whether the profile `name` gives a session, as far as that shows without a request."""
    is_promised = file.promises_session(name)
    if is_promised is not None:
        return is_promised
    from role_env.sessions import chain as chains  # only a profile of the aliyun CLI without a role pays for it

    try:
        return chains.resolve(file, name, fingerprint).gives_session
    except ProfileError:
        return False


def _rows(file: ProfilesFile, names: list[str], context: Context) -> list[dict[str, str | None]]:
    """Return the profiles as `list --json` shows them, with the message about an invalid one under `error`.

    Each error is reported on stderr once, for all the profiles that it concerns.
    """
    from role_env.keyrings.entry import session_entry
    from role_env.sessions.store import Cache

    cache = Cache(context, prompts=False)
    entries = [session_entry(file.real_path, name) for name in names]
    sign_ins = _sign_ins(file, names)
    with context.messages.waiting_for("the keyring"):
        known = cache.read_ahead(entries, [entry for entry, _ in sign_ins])
        ends = {entry.name: source.sign_in_expiration(context, known) for entry, source in sign_ins}
        rows = [_row(file, entry, cache, ends, context) for entry in entries]
    for message in dict.fromkeys(row["error"] for row in rows if row["error"]):
        context.messages.warn(message)
    return rows


def _sign_ins(file: ProfilesFile, names: list[str]) -> "list[tuple[Entry, Source]]":
    """Return the keyring's entries of the sign-ins that the profiles need, each with a source that uses it."""
    found = {}
    for name in names:
        try:
            source = file.chain(name)[0].source
        except ProfileError:  # which its row shows
            continue
        if source and (entry := source.sign_in_entry):
            found[entry.name] = entry, source
    return list(found.values())


def _row(
    file: ProfilesFile, entry: "Entry", cache: "Cache", ends: "Mapping[str, int | None]", context: Context
) -> dict[str, str | None]:
    """Return the row of the profile whose session is stored as `entry`; `ends` are those of the sign-ins."""
    name = entry.username
    row: dict[str, str | None] = dict.fromkeys((*_KEYS, "color", "key_age", "left", "error"))
    row["profile"] = name
    try:
        profile = file.profile(name)
        row |= {
            "role_arn": profile.role_arn or None,
            "source": profile.source_kind,
            "region_id": profile.region_id or None,
            "color": profile.color,
        }
        if profile.source and profile.source.kind == "keyring":
            row["key_age"] = _key_age(profile.source, context)
        source = file.chain(name)[0].source
        if source and (sign_in := source.sign_in_entry):
            end = ends[sign_in.name]
            row["sign_in_expiration"] = timestamps.format_utc(end) if end else None
            row["left"] = f"signed in, {_time_left(end)}" if end and end > time.time() else "sign in"
        if expiration := _expiration(profile, entry, cache):
            row["expiration"], row["left"] = timestamps.format_utc(expiration), _time_left(expiration)
    except ProfileError as error:
        row["error"] = error.message
    return row


def _key_age(source: "Source", context: Context) -> str | None:
    """Return the age of the access key that the keyring has for `source`; None if it is unknown."""
    from role_env.keyrings.access_keys import ROTATE_AFTER_DAYS, age

    key = source.stored_key(context)
    days = age(key) if key else None
    if days is None:
        return None
    text = f"{days} day{'' if days == 1 else 's'}"
    return f"{text}: rotate it" if days >= ROTATE_AFTER_DAYS else text


def _expiration(profile: "Profile", entry: "Entry", cache: "Cache") -> int | None:
    """Return when the cached session of `profile`, stored as `entry`, expires; None if no live one is cached."""
    cached = cache.load(entry, by_index=True)
    is_of_another = cached and profile.role_arn and cached.session.role_arn != profile.role_arn
    if not cached or is_of_another or cached.session.credentials.remaining() <= 0:
        return None
    return cached.session.credentials.expiration


def _table(rows: list[dict[str, str | None]], context: Context) -> str:
    cells = [_cells(row) for row in rows]
    colors = [table.BOLD, *map(_color, rows)] if table.has_colors(context.environ, sys.stdout) else []
    return table.table(_HEADING, cells, most=table.columns(context.environ), yielding=_YIELDING, colors=colors)


def _choices(rows: list[dict[str, str | None]], context: Context) -> str:
    """Return what `role-env use` offers: a line for each profile, its name in front, the rest in the profile's color.

    The shell integration reads it, and shows it on stderr.
    """
    cells = []
    for row in rows:
        name, role, account, *_, left = _cells(row)
        cells.append((name, role, account, left, row["color"] or ""))
    most = (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - len("999  ") if on_terminal() else 1000
    lines = table.table(("",) * 5, cells, most=most, yielding=((1, 2),)).splitlines()[1:]
    has_colors = table.has_colors(context.environ, sys.stderr)
    shown = ""
    for line, row in zip(lines, rows, strict=True):
        name, gap, rest = line.partition(" ")
        color = variables.COLORS.get(row["color"] or "", "") if has_colors else ""
        shown += f"{name}{gap}{table.colored(rest, color)}\n"
    return shown


def _cells(row: dict[str, str | None]) -> list[str]:
    arn = RoleArn(row["role_arn"] or "")
    source = "key" if row["source"] == "access_key_id" else row["source"]
    source = f"{source} ({row['key_age']})" if row["key_age"] else source
    shown = (
        row["profile"],
        arn.name,
        arn.account,
        source,
        row["region_id"],
        "invalid" if row["error"] else row["left"],
    )
    return [cell or "-" for cell in shown]


def _time_left(moment: int) -> str:
    return table.time_left(moment - time.time())


def _color(row: dict[str, str | None]) -> str:
    return table.RED if row["error"] else table.GREEN if row["expiration"] else ""
