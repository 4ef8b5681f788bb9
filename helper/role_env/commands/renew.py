"""role-env renew: print code that renews the session in this shell in place, or leaves it as it is."""

import time

from role_env import ui
from role_env.cli import Invocation
from role_env.command_table import SHELLS
from role_env.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ISSUED = '"issued":'
_MOST_LEFT, _FRACTION = 300, 5


def run(invocation: Invocation, context: Context) -> int:
    """Print the code. Most calls find nothing to do, and import almost nothing."""
    if not _is_due(context.environ):
        ui.write(SHELLS[invocation.shell_format].nothing)
        return 0
    from role_env.sessions.renew import renew
    from role_env.shells import export as exporters

    session = renew(context)
    form, is_unattended = invocation.shell_format, invocation.unattended
    ui.write(exporters.renewal(session, form, context.environ, is_unattended=is_unattended))
    return 0


def _is_due(environ: "Mapping[str, str]") -> bool:
    """Return whether less than min(300 s, 20% of the lifetime) is left, or the variables do not show how much."""
    if environ.get("ALIBABA_CLOUD_CREDENTIALS_URI") and not environ.get("ROLE_ENV_ACCESS_KEY_ID"):
        return not environ.get("ROLE_ENV_PROFILE")  # `exec --renew` renews the session that it serves
    expiration = environ.get("ROLE_ENV_EXPIRATION", "")
    if not environ.get("ROLE_ENV_PROFILE") or not expiration.isdecimal() or len(expiration) > 11:
        return True
    left = int(expiration) - time.time()
    issued = environ.get("ROLE_ENV_REQUEST", "").partition(_ISSUED)[2][:12].rstrip("}")
    lifetime = int(expiration) - int(issued) if issued.isdecimal() else 0
    if lifetime <= 0:
        return left < _MOST_LEFT
    return left < min(_MOST_LEFT, lifetime / _FRACTION) or left > lifetime + 60
