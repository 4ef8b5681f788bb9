"""What a command line asks for, as far as it can be told before or without parsing it.

Options may stand before or after a profile's name, and `role-env PROFILE` is `role-env export PROFILE`: `ordered` puts
the words in argparse's order. And a failure, of the parsing too, has to tell the shell that waits for an answer.
"""

import sys
from collections.abc import Mapping

from role_env.command_names import COMMANDS
from role_env.shells import export as exporters
from role_env.shells import integration as shell_scripts
from role_env.ui import stdout as output

# Options with a value: where a word that stands behind one of them is no profile or command.
_WITH_VALUE = (
    *("--config", "--duration", "--session-name", "--region", "--min-ttl", "--expect-account", "--format"),
    "--destination",
)


class Asked:
    """What a command line asks for, as far as it can be told before or without parsing it: what a failure needs."""

    def __init__(self, argv: list[str], environ: Mapping[str, str]) -> None:
        self._environ = environ
        before, rest = _split_at_word(argv)
        self.command = rest[0] if rest and rest[0] in COMMANDS else "export" if rest else ""
        after = rest[1:] if rest and rest[0] == self.command else rest
        options, words = _split_at_word([*before, *after])
        self._words = words[1:] if words[:1] == ["--"] else words
        self.profile = self._words[0] if self._words else ""
        self._options = [*options, *self._words[1:]]
        self.role_arn = ""

    @property
    def shell(self) -> str:
        """The format in which a shell waits for an answer, or an empty text where none does."""
        if self.command not in ("export", "off", "init", ""):
            return ""
        form = _value_of("--format", self._options)
        return (
            form if form in exporters.SHELLS else "" if form in exporters.DOCUMENTS else shell_scripts.parent_format()
        )

    def fail(self) -> None:
        """Tells a shell that waits on stdout that there is no session, and takes another one away."""
        if self.shell and sys.stdout is not None and not sys.stdout.isatty():
            output.write(exporters.failure(self.shell, self._environ, take_away=self.takes_away()))

    def takes_away(self) -> bool:
        """Whether a session is in the shell and something else was asked for; roles are compared without case."""
        environ = self._environ
        has_session = environ.get("ROLE_ENV_PROFILE") or environ.get("ROLE_ENV_ACCESS_KEY_ID")
        if self.command in ("off", "init") or not has_session or not self._words:
            return False
        other_role = bool(self.role_arn) and self.role_arn.lower() != environ.get("ROLE_ENV_ROLE_ARN", "").lower()
        return self.profile != environ.get("ROLE_ENV_PROFILE") or other_role


def ordered(argv: list[str]) -> tuple[list[str], list[str]]:
    """The words in argparse's order, the command first; and apart from them the command that `exec` runs."""
    before, rest = _split_at_word(argv)
    if not rest:
        return before, []
    command = rest.pop(0) if rest[0] in COMMANDS else "export"
    if command != "exec":
        return [command, *before, *rest], []
    options, words = _split_at_word(rest)
    profile, tail = words[:1], words[1:]
    if profile == ["--"]:
        profile, tail = tail[:1], tail[1:]
    more, run = _split_at_word(tail)
    if run[:1] == ["--"]:
        run = run[1:]
    return [command, *before, *options, *more, *profile], run


def _split_at_word(argv: list[str]) -> tuple[list[str], list[str]]:
    """The options before the first word that is none, and the rest."""
    position = 0
    while position < len(argv) and argv[position].startswith("-") and argv[position] != "--":
        position += 2 if argv[position] in _WITH_VALUE else 1
    return argv[:position], argv[position:]


def _value_of(option: str, words: list[str]) -> str:
    """The value that argparse would take: the last one."""
    value = ""
    for position, word in enumerate(words, 1):
        if word == option:
            value = "".join(words[position : position + 1])
        elif word.startswith(option + "="):
            value = word.split("=", 1)[1]
    return value
