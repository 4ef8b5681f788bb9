"""role-env init: print the shell integration."""

import os

from role_env import __version__, ui
from role_env.cli import Invocation
from role_env.context import Context


def run(invocation: Invocation, context: Context) -> int:
    """Print the integration, which `helper/shell_programs` made when the wheel was built, with the line's options."""
    package = os.path.dirname(os.path.dirname(__file__))
    with open(f"{package}/shell/init.{invocation.shell}", encoding="utf-8") as file:
        text = file.read()
    options = f"{__version__} {invocation.integration_options}".rstrip()
    ui.write(text.replace("@OPTIONS@", options))
    return 0
