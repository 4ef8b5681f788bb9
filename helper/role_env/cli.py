"""The command line: argparse, and a module a command."""

import argparse
import importlib
import logging
from collections.abc import Mapping
from types import ModuleType
from typing import NoReturn

from role_env import __version__, asked, options
from role_env.asked import Asked
from role_env.errors import UsageError
from role_env.messages import Messages

# `use` is a function of the shell integration; the others without a module are not yet available.
_MODULES = (
    *("export", "exec", "process", "off", "init", "setup", "list", "status", "whoami", "login", "logout", "clear"),
    "explain",
    "doctor",
    "console",
)
_STATUSES = """\
exit statuses:
  0 done, 1 a bug, 2 wrong usage, 3 the profile or a setting, 4 STS said no,
  5 STS could not be reached, 6 the keyring was needed and could not be used"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"see {self.prog} --help")


def run(argv: list[str], environ: Mapping[str, str], line: Asked) -> int:
    """Runs the command line and returns its exit status. Raises any RoleEnvError; `line` learns the role."""
    words, command = asked.ordered(argv)
    module = _module(words[0]) if words and words[0] in _MODULES else None
    parser = _parser() if module is None else _command_parser(words[0], module)
    arguments = parser.parse_args(words if module is None else words[1:])
    arguments.words = command
    arguments.environ = environ
    arguments.asked = line
    # What libraries log would stand on stderr, tracebacks and texts with secrets included.
    logging.getLogger().addHandler(logging.NullHandler())
    arguments.messages = Messages(
        verbose=getattr(arguments, "verbose", False), silent=getattr(arguments, "silent", False)
    )
    status: int = arguments.run(arguments)
    return status


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"role_env.commands.{name}")


def _parser() -> _Parser:
    """The parser of a line without a command: for --help, --version, and to say what is wrong."""
    parser = _Parser(
        prog="role-env",
        description="Temporary Alibaba Cloud credentials: role-env PROFILE prints exports for the shell that asked.",
        epilog="At a prompt: source <(role-env PROFILE). In fish: role-env PROFILE | source. In scripts and CI: "
        'eval "$(role-env PROFILE || echo false)".',
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
        description=module.SUMMARY[0].upper() + module.SUMMARY[1:] + ".",
        epilog=f"examples:\n{examples}\n\n{_STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if getattr(module, "OBTAINS", False):
        options.add_obtaining(parser)
    module.add_arguments(parser)
    parser.set_defaults(run=module.run, **getattr(module, "DEFAULTS", {}))
    return parser
