"""role-env version: print the version."""

from role_env import cli, ui
from role_env.cli import Invocation
from role_env.context import Context


def run(invocation: Invocation, context: Context) -> int:
    """Print the version, as `--version` does."""
    ui.write(cli.version())
    return 0
