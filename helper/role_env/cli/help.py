"""The pages of `--help`, generated from `command_table`."""

from role_env import ui
from role_env.command_table import EXIT_STATUSES, OBTAINING, SHELLS, TOPICS
from role_env.command_table.commands import COMMANDS, GROUPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from role_env.command_table import Command

_WIDTH = 78
_OPTION_COLUMN = 24
_WORD_COLUMN = 19
_HELP = ("-h, --help", "show this page and exit")
_VERSION = ("--version", "show the version and exit")
_FIRST = """\
role-env configure      # create a profile: it asks for what it needs
role-env use PROFILE    # switch this shell to it; role-env help init loads use
role-env off            # end the session in this shell
"""
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
README.ja.md, beside the source, is an introduction in Japanese.
"""


def page(command: str) -> str:
    """Return the help page of `command`, or the overview if it is empty."""
    if not command:
        return _overview()
    return command_page(COMMANDS[command], session_options=f"options of every session:\n{session_options()}")


def short() -> str:
    """Return the short help for an empty command line."""
    return f"usage: {_USAGE}\n\n{_LINES}\n{_FIRST}\nrole-env help shows all commands and topics.\n"


def synopsis() -> str:
    """Return the forms of a line, one each."""
    return "".join(f"{line.strip()}\n" for line in _USAGE.splitlines())


def session_options() -> str:
    """Return the rows of the options of every command that obtains a session."""
    return _rows((option.heading, option.help) for option in OBTAINING)


def topic(name: str) -> str:
    """Return the Markdown of a topic, for one of TOPICS."""
    from pathlib import Path

    return (Path(__file__).parents[1] / "help" / f"{name}.md").read_text("utf-8")


def _overview() -> str:
    commands = "".join(
        f"\n  {about}:\n" + _rows([(command.name, command.summary) for command in group], "    ", _WORD_COLUMN)
        for about, group in GROUPS.items()
    )
    options, topics = _rows([_HELP, _VERSION]), _rows(TOPICS.items(), "    ", _WORD_COLUMN)
    return (
        f"{_FIRST}\nusage: {_USAGE}\n\n{_DESCRIPTION}\noptions:\n{options}\ncommands:{commands}\n"
        f"topics:\n{topics}\nexamples:\n{_LINES}\n{_MORE}"
    )


def command_page(command: "Command", *, session_options: str) -> str:
    """Return the page of `command`, with `session_options` if it obtains a session."""
    usage = " ".join(["role-env", command.name, "[options]", *_usage_words(command)])
    options = _rows([_HELP, *((option.heading, option.help) for option in command.own_options)])
    if command.obtains:
        options += f"\n{session_options}"
    examples = "".join(f"  {line}\n" for line in command.examples)
    statuses = [(str(number), meaning or EXIT_STATUSES[number]) for number, meaning in sorted(command.statuses.items())]
    return (
        f"usage: {usage}\n\n{ui.wrapped(command.purpose, _WIDTH, first='', others='')}\n"
        f"options:\n{options}\nexamples:\n{examples}\n"
        f"exit statuses:\n{_rows([*statuses, ('130, 143', 'interrupted')], column=12)}"
    )


def _usage_words(command: "Command") -> "list[str]":
    if command.usage:
        return [command.usage]
    names = []
    for word in command.words:
        name = f"{word.name} ..." if word.is_repeated else word.name
        names.append(f"[{name}]" if word.is_optional else name)
    return names


def _rows(rows: "Iterable[tuple[str, str]]", indent: str = "  ", column: int = _OPTION_COLUMN) -> str:
    shown, blank = "", " " * column
    for head, text in rows:
        is_beside = len(indent + head) <= column - 2
        shown += "" if is_beside else f"{indent}{head}\n"
        first = f"{indent}{head}".ljust(column) if is_beside else blank
        shown += ui.wrapped(text, _WIDTH, first=first, others=blank)
    return shown
