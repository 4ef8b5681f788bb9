"""role-env init: the shell integration."""

import argparse

from role_env import output, shell_scripts

SUMMARY = "print the shell integration"
EXAMPLES = ('eval "$(role-env init bash)"', "role-env init fish | source")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("shell", choices=shell_scripts.SHELLS)


def run(arguments: argparse.Namespace) -> int:
    """Prints it."""
    output.write(shell_scripts.integration(arguments.shell))
    return 0
