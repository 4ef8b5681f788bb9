"""Read the programs of `shell/`, and fill in the values of one session.

Each program is a file that linters can check. A name between two @, such as `@TOKEN@`, stands for a list of names, or
for a value that is quoted for the shell; the files contain no other @. A line that begins with `#@` divides a file.
The tables that the programs of all dialects need are made here.
"""

import os

from role_env import variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from role_env.credentials import Session

_OTHER_URIS = tuple(f"{prefix}_CREDENTIALS_URI" for prefix in variables.PREFIXES[1:])


def read(name: str) -> str:
    """Return the text of a file of `shell/`: it is beside the modules in a wheel, else at the top of the checkout."""
    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  pathlib costs more than the whole command
    installed = f"{package}/shell"
    folder = installed if os.path.isdir(installed) else f"{package}/../../shell"  # noqa: PTH112
    with open(f"{folder}/{name}", encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def parts(name: str) -> "list[list[str]]":
    """Return the parts of a file, each as lines of code without comments and indentation."""
    found: list[list[str]] = [[]]
    for line in read(name).split("\n"):
        code = line.strip()
        if code.startswith("#@"):
            found.append([])
        elif code and not code.startswith("#"):
            found[-1].append(code)
    return found


def tables_of_variables() -> dict[str, str]:
    """Return the lists of variables that every program needs, as words."""
    return {
        "ABSENT": variables.NO_ACCOUNT_VALUE,
        "OTHER_OUTRANKING": words((*variables.OTHER_OUTRANKING, *_OTHER_URIS)),
        "PREFIXES": words(variables.PREFIXES),
        "SUFFIXES": words(suffix for suffix in variables.SUFFIXES if suffix != "CREDENTIALS_URI"),
        "CREDENTIALS_URI": variables.CREDENTIALS_URI,
        "DISABLED": words(variables.DISABLED),
        "TAKEN_AWAY": words(variables.TAKEN_AWAY),
    }


def tables_of_session(
    session: "Session",
    assigned: "Mapping[str, str]",
    *,
    follows: "bool | None",
    confirmation: str,
    quote: "Callable[[str], str]",
    value: str,
) -> dict[str, str]:
    """Return what a switch to `session` needs in every dialect; `assigned` are the variables that it sets.

    `quote` returns a text as one word of the shell, and `value` is its code for the value of the variable {}.
    """
    falls_back = bool(session.fallback_region and not session.region_id)
    (_, cloud_read), (_, oss_read) = variables.REGION_GROUPS
    read = {
        "CLOUD_REGIONS_READ": cloud_read if falls_back else (),
        "OSS_REGIONS_READ": oss_read if falls_back else (),
        "CLI_REGIONS_READ": variables.CLI_REGIONS if follows is None else (),
    }
    return {
        "HAS_BARE": "yes" if variables.BARE.security_token in assigned else "no",
        "FALLBACK": "yes" if falls_back else "no",
        "FOLLOWS": str(follows),
        "COLOR": quote(session.color),
        "CONFIRMATION": quote(confirmation),
        **{name: "".join(map(value.format, names)) for name, names in read.items()},
    }


def tables_of_renewal(environ: "Mapping[str, str]", confirmation: str, quote: "Callable[[str], str]") -> dict[str, str]:
    """Return what a renewal of the session in `environ` needs in every dialect; `quote` is as for a session."""
    return {
        "CONFIRMATION": quote(confirmation),
        "OLD_ID": quote(environ.get("ROLE_ENV_ACCESS_KEY_ID", "")),
        "RENEWED": words((*variables.KEY_NAMES, variables.BARE.security_token)),
    }


def words(names: "Iterable[str]") -> str:
    """Return `names` as words of a list."""
    return " ".join(names)


def fill(text: str, tables: "Mapping[str, str]") -> str:
    """Return `text` with each name between two @ replaced by its text in `tables`, which is inserted as it is."""
    pieces = text.split("@")
    pieces[1::2] = [tables[name] for name in pieces[1::2]]
    return "".join(pieces)
