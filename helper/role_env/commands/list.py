"""role-env list: show the profiles."""

import gc
import sys

from role_env import ui
from role_env.cli import Invocation, profile_rows
from role_env.cli.profile_rows import COLUMNS, Column, Row
from role_env.context import Context
from role_env.profiles import file as profiles
from role_env.ui import table


def run(invocation: Invocation, context: Context) -> int:
    """Print a line for each profile, in file order."""
    gc.disable()  # with 200 profiles, collections take 2 ms, and the process ends soon
    file = profiles.load(invocation.config, context.environ)
    names = profile_rows.names_with_session(file) if invocation.sessions else file.names()
    if invocation.names:  # read only the file, and import no more
        ui.write("".join(f"{name}\n" for name in names))
        return 0
    rows = profile_rows.load_rows(file, names, context)
    if invocation.json:
        ui.write_json([{column.json_key: column.value(row) for column in COLUMNS if column.json_key} for row in rows])
    else:
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        most = table.columns(context.environ) if is_terminal else None
        colors = [table.BOLD, *map(_color, rows)] if table.has_colors(context.environ, sys.stdout) else []
        ui.write(profile_rows.table_of(rows, _columns(rows), most=most, colors=colors))
    return 0


def _columns(rows: list[Row]) -> list[Column]:
    """Return the columns with a text in some row; without rows, all that have a heading."""
    if not rows:
        return [column for column in COLUMNS if column.heading.strip()]
    return [column for column in COLUMNS if column.heading and any(map(column.text, rows))]


def _color(row: Row) -> str:
    return table.RED if row.error or row.missing_key else table.GREEN if row.expiration else ""
