"""role-env exec: run a command in a session, or with --renew beside a server that keeps the session live."""

import contextlib
import json
import os
import signal
from typing import NoReturn

from role_env import variables
from role_env.cli import options
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.credentials import Session
from role_env.errors import UsageError
from role_env.sessions import obtain as session
from role_env.shells import export as exporters
from role_env.supervise import execution
from role_env.ui.messages import Messages


def run(invocation: Invocation, context: Context) -> int:
    """Become the command or, with --renew, run it and return its exit status."""
    command = execution.command_of(invocation.command_line, context.environ)
    if not invocation.renew:
        execution.become(command, exporters.environment(options.obtain(invocation, context), context.environ))
    return _run_beside_server(command, invocation, context)


def _run_beside_server(command: list[str], invocation: Invocation, context: Context) -> int:
    """Runs the command; a second process obtains the session and serves it.

    It is forked before anything is obtained: macOS's frameworks work in no process that was forked after their use.
    """
    if not hasattr(os, "fork"):
        raise UsageError("exec --renew needs a system with fork", hint="exec without --renew works here, too")
    from role_env.supervise import supervisor as parent

    def tell_of_server(pid: int) -> None:
        if pid == server:
            context.messages.warn("the process that serves the session has ended; the session is not renewed")

    reader, writer = os.pipe()
    this = parent.Parent(on_end=tell_of_server)
    server = this.fork()
    if not server:
        os.close(reader)
        _serve(invocation, context, writer)
    os.close(writer)
    os.set_blocking(reader, False)
    announced = bytearray()
    # Its failure is told by itself, as that of any command is.
    failed = this.stand_for(server, until=lambda: _has_line(reader, announced))
    if failed is not None:
        return parent.end_as(failed)
    child = this.run(command, exporters.served_environment(json.loads(announced), context.environ))
    status = this.stand_for(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(server, signal.SIGKILL)
    return parent.end_as(status or 0)


def _has_line(reader: int, announced: bytearray) -> bool:
    with contextlib.suppress(BlockingIOError):
        announced += os.read(reader, 1 << 16)
    return announced.endswith(b"\n")


def _serve(invocation: Invocation, context: Context, writer: int) -> NoReturn:
    """Obtains the session, announces the variables that lead to it, and serves it while the parent lives."""
    from role_env.supervise import supervisor as parent
    from role_env.supervise.credentials_server import CredentialsServer, Supply

    parent_pid = os.getppid()
    inherited = parent.open_descriptors() - {writer}
    request = options.request_of(invocation)
    first = options.obtain(invocation, context)
    # Only what concerns the command is told on what is now its stderr.
    quiet = Messages(verbose=invocation.verbose, silent=not invocation.verbose)

    def renew(seconds: int) -> Session:
        request.min_ttl, request.refresh = seconds, False
        return session.obtain(request, context.restarted().with_messages(quiet))

    server = CredentialsServer(Supply(first, renew, context.messages))
    os.setsid()  # away from the terminal: what is typed there is for the command
    os.write(writer, json.dumps(dict(variables.served(first, server.uri))).encode() + b"\n")
    os.close(writer)
    parent.let_go(inherited)
    os.kill(parent_pid, signal.SIGCHLD)
    server.serve(while_true=lambda: os.getppid() == parent_pid)
    os._exit(0)
