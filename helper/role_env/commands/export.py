"""role-env export: print a session for the shell or program that reads it."""

from role_env.cli import options
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.shells import export as exporters
from role_env.shells import parent
from role_env.ui import stdout as output


def run(invocation: Invocation, context: Context) -> int:
    """Print the session."""
    form = invocation.format or parent.parent_format()
    if form == "github":
        from role_env.shells import github

        github.export(lambda: options.obtain(invocation, context), context.environ)
        return 0
    output.write(exporters.export(options.obtain(invocation, context), form, context.environ))
    return 0
