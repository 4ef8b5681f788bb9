"""role-env init: the shell integration."""

import argparse

from role_env.shells import integration as shell_scripts
from role_env.ui import stdout as output

SUMMARY = "print the shell integration"
EXAMPLES = ('eval "$(role-env init bash)"', 'eval "$(role-env init zsh --renew)"', "role-env init fish | source")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("shell", choices=shell_scripts.SHELLS)
    parser.add_argument(
        "--no-prompt", action="store_true", help="set ROLE_ENV_PROMPT and leave the prompt itself alone"
    )
    parser.add_argument("--renew", action="store_true", help="renew the session at a prompt shortly before it expires")


def run(arguments: argparse.Namespace) -> int:
    """Prints it."""
    given = {"--no-prompt": arguments.no_prompt, "--renew": arguments.renew}
    output.write(shell_scripts.integration(arguments.shell, " ".join(option for option in given if given[option])))
    return 0
