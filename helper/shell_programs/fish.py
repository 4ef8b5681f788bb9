"""Make the programs and the tables of the integration for fish."""

from collections.abc import Iterable

from role_env import command_table, validators, variables
from role_env.command_table.model import Command
from role_env.shells import fish
from role_env.shells.programs import words
from shell_programs import fill, parts, tables


def programs() -> dict[str, str]:
    """Return the programs by name."""
    names = ("switch.fish", "off.fish", "renew.fish", "fail.fish")
    (refusal,) = parts("refuse.fish")
    return {name: _program(name) for name in names} | {"refuse.fish": "".join(f"{line};\n" for line in refusal)}


def _program(name: str) -> str:
    """Return a program, in which names stand for what depends on the session.

    It is one `begin … end` whose lines end in a semicolon, so that `eval (role-env PROFILE)`, which joins lines with
    spaces, works.
    """
    common, end = parts("session.fish")
    (own,) = parts(name)
    lines = (*common, *own, *end)
    functions = words(line.split()[1] for line in lines if line.startswith("function "))
    return fill("".join(("begin;\n", *(f"{line};\n" for line in lines), "end\n")), _tables() | {"FUNCTIONS": functions})


def _tables() -> dict[str, str]:
    """Return the tables of every program."""
    (cloud, _), (oss, _) = variables.REGION_GROUPS
    return {
        **tables.of_variables(),
        "KEYS": _keys((*variables.KEYS, variables.BARE_PAIR)),
        "RESERVED": words(variables.RESERVED_PROFILES),
        "SHARED_FILE": variables.SHARED_FILE,
        "NO_ACCOUNT": words(f"{name}={value}" for name, value in variables.NO_ACCOUNT.items()),
        "OWN": words(variables.OWN),
        "FORCED": words(variables.FORCED),
        "RESTORED": words(name for name in variables.FORCED if name not in variables.DISABLED),
        "RENEWED_KEYS": _keys(variables.KEYS),
        "CLOUD_REGIONS": words(cloud),
        "OSS_REGIONS": words(oss),
        "FIRST_CLI_REGION": variables.CLI_REGIONS[0],
        "ADD_FOLLOWING": fish.added(variables.profile_guards(follows=True)),
        "ADD_NOT_FOLLOWING": fish.added(variables.profile_guards(follows=False)),
    }


def _keys(keys: Iterable[variables.Key]) -> str:
    return " ".join(f"'{words(key.names)}'" for key in keys)


def tables_of_integration() -> dict[str, str]:
    """Return the tables of the integration for fish by name."""
    return tables.of_integration("${}", key_id="$id", separator=" ") | {
        "STATE": tables.state("${0}", ""),
        "COLOR_NAMES": " ".join(validators.COLORS),
        "COLOR_CODES": " ".join(f"'{code}'" for code in validators.COLORS.values()),
        "OFF": _program("off.fish").rstrip("\n"),
        "DESCRIBED_COMMANDS": " ".join(map(fish.quote, tables.described_commands())),
        "COMMAND_TABLE": "case ".join(map(_case, command_table.COMMANDS.values())),
    }


def _case(command: Command) -> str:
    described = (f"{tables.flag(option)}\t{tables.brief_help(option)}" for option in command.options.values())
    flags = map(fish.quote, described)
    return f"{command.name}\nset kinds {' '.join(tables.kinds(command))}\nset flags {' '.join(flags)}\n"
