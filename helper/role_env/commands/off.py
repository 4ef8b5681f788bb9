"""role-env off: print code that ends the session in this shell."""

from role_env import ui
from role_env.cli import Invocation
from role_env.context import Context
from role_env.shells import export as exporters


def run(invocation: Invocation, context: Context) -> int:
    """Print the code."""
    ui.write(exporters.off(invocation.output_format, context.environ))
    return 0
