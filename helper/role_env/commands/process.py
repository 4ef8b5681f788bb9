"""role-env process: a session as a credential process prints it."""

import argparse

from role_env.cli import options
from role_env.shells import export as exporters
from role_env.ui import stdout as output

SUMMARY = "print a profile's session as a credential process does"
EXAMPLES = (
    "role-env process profileB",
    "aliyun configure set --mode External --process-command 'role-env process B'",
)
STATUSES = dict.fromkeys(range(7), "") | {2: "wrong usage, or stdout is a terminal and there is no --show"}
OBTAINS = True
DEFAULTS = {"silent": True}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("profile", metavar="PROFILE")
    parser.add_argument("--show", action="store_true", help="print secrets on a terminal, too")


def run(arguments: argparse.Namespace) -> int:
    """Prints the document."""
    if not arguments.show:
        options.refuse_terminal(f"role-env process {arguments.profile}", "")
    output.write(exporters.process(options.obtain(arguments).credentials))
    return 0
