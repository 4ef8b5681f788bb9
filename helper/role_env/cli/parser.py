"""The command line: argparse, and a module a command."""

import argparse
import importlib
import textwrap
from collections.abc import Mapping
from types import ModuleType
from typing import NoReturn

from role_env import __version__, names
from role_env.cli import invocation as asked
from role_env.cli import options
from role_env.cli.invocation import Asked
from role_env.errors import UsageError
from role_env.ui.messages import Messages

# `use` is a function of the shell integration; the others without a module are not yet available.
_MODULES = (
    *("export", "exec", "process", "off", "init", "setup", "list", "status", "whoami", "login", "logout", "clear"),
    "explain",
    "doctor",
    "console",
)
_STATUSES = {
    0: "done",
    1: "a bug",
    2: "wrong usage",
    3: "the profile, its file, or a setting; no credentials to ask with",
    4: "STS said no, or answered with another account, role or name",
    5: "STS could not be reached: trying again may help",
    6: "the keyring was needed, and could not be used",
}
_LINES = """\
examples:
  source <(role-env PROFILE)                  # bash, zsh, at a prompt
  role-env PROFILE | source                   # fish
  eval "$(role-env PROFILE || echo false)"    # scripts, CI, any POSIX shell

role-env COMMAND --help tells more, and the exit statuses."""
_OF_ALL = (0, 1, 2)
_USE = (
    'eval "$(role-env init bash)" installs it, for zsh likewise (fish: role-env init fish | source);'
    " source <(role-env PROFILE) does without"
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"see {self.prog} --help")


def run(argv: list[str], environ: Mapping[str, str], line: Asked) -> int:
    """Runs the command line and returns its exit status. Raises any RoleEnvError; `line` learns the role."""
    words, command = asked.ordered(argv)
    if words[:1] == ["use"]:
        raise UsageError("use acts in the shell itself, and this one is without the shell integration", hint=_USE)
    module = _module(words[0]) if words and words[0] in _MODULES else None
    parser = _parser() if module is None else _command_parser(words[0], module)
    try:
        arguments = parser.parse_args(words if module is None else words[1:])
    except UsageError as error:
        raise _with_nearest(error, line, argv) from None
    arguments.words = command
    arguments.environ = environ
    arguments.asked = line
    arguments.messages = Messages(
        verbose=getattr(arguments, "verbose", False), silent=getattr(arguments, "silent", False)
    )
    try:
        status: int = arguments.run(arguments)
    except UsageError as error:
        raise _with_nearest(error, line, argv) from None
    return status


def _with_nearest(error: UsageError, line: Asked, argv: list[str]) -> UsageError:
    """`error`, with the command that was meant where a word that is none was taken for a profile."""
    if line.command == "export" and "export" not in argv and (command := names.nearest_command(line.profile)):
        hint = f"{error.hint}; if you meant the command, it is role-env {command}"
        return UsageError(error.message, hint=hint)
    return error


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"role_env.commands.{name}")


def _parser() -> _Parser:
    """The parser of a line without a command: for --help, --version, and to say what is wrong."""
    parser = _Parser(
        prog="role-env",
        description="Temporary Alibaba Cloud credentials: role-env PROFILE prints exports for\nthe shell that asked.",
        epilog=_LINES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"role-env {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in _MODULES:
        commands.add_parser(name, help=_module(name).SUMMARY)
    return parser


def _command_parser(name: str, module: ModuleType) -> _Parser:
    examples = "\n".join(f"  {line}" for line in module.EXAMPLES)
    parser = _Parser(
        prog=f"role-env {name}",
        usage=getattr(module, "USAGE", None),
        description=textwrap.fill(module.SUMMARY[0].upper() + module.SUMMARY[1:] + ".", 78),
        epilog=f"examples:\n{examples}\n\nexit statuses:\n{_statuses(module)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if getattr(module, "OBTAINS", False):
        options.add_obtaining(parser)
    module.add_arguments(parser)
    parser.set_defaults(run=module.run, **getattr(module, "DEFAULTS", {}))
    return parser


def _statuses(module: ModuleType) -> str:
    """The exit statuses of a command: those that it names, with the usual meaning where it gives no other."""
    usual = _STATUSES if getattr(module, "OBTAINS", False) else dict.fromkeys(_OF_ALL, "")
    told: dict[int, str] = {**getattr(module, "STATUSES", usual)}
    lines = [f"  {number:<8}  {meaning or _STATUSES[number]}" for number, meaning in sorted(told.items())]
    return "\n".join([*lines, "  130, 143  interrupted"])
