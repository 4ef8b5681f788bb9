"""Make the shell integrations, which `role-env init` prints, from the files of `shell/`.

Each file is one that linters can check. When the wheel is built, names are filled in: `@NAME@` stands for a value, and
`@EACH NAME text@END` for the text once for each item of a list, which stands in the place of ITEM. A name that has no
value stays: `role-env init` replaces it. Comments and indentation stay too: a person may read what he loads with
`role-env init bash --show`.
"""

import importlib
import re
from collections.abc import Mapping
from pathlib import Path

from role_env import variables
from role_env.command_table import SHELLS, Shell

FILES = Path(__file__).parents[1] / "shell"
_NAME = re.compile(r"@([A-Z_]+)@")
_EACH = re.compile(r"@EACH (\w+) (.*?)@END")

# What every prompt compares: the values of all that decides what it shows or outranks a session, and only the length of
# each secret. Whether an empty ODPS_FILE is set counts too.
_KEYS = (*variables.KEY_IDS, variables.BARE.access_key_id)
_SESSION = (*variables.SHOWN, variables.REQUEST, variables.NO_ACCOUNT_MARK, variables.SHARED_FILE)
_LISTS = {
    "COMPARED": tuple(dict.fromkeys((*_KEYS, *variables.GUARDS, *_SESSION, *variables.OUTRANKING))),
    "MEASURED": (*(key.access_key_secret for key in variables.KEYS), variables.ODPS_FILE),
    "MARKS": variables.MARKS,
    "RESERVED": variables.RESERVED_PROFILES,
}
_VALUES = {
    "NO_ACCOUNT_VALUE": variables.NO_ACCOUNT_VALUE,
    "RESERVED": " | ".join(variables.RESERVED_PROFILES),
}


def made() -> dict[str, str]:
    """Return the text of each file that the installed command reads, by its name."""
    return {f"init.{shell.name}": _integration(shell) for shell in SHELLS.values() if shell.integration}


def _integration(shell: Shell) -> str:
    """Return the integration of a shell, in which `init` replaces @OPTIONS@.

    Like everything that a shell reads from role-env, it is one group: cut off anywhere, it does nothing.
    """
    quote = importlib.import_module(shell.dialect).quote
    text = "".join((FILES / name).read_text("utf-8") for name in shell.integration)
    text = _filled(_EACH.sub(_repeated, text), _VALUES | {"SHELL": shell.name})
    return _filled(_code(FILES / f"init.{shell.name}"), {"TEXT": text.rstrip("\n"), "QUOTED_TEXT": quote(text)})


def _code(path: Path) -> str:
    """Return the text of the file without the comment at its start."""
    return "".join(line for line in path.read_text("utf-8").splitlines(keepends=True) if not line.startswith("#"))


def _repeated(found: re.Match[str]) -> str:
    """Return the text once for each item, without spaces at the end."""
    return "".join(found[2].replace("ITEM", name) for name in _LISTS[found[1]]).rstrip(" ")


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _NAME.sub(lambda found: values.get(found[1], found[0]), text)
