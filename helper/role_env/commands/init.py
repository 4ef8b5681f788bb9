"""role-env init: print the shell integration."""

from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.shells import integration
from role_env.ui import stdout as output


def run(invocation: Invocation, context: Context) -> int:
    """Print the integration."""
    output.write(integration.integration(invocation.shell, invocation.integration_options))
    return 0
