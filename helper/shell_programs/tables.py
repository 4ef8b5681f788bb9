"""Make the tables that fill in the integrations of all shells.

They are the only lists of commands, options and variables of families in the shell files.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from role_env import command_table, variables
from role_env.command_table import Command, Option
from role_env.command_table.commands import COMMANDS

Tables = Mapping[str, str | Sequence[str] | Sequence[Mapping[str, str]]]
"""Values, lists, and lists of rows by column, by the names that stand for them in the files."""

_KINDS = {
    command_table.PROFILE: "profile",
    command_table.SESSION_PROFILE: "session",
    command_table.FILE: "file",
    command_table.TOPIC: ",".join((*COMMANDS, *command_table.TOPICS)),
}
# What every prompt compares: the values that decide what it shows, and which secrets are set.
_COMPARED = (*variables.KEY_IDS, variables.BARE.access_key_id, *variables.GUARDS, variables.CREDENTIALS_URI)
_COMPARED += (variables.SHARED_FILE, *variables.SHOWN, variables.REQUEST, variables.NO_ACCOUNT_MARK)


def of_integration(quote: Callable[[str], str]) -> Tables:
    """Return the tables of the integrations; `quote` returns a text as one word of the shell."""
    return {
        "COMPARED": _COMPARED,
        "SECRETS": [key.access_key_secret for key in variables.KEYS],
        "OUTRANKING": [name for name in variables.OUTRANKING if name not in _COMPARED],
        "DESCRIBING": variables.DESCRIBING,
        "COMMANDS": list(COMMANDS),
        "COMMAND_TABLE": [_row(command, quote) for command in COMMANDS.values()],
        "DESCRIBED_COMMANDS": [quote(f"{one.name}\t{one.summary}") for one in COMMANDS.values()],
        "HELP": [quote(text) for pair in _option_help().items() for text in pair],
        "VALUE_OPTIONS": list(_value_options()),
    }


def _row(command: Command, quote: Callable[[str], str]) -> dict[str, str]:
    """Return the kinds of a command's words and its options, which are also quoted with their help."""
    options = command.options.values()
    return {
        "NAME": command.name,
        "KINDS": " ".join(_kinds(command)),
        "FLAGS": "".join(f"{_flag(option)} " for option in options),
        "DESCRIBED_FLAGS": " ".join(quote(f"{_flag(option)}\t{_brief_help(option)}") for option in options),
    }


def _kinds(command: Command) -> Iterable[str]:
    """Yield the kind of each word of the command, with a + if the word can be repeated."""
    for word in command.words:
        yield (",".join(word.choices) or _KINDS.get(word.kind, "-")) + "+" * word.is_repeated


def _flag(option: Option) -> str:
    """Return an option, with = and the kind of its value if it takes one."""
    if not option.value:
        return option.name
    return f"{option.name}={','.join(option.choices) or _KINDS.get(option.kind, '')}"


def _brief_help(option: Option) -> str:
    """Return the help of an option without what is in parentheses."""
    return option.help.partition(" (")[0]


def _option_help() -> dict[str, str]:
    """Return the help of each option, below its name or, where that of another command differs, below both names."""
    found = {"--help": "show this help", "--version": "show the version"}
    for command in COMMANDS.values():
        for option in command.options.values():
            text = _brief_help(option)
            if found.setdefault(option.name, text) != text:
                found[command.name + option.name] = text
    return found


def _value_options() -> Iterable[str]:
    options = (option for command in COMMANDS.values() for option in command.options.values())
    return dict.fromkeys(option.name for option in options if option.value)
