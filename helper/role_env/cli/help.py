"""The pages of `--help`, generated from `command_table`."""

from role_env import __version__
from role_env.command_table import COMMANDS, GROUPS
from role_env.command_table.formats import SHELLS
from role_env.command_table.model import EXIT_STATUSES, OBTAINING, TOPICS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from role_env.command_table.model import Command, Option

_WIDTH = 78
_OPTION_COLUMN = 24
_WORD_COLUMN = 19
_HELP = ("-h, --help", "show this page and exit")
_VERSION = ("--version", "show the version and exit")
_USAGE = """\
role-env [options] PROFILE
       role-env COMMAND ..."""
_DESCRIPTION = """\
Temporary Alibaba Cloud credentials: role-env PROFILE prints exports for
your shell to evaluate.
"""
_TYPED = {shell.evaluate.format("role-env PROFILE"): shell.readers for shell in SHELLS.values() if shell.readers}
_LINES = "".join(f"  {line:<{max(map(len, _TYPED)) + 4}}# {readers}\n" for line, readers in _TYPED.items())
_MORE = """\
role-env help COMMAND shows a command's options and exit statuses,
role-env help TOPIC a topic of the reference.
"""


def page(command: str) -> str:
    """Return the help page of `command`, or the overview if it is empty."""
    return _command_page(COMMANDS[command]) if command else _overview()


def short() -> str:
    """Return the short help for an empty command line."""
    return f"usage: {_USAGE}\n\n{_LINES}\nrole-env help shows all commands and topics.\n"


def version() -> str:
    """Return the line of `--version`."""
    return f"role-env {__version__}\n"


def topic(name: str) -> str:
    """Return the Markdown of a topic, for one of TOPICS."""
    from pathlib import Path

    return (Path(__file__).parents[1] / "help" / f"{name}.md").read_text("utf-8")


def _overview() -> str:
    commands = "".join(f"\n  {about}:\n{_summaries(group)}" for about, group in GROUPS.items())
    topics = "".join(_row("    " + name, about, _WORD_COLUMN) for name, about in TOPICS.items())
    return (
        f"usage: {_USAGE}\n\n{_DESCRIPTION}\noptions:\n{_rows([_HELP, _VERSION])}\ncommands:{commands}\n"
        f"topics:\n{topics}\nexamples:\n{_LINES}\n{_MORE}"
    )


def _summaries(commands: "Sequence[Command]") -> str:
    return "".join(_row("    " + command.name, command.summary, _WORD_COLUMN) for command in commands)


def _command_page(command: "Command") -> str:
    usage = " ".join(["role-env", command.name, "[options]", *_usage_words(command)])
    summary = command.summary[0].upper() + command.summary[1:] + "."
    own, shared = _own_and_shared(tuple(command.options.values()))
    options = _rows([_HELP, *_described(own)])
    if shared:
        options += f"\noptions of every session:\n{_rows(_described(shared))}"
    examples = "".join(f"  {line}\n" for line in command.examples)
    return (
        f"usage: {usage}\n\n{_wrapped(summary, '', '')}\n"
        f"options:\n{options}\nexamples:\n{examples}\nexit statuses:\n{_statuses(command)}"
    )


def _usage_words(command: "Command") -> "list[str]":
    if command.usage:
        return [command.usage]
    names = []
    for word in command.words:
        name = f"{word.name} ..." if word.is_repeated else word.name
        names.append(f"[{name}]" if word.is_optional else name)
    return names


def _own_and_shared(options: "Sequence[Option]") -> "tuple[Sequence[Option], Sequence[Option]]":
    """Return a command's own options, and those that every command with a session has."""
    shared = OBTAINING if set(OBTAINING) <= set(options) else ()
    return [option for option in options if option not in shared], shared


def _described(options: "Sequence[Option]") -> "list[tuple[str, str]]":
    return [(_heading(option), option.help) for option in options]


def _heading(option: "Option") -> str:
    value = "{" + ",".join(option.choices) + "}" if option.choices else option.value
    return f"{option.name} {value}".rstrip()


def _rows(rows: "Sequence[tuple[str, str]]") -> str:
    return "".join(_row("  " + head, text, _OPTION_COLUMN) for head, text in rows)


def _row(head: str, text: str, column: int) -> str:
    """Return `text` wrapped from `column` on, beside `head` or, if that is too long, below it."""
    indent = " " * column
    if len(head) > column - 2:
        return f"{head}\n{_wrapped(text, indent, indent)}"
    return _wrapped(text, head.ljust(column), indent)


def _statuses(command: "Command") -> str:
    rows = [
        _row(f"  {number}", meaning or EXIT_STATUSES[number], 12)
        for number, meaning in sorted(command.statuses.items())
    ]
    return "".join([*rows, _row("  130, 143", "interrupted", 12)])


def _wrapped(text: str, first: str, indent: str) -> str:
    """Return `text` wrapped at _WIDTH columns; the first line begins with `first`, the others with `indent`."""
    lines, line = [], first
    for word in text.split():
        candidate = f"{line}{word}" if line in (first, indent) else f"{line} {word}"
        if len(candidate) > _WIDTH and line not in (first, indent):
            lines.append(line)
            candidate = indent + word
        line = candidate
    return "".join(f"{each}\n" for each in [*lines, line])
