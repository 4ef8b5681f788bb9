"""Make the tables of the shell integration for fish."""

from role_env import command_table, variables
from role_env.shells import fish, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.command_table.model import Command


def make() -> dict[str, str]:
    """Return the tables by name."""
    return tables.shared("${}", key_id="$id", separator=" ") | {
        "STATE": tables.state("${0}", ""),
        "COLOR_NAMES": " ".join(variables.COLORS),
        "COLOR_CODES": " ".join(f"'{code}'" for code in variables.COLORS.values()),
        "OFF": fish.off({}).rstrip("\n"),
        "COMMAND_TABLE": "case ".join(map(_case, command_table.COMMANDS.values())),
    }


def _case(command: "Command") -> str:
    described = (f"{tables.flag(option)}\t{option.help.partition(' (')[0]}" for option in command.options.values())
    flags = map(fish.quote, described)
    return f"{command.name}\nset kinds {' '.join(tables.kinds(command))}\nset flags {' '.join(flags)}\n"
