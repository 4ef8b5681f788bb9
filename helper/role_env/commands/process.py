"""role-env process: print a session as a credential process does."""

import time

from role_env import documents, ui, variables
from role_env.cli import Invocation, obtaining
from role_env.commands.status import find_faults
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.environ.keys import current_key
from role_env.environ.session import ShellState
from role_env.errors import ProfileError, UsageError
from role_env.sources import credentials_uri

URI_MARGIN = 900
"""The SDKs fetch a session from a credentials URI again when less than this is left (seconds)."""
EXTERNAL_MARGIN = 180
"""The SDKs run an External command again when less than this is left (seconds)."""


def run(invocation: Invocation, context: Context) -> int:
    """Print the document."""
    if bool(invocation.profile) == invocation.session:
        raise UsageError("process requires either PROFILE or --session", hint="see `role-env process --help`")
    if invocation.session:
        credentials = session_of_shell(context)
        if ShellState(context.environ).is_served:
            credentials = _shortened(credentials)
    else:
        credentials = obtaining.session_of(invocation, context).credentials
    ui.write(documents.process(credentials))
    return 0


def session_of_shell(context: Context) -> Credentials:
    """Return the environment's session. Raises ProfileError if it is invalid, UnreachableError if its server fails."""
    environ, state = context.environ, ShellState(context.environ)
    for fault in find_faults(environ):
        raise ProfileError(fault.message, hint=fault.hint)
    if state.is_served:
        return credentials_uri.fetch(environ[variables.CREDENTIALS_URI], context, is_served=True)
    key = current_key(environ)
    if key is None or not key.security_token:
        raise ProfileError("the session in this shell is not whole", hint="see: `role-env status`")
    return Credentials(
        key.access_key_id, key.access_key_secret, key.security_token, issued=time.time(), expiration=state.expiration
    )


def _shortened(credentials: Credentials) -> Credentials:
    """Return the credentials of a served session with an earlier end.

    A program then runs the command again about when it would request the URI: at 900 s, or at half the session's life.
    """
    life = credentials.expiration - credentials.issued
    credentials.expiration -= max(0, min(URI_MARGIN - EXTERNAL_MARGIN, int(life / 2) - EXTERNAL_MARGIN))
    return credentials
