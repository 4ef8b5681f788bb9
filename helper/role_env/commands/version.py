"""role-env version: print the version."""

from role_env.cli import help as pages
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.ui import stdout as output


def run(invocation: Invocation, context: Context) -> int:
    """Print the version, as `--version` does."""
    output.write(pages.version())
    return 0
