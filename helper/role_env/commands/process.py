"""role-env process: print a session as a credential process does."""

from role_env.cli import options
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.shells import export as exporters
from role_env.ui import stdout as output


def run(invocation: Invocation, context: Context) -> int:
    """Print the document."""
    if not invocation.show:
        options.refuse_terminal(f"role-env process {invocation.profile}", "")
    output.write(exporters.process(options.obtain(invocation, context).credentials))
    return 0
