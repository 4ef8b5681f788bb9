"""Build the lines to type in hints. This is the only place that does.

Everywhere else, a hint names its line as `role-env login profileA`: between back-ticks, and quoted for a POSIX shell.
`Typed.show` turns that into the line that works where the hint is read: with the options of the line that was typed
which still matter, and for the shell in which it was typed. With the shell integration, which sets ROLE_ENV_INIT for
the commands that it runs, a session begins by `role-env use`, and without it by code that the shell evaluates.

A line between two back-ticks each, such as one that repeats a session's whole request, gets no further options.
"""

import shlex

from role_env import validators
from role_env.cli import Line
from role_env.command_table import INTEGRATED_SHELLS, SHELLS, SHELLS_BY_PROGRAM
from role_env.command_table.commands import COMMANDS, export_words
from role_env.context.messages import with_lines
from role_env.shells import parent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from role_env.cli import Invocation
    from role_env.command_table import Command, Option

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+:/-")
_POLICIES = ("policy", "read_only")
# The options that decide which session another command gets, beside --config.
_MATTERING = (*_POLICIES, "full", "duration", "session_name", "region", "expect_account")
# Those that do not matter even to the command that was typed.
_OF_REPORTS = ("json", "show", "verbose")
END_SESSION = "`role-env off`"
RESTORE = f"restore what was set before with: {END_SESSION}"
"""The hint for a shell without an account: how to restore the values from before the session."""


class Typed:
    """A command line as it was typed, and the environment in which: they decide what a line in a hint looks like."""

    def __init__(self, invocation: "Invocation", environ: "Mapping[str, str]") -> None:
        self._invocation = invocation
        self._is_integrated = bool(environ.get("ROLE_ENV_INIT"))
        self._is_narrowed = bool(environ.get("ROLE_ENV_POLICY"))

    def show(self, text: str) -> str:
        """Return `text` with each of its lines as it is to be typed.

        If a narrowed session would refuse one of them, the text first says to end that session.
        """
        is_refused = False

        def line(words: str, is_complete: bool) -> str:
            nonlocal is_refused
            is_refused |= self._is_refused(words)
            return self.line(words, is_complete=is_complete)

        shown = with_lines(text, line)
        end = self.line("role-env off")
        return f"this session is narrowed: type {end} first; {shown}" if is_refused else shown

    def line(self, text: str, *, is_complete: bool = False) -> str:
        """Return the line `text`, which is quoted for a POSIX shell, as it is typed in the parent shell.

        Unless it `is_complete`, it gets the options of the typed line that still matter.
        """
        try:
            words = shlex.split(text)[1:]
        except ValueError:  # the name of a file has a back-tick, and ends the text too early
            return text
        found = Line(words)
        command = found.command
        if command is None:
            return text
        if not is_complete and not found.invocation().help:
            end = words.index("--") if "--" in words else len(words)
            words[end:end] = self._options(command, words[:end])
        shown = " ".join(quoted(word) for word in words)
        if command.name == "use" and not self._is_integrated:
            profile, *options = shown.split(" ", 2)[1:]
            return evaluate(" ".join(("role-env", export_words(profile), *options)), self._form)
        if command.name in ("off", "renew") and not self._is_integrated:
            return SHELLS[self._form].evaluate_code.format(f"role-env {shown}")
        return load_integration() if words == ["init"] else f"role-env {shown}"

    @property
    def _form(self) -> str:
        """The format of the shell that evaluates a line."""
        return self._invocation.format if self._invocation.format in SHELLS else parent.parent_format()

    def _options(self, command: "Command", words: list[str]) -> "Iterator[str]":
        """Yield the options of the typed line that `command` takes and that still matter, as words."""
        typed = self._invocation
        named = {word.partition("=")[0] for word in words}
        is_narrowed = bool(named & {f"--{name.replace('_', '-')}" for name in _POLICIES})
        for option in command.options.values():
            is_given = option.attribute in typed.given and getattr(typed, option.attribute) not in (None, "", False)
            if not is_given or option.name in named or (is_narrowed and option.attribute in _POLICIES):
                continue
            if option.name == "--config" or self._matters(option, command):
                yield from _words_of(option, getattr(typed, option.attribute))

    def _matters(self, option: "Option", command: "Command") -> bool:
        typed = COMMANDS.get(self._invocation.command)
        if typed is None or not typed.obtains or not command.obtains:
            return False
        is_same = typed is command and option.attribute not in _OF_REPORTS
        return is_same or option.attribute in _MATTERING

    def _is_refused(self, text: str) -> bool:
        """Return whether the narrowed session that the line is typed in refuses it."""
        words = text.split()
        command = COMMANDS.get(words[1])
        return self._is_narrowed and command is not None and command.changes_secrets and "--help" not in words


def _words_of(option: "Option", value: object) -> list[str]:
    if not option.value:
        return [option.name]
    text = str(value)
    return [f"{option.name}={text}"] if text.startswith("-") and text != "-" else [option.name, text]


def quoted(value: str) -> str:
    """Return `value` as one word of the parent shell."""
    if _PLAIN.issuperset(value):
        return value
    from role_env.shells import export as exporters

    return exporters.quote(value, parent.parent_format())


def has_integration() -> bool:
    """Return whether there is an integration for the parent process, as far as it is known to be a shell."""
    name = parent.parent_name()
    return name in INTEGRATED_SHELLS or name not in SHELLS_BY_PROGRAM


def load_integration() -> str:
    """Return the line that loads the shell integration in the parent shell."""
    shell = parent.parent_name()
    return SHELLS[shell if shell in INTEGRATED_SHELLS else "bash"].load


# The words of other tools, each with the line that was meant: {profile} is the word that follows, else PROFILE, and
# {named} that word alone.
_LINES = (
    (("switch", "assume", "assume-role", "activate", "start", "env"), "`role-env use {profile}`"),
    (("deactivate", "exit", "stop", "unset"), END_SESSION),
    (("refresh",), "`role-env renew`"),
    (("completion",), "`role-env init`"),
    (("shell",), "`role-env exec {profile}`"),
    (("run",), "`role-env exec {profile} -- COMMAND`"),
    (("open",), "`role-env console {profile}`"),
    (("ls", "list"), "`role-env list`"),
    (("current",), "`role-env status`"),
    (("id",), "`role-env whoami`"),
    (("show", "get"), "`role-env explain {profile}`"),
    (("add", "new", "create", "import"), "`role-env configure {named}`"),
    (("edit", "rename", "set"), "`role-env configure --edit {named}`"),
    (("signin", "sso"), "`role-env login {profile}`"),
    (
        ("delete", "rm", "remove"),
        "`role-env clear {profile}` (deletes its cached sessions), `role-env logout {profile}` (its access key or"
        " sign-in in the keyring) or `role-env configure --edit {profile}` (there you delete the profile itself)",
    ),
)
_LINE_OF_WORD = {word: line for words, line in _LINES for word in words}
ALIYUN_CONFIGURE = ("list", "get", "set", "delete", "switch")
"""The commands of `aliyun configure`."""


def unknown_word(word: str, argument: str, nearest: str) -> str:
    """Return the hint for the unknown `word` before `argument`, which may be the profile `nearest`; or nothing."""
    line = line_meant(word, argument)
    if not line and (command := validators.nearest_command_line(word)):
        line = f"`{command}`"
    if nearest and line:
        return f"did you mean {nearest}, or the command {line}?"
    return f"did you mean {nearest or line}?" if nearest or line else ""


def line_meant(word: str, argument: str) -> str:
    """Return the line to type instead of another tool's word with `argument` after it; empty for any other word."""
    line = _LINE_OF_WORD.get(word, "")
    if not line or (line == "`role-env init`" and not has_integration()):
        return ""
    named = "" if not argument or validators.name_fault(argument) or argument in COMMANDS else argument
    if not named:
        line = line.replace(" {named}", "")
    return line.format(profile=named or "PROFILE", named=named)


def without_option(option: str, command: str, profile: str, command_line: "tuple[str, ...]" = ()) -> str:
    """Return the hint for `--profile` or `-p`, which other tools have: the line with PROFILE as a word of `command`."""
    if command in ("", "export"):
        command = "use"
    takes_profile = any(word.name == "PROFILE" for word in COMMANDS[command].words)
    shown = profile if profile and not validators.name_fault(profile) else "PROFILE"
    words = [command, *([shown] if takes_profile else []), *(["--", *command_line] if command_line else [])]
    return f"leave out {option}: `role-env {shlex.join(words)}`"


def evaluate(command: str, form: str) -> str:
    """Return the line that evaluates a session in the parent shell, or in the one that `form` names."""
    shell, own = SHELLS[form], SHELLS_BY_PROGRAM.get(parent.parent_name())
    if own and own.dialect == shell.dialect:
        shell = own
    return shell.evaluate.format(command)
