"""role-env export: a session as text for the shell or program that reads it."""

import argparse

from role_env.cli import options
from role_env.shells import export as exporters
from role_env.shells import integration as shell_scripts
from role_env.ui import stdout as output

SUMMARY = "print a profile's session for a shell or program"
EXAMPLES = ("source <(role-env profileB)", "role-env export profileB --format json > session.json")
STATUSES = dict.fromkeys(range(7), "") | {2: "wrong usage, or stdout is a terminal and there is no --show"}
OBTAINS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("profile", metavar="PROFILE")
    parser.add_argument("--format", choices=exporters.FORMATS, help="default: the parent's shell")
    parser.add_argument("--show", action="store_true", help="print secrets on a terminal, too")


def run(arguments: argparse.Namespace) -> int:
    """Prints the session."""
    form = arguments.format or shell_scripts.parent_format()
    if not arguments.show:
        options.refuse_terminal(f"role-env {arguments.profile}", form)
    if form == "github":
        from role_env.shells import github as github_step

        with github_step.opened(arguments.environ) as step:
            step.export(options.obtain(arguments))
        return 0
    output.write(exporters.export(options.obtain(arguments), form, arguments.environ))
    return 0
