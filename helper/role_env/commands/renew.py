"""role-env renew: print code that renews the session in this shell in place, or leaves it as it is."""

import time

from role_env import ui, variables
from role_env.cli import Invocation
from role_env.command_table import SHELLS
from role_env.context import Context
from role_env.credentials import is_due

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def run(invocation: Invocation, context: Context) -> int:
    """Print the code. Most calls find nothing to do, and import almost nothing."""
    if idle := _why_idle(context.environ):
        ui.write(SHELLS[invocation.output_format].nothing)
        if context.messages.shows_progress:
            context.messages.progress(f"the session of this shell is {idle}{_way_to_new(context.environ)}")
        return 0
    from role_env.sessions.renew import renew
    from role_env.shells import export as exporters

    session = renew(context)
    ui.write(exporters.renewal(session, invocation.output_format, context.environ))
    return 0


def _way_to_new(environ: "Mapping[str, str]") -> str:
    """Return how to have a new session all the same; empty for one that its server renews."""
    if not environ.get("ROLE_ENV_ACCESS_KEY_ID"):
        return ""
    from role_env.sessions.shell_request import line_to_switch_again  # only for a person

    return f"; for a new one now: {line_to_switch_again(environ, '--refresh')}"


def _why_idle(environ: "Mapping[str, str]") -> str:
    """Return why there is nothing to do; empty if a renewal is due, or if the variables do not show when it is."""
    if environ.get(variables.CREDENTIALS_URI) and not environ.get("ROLE_ENV_ACCESS_KEY_ID"):
        return "renewed by role-env exec --renew" if environ.get("ROLE_ENV_PROFILE") else ""
    expiration, issued = environ.get("ROLE_ENV_EXPIRATION", ""), variables.issue_time(environ)
    if not environ.get("ROLE_ENV_PROFILE") or not expiration.isdecimal() or len(expiration) > 11:
        return ""
    if not 0 < issued < int(expiration) or is_due(issued, int(expiration)):
        return ""
    return f"not due for renewal: {int(int(expiration) - time.time() - 1) // 60} min left"
