"""Make the programs for shells, and the shell integration, from the files of `shell/`.

Each file is one that linters can check. When the wheel is built, tables are filled in:

- `@NAME@` stands for a value, or for a list as words. In `@NAME | @` and `@NAME,@`, ` | ` or `,` separates the items.
- What is between `@EACH NAME` and `@END`, or between the lines `#@EACH NAME` and `#@END`, is repeated for each row of a
  list. There ITEM, or the row's own columns, stand for the row's values.

A name that is in no table stays: `role_env.shells` replaces it for each session. A line that begins with `#@` divides a
file.
"""

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from role_env.command_table import SHELLS, Shell
from shell_programs import tables

FILES = Path(__file__).parents[2] / "shell"
_PLACE = re.compile(r"@([A-Z_]+)( \| |,|)@")
_EACH = re.compile(r"[ \t]*#@EACH (\w+)\n(.*?)[ \t]*#@END\n|@EACH (\w+) (.*?)@END", re.DOTALL)


def made() -> dict[str, str]:
    """Return the text of each file that the installed command reads, by its name.

    The module here with the name of a shell's dialect makes its programs. Without such a module, the files are used as
    they are.
    """
    texts: dict[str, str] = {}
    for dialect in {shell.dialect.rpartition(".")[2] for shell in SHELLS.values()}:
        if find_spec(f"{__name__}.{dialect}"):
            texts |= importlib.import_module(f"{__name__}.{dialect}").programs()
        else:
            texts |= {path.name: path.read_text("utf-8") for path in FILES.glob(f"*.{dialect}")}
    return texts | {f"init.{shell.name}": _integration(shell) for shell in SHELLS.values() if shell.integration}


def _integration(shell: Shell) -> str:
    """Return the integration of a shell, in which `init` replaces @OPTIONS@.

    Like everything that a shell reads from role-env, it is one group: cut off anywhere, it does nothing.
    """
    dialect = importlib.import_module(shell.dialect)
    off = importlib.import_module(f"{__name__}.{shell.dialect.rpartition('.')[2]}").off_here()
    own = {"SHELL": shell.name, "OFF": off, **tables.of_integration(dialect.quote)}
    text = fill("".join((FILES / name).read_text("utf-8") for name in shell.integration), own)
    (around,) = parts(f"init.{shell.name}", {})
    return fill("\n".join((*around, "")), {"TEXT": text.rstrip("\n"), "QUOTED_TEXT": dialect.quote(text)})


def parts(name: str, own_tables: tables.Tables) -> list[list[str]]:
    """Return the parts of a file, filled in, each as lines of code without comments and indentation."""
    found: list[list[str]] = [[]]
    for line in fill((FILES / name).read_text("utf-8"), own_tables).split("\n"):
        code = line.strip()
        if code.startswith("#@"):
            found.append([])
        elif code and not code.startswith("#"):
            found[-1].append(code)
    return found


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
