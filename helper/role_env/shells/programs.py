"""Read the programs for shells, which are made when the wheel is built, and fill in the values of one session.

They are beside the modules, in `shell/`. A name between two @, such as `@TOKEN@`, stands for a list of names, or for a
value that is quoted for the shell; the programs contain no other @.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from role_env.credentials import Session

    Choice = tuple[Iterable[str], Mapping[str, str], Mapping[str, str]]


def read(name: str) -> str:
    """Return the text of a program."""
    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  pathlib costs more than the whole command
    with open(f"{package}/shell/{name}", encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def filled(name: str, tables: "Mapping[str, str]") -> str:
    """Return a program with each name between two @ replaced by its text in `tables`, which is inserted as it is."""
    pieces = read(name).split("@")
    pieces[1::2] = [tables[name] for name in pieces[1::2]]
    return "".join(pieces)


def choices(session: "Session", *, follows: "bool | None") -> "list[Choice]":
    """Return the choices that the shell makes for the fallback regions of both groups, and for the guards.

    Each has variables, what to set if one of them has a value, and what to set if none has. With `follows` the guards
    let the `aliyun` CLI follow the shell; with None the shell decides, by whether it has a region.
    """
    from role_env import variables  # `init` does not need it

    regions, region = variables.fallback_regions(session), session.fallback_region
    found: list[Choice] = [(read, {}, dict.fromkeys(names, region)) for names, read in regions]
    if follows is not None:
        return [*found, ((), {}, variables.profile_guards(follows=follows))]
    following, others = (variables.profile_guards(follows=each) for each in (True, False))
    return [*found, (variables.CLI_REGIONS, following, others)]


def by_value(values: "Mapping[str, str]") -> dict[str, list[str]]:
    """Return the names in `values`, grouped by value."""
    groups: dict[str, list[str]] = {}
    for name, value in values.items():
        groups.setdefault(value, []).append(name)
    return groups


def words(names: "Iterable[str]") -> str:
    """Return `names` as words of a list."""
    return " ".join(names)
