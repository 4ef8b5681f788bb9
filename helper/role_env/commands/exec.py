"""role-env exec: become a command in a session, or with --renew beside a server that keeps the session live."""

import json
import os
from collections.abc import Callable
from typing import NoReturn

from role_env import variables
from role_env.cli import Invocation, obtaining
from role_env.context import Context
from role_env.context.messages import Messages
from role_env.credentials import Session
from role_env.errors import UsageError
from role_env.files.core_dumps import restore_core_dumps
from role_env.live_sessions import execution
from role_env.sessions.obtain import obtain
from role_env.sessions.renew import renew_as_requested
from role_env.shells import export as exporters


def check(invocation: Invocation, _context: Context) -> None:
    """Raise UsageError if --listen is given without --renew or has no address that can be served."""
    if not invocation.listen:
        return
    if not invocation.renew:
        raise UsageError("--listen requires --renew", hint="add --renew, or leave --listen out")
    from role_env.live_sessions.credentials_server import address_of

    address_of(invocation.listen)


def run(invocation: Invocation, context: Context) -> NoReturn:
    """Become the command."""
    command = execution.command_of(invocation.command_line, context.environ)
    if invocation.renew:
        environ = _served_environment(invocation, context)
    else:
        environ = exporters.environment(obtaining.session_of(invocation, context), context.environ)
    restore_core_dumps()
    execution.become(command, environ)


def _served_environment(invocation: Invocation, context: Context) -> dict[str, str]:
    """Start a server of live sessions, and return the environment for the command. If it fails, end this process."""
    from role_env.live_sessions import server_process

    # The server obtains the session: macOS's frameworks fail in a process that was forked after their first use.
    announced = server_process.start(lambda announce: _serve(invocation, context, announce))
    if not announced:
        os._exit(125)  # the server has reported why
    _report_proxies(context)
    return exporters.served_environment(json.loads(announced), context.environ)


def _report_proxies(context: Context) -> None:
    if names := [name for name in exporters.PROXIES if context.environ.get(name)]:
        verb = "is" if len(names) == 1 else "are"
        context.messages.say(
            f"{' and '.join(names)} {verb} unset for the command: an SDK would ask that proxy for the session"
        )


def _serve(invocation: Invocation, context: Context, announce: Callable[[str], None]) -> None:
    from role_env.aliyun import process_command
    from role_env.live_sessions import served_file
    from role_env.live_sessions.credentials_server import CredentialsServer, Supply, open_listener

    listener = open_listener(invocation.listen)
    request = obtaining.request_of(invocation, context.environ)
    first = obtain(request, context)
    # From now on, stderr belongs to the command.
    quiet = Messages(verbose=invocation.verbose, silent=not invocation.verbose)

    def renew(seconds: int) -> Session:
        """Return the same session, renewed, with at least `seconds` left if possible."""
        again = request.changed(renewal_ttl=seconds, issued_since=0)
        return renew_as_requested(first, again, Context(context.environ, None, quiet))

    server = CredentialsServer(Supply(first, renew, context.messages), listener)
    served = exporters.served(first, f"{os.getpid()} {server.uri}", context.environ)
    path = served_file.publish(process_command.unquoted_session_command())
    try:
        announce(json.dumps({**served, variables.SHARED_FILE: path}))
        server.wait_until_closed()
    finally:
        served_file.remove(path)
