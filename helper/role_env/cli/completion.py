"""Offer the words that can follow `role-env`, to the completion of each shell.

An integration calls `role-env --complete WORD...` with the words of the line up to the cursor; the last one, which may
be empty, is being typed. Each line of the answer is an offer: its group, the word and, if there is one, its
description, with tabs between them. Two answers stand alone: `files`, and `command` with the number of the word at
which the command line of `exec` begins.
"""

from collections.abc import Iterable, Mapping

from role_env import command_table as model
from role_env.cli import profile_rows
from role_env.command_table.commands import COMMANDS
from role_env.errors import ProfileError
from role_env.files.core_dumps import forbid_core_dumps
from role_env.profiles import file as profiles

_HELP = ("--help", "show this help")


def answer(words: list[str], environ: Mapping[str, str]) -> str:
    """Return the offers for the last one of `words`, whether or not they begin with it."""
    *before, here = words
    line = _Line(before)
    if line.runs_command and not line.option and not line.program and not here.startswith("-"):
        line.program = len(words)
    if line.program:
        return f"command\t{line.program}\n"
    command = COMMANDS[line.command or "export"]
    name, equals, _ = here.partition("=")
    if name.startswith("--") and equals and not line.option:
        line.option = name
    if line.option:
        option = command.options.get(line.option)
        return _values(option.kind, option.choices, line.config, environ) if option else ""
    if here.startswith("-"):
        own = [(option.name, option.help.partition(" (")[0]) for option in command.options.values()]
        return _offers("options", [_HELP, *own] if line.command else [_HELP, ("--version", "show the version")])
    if not line.command:
        named = _offers("commands", ((one.name, one.summary) for one in COMMANDS.values()))
        return named + _values(model.SESSION_PROFILE, (), line.config, environ)
    words_left = command.words[line.count :] or [word for word in command.words[-1:] if word.is_repeated]
    return _values(words_left[0].kind, words_left[0].choices, line.config, environ) if words_left else ""


class _Line:
    """The words before the cursor.

    `command` is empty if none is named yet, and `count` the number of its words so far. `option` is an option whose
    value comes next, `config` the value of --config, and `program` the number of the word at which the command line of
    `exec` begins, 0 if none does.
    """

    def __init__(self, words: list[str]) -> None:
        self.command = self.option = self.config = ""
        self.count = self.program = 0
        for number, word in enumerate(words, 1):
            if not self.program:
                self._read(word, number)

    @property
    def runs_command(self) -> bool:
        """Whether a word that is not an option begins the command line of `exec`."""
        return self.command == "exec" and self.count > 0

    def _read(self, word: str, number: int) -> None:
        if self.option:
            self._set(self.option, word)
            self.option = ""
        elif word == "--":
            self.program = number + 1 if self.runs_command else 0
        elif word.startswith("-"):
            name, equals, value = word.partition("=")
            self._set(name, value)
            self.option = name if not equals and _takes_value(name) else ""
        elif not self.command and word in COMMANDS:
            self.command = word
        else:
            self.program = number if self.runs_command else 0
            self.command = self.command or "export"
            self.count += 1

    def _set(self, option: str, value: str) -> None:
        self.config = value if option == "--config" else self.config


def _takes_value(name: str) -> bool:
    """Return whether the option takes a value, which is the same in all commands."""
    return any(command.options[name].value for command in COMMANDS.values() if name in command.options)


def _values(kind: str, choices: Iterable[str], config: str, environ: Mapping[str, str]) -> str:
    """Return the offers for a word or a value of `kind`, in the profiles file of --config `config`."""
    if kind == model.FILE:
        return "files\n"
    if kind in (model.PROFILE, model.SESSION_PROFILE):
        return _offers("profiles", _profiles(config, environ, gives_session=kind == model.SESSION_PROFILE))
    if kind == model.TOPIC:
        choices = (*COMMANDS, *model.TOPICS)
    return _offers("values", ((choice, "") for choice in choices))


def _profiles(config: str, environ: Mapping[str, str], *, gives_session: bool) -> list[tuple[str, str]]:
    """Return the names of the profiles with their roles and accounts; none of an invalid file."""
    try:
        forbid_core_dumps()
        file = profiles.load(config, environ)
    except ProfileError:
        return []
    names = profile_rows.names_with_session(file) if gives_session else file.names()
    return [(name, file.summary(name)) for name in names]


def _offers(group: str, described: Iterable[tuple[str, str]]) -> str:
    return "".join("\t".join(filter(None, (group, *offer))) + "\n" for offer in described)
