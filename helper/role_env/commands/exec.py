"""role-env exec: a command in a session."""

import argparse

from role_env import execution, exporters, options

SUMMARY = "run a command (default: $SHELL) in a profile's session"
EXAMPLES = ("role-env exec profileB -- terraform plan", "role-env exec profileB")
STATUSES = {
    0: "the command's own status, whatever it is",
    125: "role-env itself failed",
    126: "the command cannot be run",
    127: "the command is not found",
}
USAGE = "role-env exec [options] PROFILE [--] [COMMAND ...]"
OBTAINS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("profile", metavar="PROFILE")


def run(arguments: argparse.Namespace) -> int:
    """Becomes the command."""
    command = arguments.words or [arguments.environ.get("SHELL") or "/bin/sh"]
    environ = exporters.environment(options.obtain(arguments), arguments.environ)
    execution.become(command, environ)
