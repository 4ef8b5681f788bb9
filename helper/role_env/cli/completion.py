"""Offer the words that can follow `role-env`, to the completion of each shell.

An integration calls `role-env --complete WORD...` with the words of the line up to the cursor; the last one, which may
be empty, is being typed. Each line of the answer is an offer: its group, the word and, if there is one, its
description, with tabs between them. Two answers stand alone: `files`, and `command` with the number of the word at
which the command line of `exec` begins.
"""

from collections.abc import Iterable, Mapping

from role_env import command_table as table
from role_env.cli import Line, profile_rows, takes_value
from role_env.command_table.commands import COMMANDS
from role_env.errors import ProfileError
from role_env.files.core_dumps import forbid_core_dumps
from role_env.profiles import file as profiles

_HELP = ("--help", "show this help")


def answer(words: list[str], environ: Mapping[str, str]) -> str:
    """Return the offers for the last one of `words`, whether or not they begin with it."""
    *before, here = words or [""]
    line = Line(before)
    option = before[-1] if before and takes_value(before[-1]) else ""
    if program := _program(line, before, here, is_value=bool(option)):
        return f"command\t{program}\n"
    if here.startswith("--") and "=" in here and not option:
        option = here.partition("=")[0]
    command, config = line.command or COMMANDS["export"], line.invocation().config
    if option:
        described = command.options.get(option)
        return _values(described.kind, described.choices, config, environ) if described else ""
    if here.startswith("-"):
        own = [(option.name, option.help.partition(" (")[0]) for option in command.options.values()]
        return _offers("options", [_HELP, *own] if line.command else [_HELP, ("--version", "show the version")])
    if not line.command:
        named = _offers("commands", ((one.name, one.summary) for one in COMMANDS.values()))
        return named + _values(table.SESSION_PROFILE, (), config, environ)
    if command.name == "configure" and (line.invocation().edit or line.invocation().remove):
        return "" if line.words else _values(table.PROFILE, (), config, environ)
    words_left = command.words[len(line.words) :] or [word for word in command.words[-1:] if word.is_repeated]
    return _values(words_left[0].kind, words_left[0].choices, config, environ) if words_left else ""


def _program(line: Line, before: list[str], here: str, *, is_value: bool) -> int:
    if line.command is not COMMANDS["exec"] or not line.words:
        return 0
    if len(line.words) > 1:
        return len(before) - len(line.words) + 2
    is_word = before[-1] == "--" or not (is_value or here.startswith("-"))
    return len(before) + 1 if is_word else 0


def _values(kind: str, choices: Iterable[str], config: str, environ: Mapping[str, str]) -> str:
    if kind == table.FILE:
        return "files\n"
    if kind in (table.PROFILE, table.SESSION_PROFILE):
        return _offers("profiles", _profiles(config, environ, gives_session=kind == table.SESSION_PROFILE))
    if kind == table.TOPIC:
        choices = (*COMMANDS, *table.TOPICS)
    return _offers("values", ((choice, "") for choice in choices))


def _profiles(config: str, environ: Mapping[str, str], *, gives_session: bool) -> list[tuple[str, str]]:
    try:
        forbid_core_dumps()
        file = profiles.load(config, environ)
    except ProfileError:
        return []
    names = profile_rows.names_with_session(file) if gives_session else file.names()
    return [(name, file.summary(name)) for name in names]


def _offers(group: str, described: Iterable[tuple[str, str]]) -> str:
    return "".join("\t".join(filter(None, (group, *offer))) + "\n" for offer in described)
