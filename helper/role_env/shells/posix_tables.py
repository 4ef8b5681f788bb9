"""Make the tables of the shell integration for bash and zsh."""

from role_env import command_table, variables
from role_env.shells import posix, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.command_table.model import Command

# `off` is the same text for all shells; it exports the variables that it saves and restores.
_EXPORTED = (*variables.KEY_NAMES, *variables.BARE.names, *variables.REST)


def make() -> dict[str, str]:
    """Return the tables by name."""
    return tables.shared("${{{}-}}", key_id="${_role_env_own_id}", separator=" | ") | {
        "PINNED": " ".join(f'${{{name}+"{name}=${{{name}}}"}}' for name in tables.PINNED),
        "STATE": tables.state("${{{0}+${{{0}@A}}}}", "${{{0}+${{{0}@a}}}}"),
        # Each variable is a word of its own, which zsh expands four times as fast.
        "STATE_WORDS": tables.state('"${{{0}+${0}${{(t){0}}}}}"', '"${{{0}+${{(t){0}}}}}"'),
        "VALUES": tables.state("${{{0}-}}", "${{{0}+1}}"),
        "COLORS": "".join(f"{name}) _role_env_sgr='{code}' ;;\n\t" for name, code in variables.COLORS.items()) + "''",
        "OFF": posix.off(dict.fromkeys(_EXPORTED, ""), integrated=True).rstrip("\n").replace("'", "'\\''"),
        "COMMAND_TABLE": "".join(map(_case, command_table.COMMANDS.values())) + "''",
    }


def _case(command: "Command") -> str:
    flags = "".join(f"{tables.flag(option)} " for option in command.options.values())
    return f"{command.name}) _role_env_kinds='{' '.join(tables.kinds(command))}' _role_env_flags='{flags}' ;;\n\t"
