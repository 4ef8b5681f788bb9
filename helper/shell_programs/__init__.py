"""Make the shell integrations, which `role-env init` prints, from the files of `shell/`.

Each file is one that linters can check. When the wheel is built, tables are filled in:

- `@NAME@` stands for a value, or for a list as words. In `@NAME | @` and `@NAME,@`, ` | ` or `,` separates the items.
- What is between `@EACH NAME` and `@END`, or between the lines `#@EACH NAME` and `#@END`, is repeated for each row of a
  list. There ITEM, or the row's own columns, stand for the row's values.

A name that is in no table stays: `role-env init` replaces it. Comments and indentation stay too: a person may read what
he loads with `role-env init bash --show`.
"""

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from role_env.command_table import SHELLS, Shell
from shell_programs import tables

FILES = Path(__file__).parents[2] / "shell"
_PLACE = re.compile(r"@([A-Z_]+)( \| |,|)@")
_EACH = re.compile(r"[ \t]*#@EACH (\w+)\n(.*?)[ \t]*#@END\n|@EACH (\w+) (.*?)@END", re.DOTALL)


def made() -> dict[str, str]:
    """Return the text of each file that the installed command reads, by its name."""
    return {f"init.{shell.name}": _integration(shell) for shell in SHELLS.values() if shell.integration}


def _integration(shell: Shell) -> str:
    """Return the integration of a shell, in which `init` replaces @OPTIONS@.

    Like everything that a shell reads from role-env, it is one group: cut off anywhere, it does nothing.
    """
    quote = importlib.import_module(shell.dialect).quote
    own = {"SHELL": shell.name, **tables.of_integration(quote)}
    text = fill("".join((FILES / name).read_text("utf-8") for name in shell.integration), own)
    around = _code((FILES / f"init.{shell.name}").read_text("utf-8"))
    return fill(around, {"TEXT": text.rstrip("\n"), "QUOTED_TEXT": quote(text)})


def _code(text: str) -> str:
    """Return `text` without the comment at its start."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def fill(text: str, own_tables: tables.Tables) -> str:
    """Return `text` with each name in `own_tables` filled in."""

    def repeated(found: re.Match[str]) -> str:
        """Return the text once for each row, without spaces at the end."""
        rows = own_tables[found[1] or found[3]]
        return "".join(_texts_of_rows(found[2] or found[4], rows)).rstrip(" ")

    def listed(found: re.Match[str]) -> str:
        """Return the value, or the items of the list."""
        value = own_tables.get(found[1], found[0])
        return value if isinstance(value, str) else (found[2] or " ").join(map(str, value))

    return _PLACE.sub(listed, _EACH.sub(repeated, text))


def _texts_of_rows(text: str, rows: "str | Sequence[str] | Sequence[Mapping[str, str]]") -> Iterator[str]:
    """Yield `text` for each row, with the row's values in the place of its columns."""
    for row in rows:
        values = {"ITEM": row} if isinstance(row, str) else row
        yield re.sub(r"\b[A-Z_]+\b", lambda found: values.get(found[0], found[0]), text)  # noqa: B023  used at once
