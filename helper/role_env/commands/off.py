"""role-env off: the end of the session in this shell."""

import argparse

from role_env.cli import options
from role_env.shells import export as exporters
from role_env.shells import integration as shell_scripts
from role_env.ui import stdout as output

SUMMARY = "print what ends the session in this shell and restores what was there before"
STATUSES = {0: "", 1: "", 2: "wrong usage, or stdout is a terminal and there is no --show"}
EXAMPLES = ('eval "$(role-env off)"', "role-env off | source")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("--format", choices=exporters.SHELLS, help="default: the parent's shell")
    parser.add_argument("--show", action="store_true", help="print on a terminal, too")


def run(arguments: argparse.Namespace) -> int:
    """Prints it."""
    form = arguments.format or shell_scripts.parent_format()
    if not arguments.show:
        options.refuse_terminal("role-env off", form)
    output.write(exporters.off(form, arguments.environ))
    return 0
