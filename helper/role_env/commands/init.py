"""role-env init: print the shell integration."""

from role_env import __version__, ui
from role_env.cli import Invocation
from role_env.context import Context
from role_env.shells import programs


def run(invocation: Invocation, context: Context) -> int:
    """Print the integration, which depends only on the shell, the options and the version."""
    options = f"{__version__} {invocation.integration_options}".rstrip()
    ui.write(programs.read(f"init.{invocation.shell}").replace("@OPTIONS@", options))
    return 0
