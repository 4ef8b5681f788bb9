"""Make the programs for shells, and the shell integration, from the files of `shell/`.

Each file is one that linters can check. A name between two @, such as `@COMMANDS@`, stands for a list of names, or for
a value that is quoted for the shell. What is the same for every session is filled in when the wheel is built; the rest
stays a name, which `role_env.shells` replaces. A line that begins with `#@` divides a file.
"""

import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from role_env.command_table.formats import SHELLS, Shell

_FILES = Path(__file__).parents[2] / "shell"


def made() -> dict[str, str]:
    """Return the text of each file that the installed command reads, by its name.

    The module here with the name of a shell's dialect makes its programs. If there is none, they are files as they are.
    """
    texts: dict[str, str] = {}
    for dialect in {shell.dialect.rpartition(".")[2] for shell in SHELLS.values()}:
        if find_spec(f"{__name__}.{dialect}"):
            texts |= importlib.import_module(f"{__name__}.{dialect}").programs()
        else:
            texts |= {path.name: path.read_text("utf-8") for path in _FILES.glob(f"*.{dialect}")}
    return texts | {f"init.{shell.name}": _integration(shell) for shell in SHELLS.values() if shell.integration}


def _integration(shell: Shell) -> str:
    """Return the integration of a shell, in which `init` replaces @OPTIONS@.

    Like everything that a shell reads from role-env, it is one group: cut off anywhere, it does nothing.
    """
    text = "".join((_FILES / name).read_text("utf-8") for name in shell.integration)
    tables = importlib.import_module(f"{__name__}.{shell.dialect.rpartition('.')[2]}").tables_of_integration()
    for name, table in {"SHELL": shell.name, **tables}.items():
        text = text.replace(f"@{name}@", table)
    (around,) = parts(f"init.{shell.name}")
    quoted = importlib.import_module(shell.dialect).quote(text)
    return fill("\n".join((*around, "")), {"TEXT": text.rstrip("\n"), "QUOTED_TEXT": quoted})


def parts(name: str) -> list[list[str]]:
    """Return the parts of a file, each as lines of code without comments and indentation."""
    found: list[list[str]] = [[]]
    for line in (_FILES / name).read_text("utf-8").split("\n"):
        code = line.strip()
        if code.startswith("#@"):
            found.append([])
        elif code and not code.startswith("#"):
            found[-1].append(code)
    return found


def fill(text: str, tables: Mapping[str, str]) -> str:
    """Return `text` with each name between two @ that is in `tables` replaced by its text there."""
    pieces = text.split("@")
    pieces[1::2] = [tables.get(name, f"@{name}@") for name in pieces[1::2]]
    return "".join(pieces)
