"""role-env exec: run a command in a session, or with --renew beside a server that keeps the session live."""

import contextlib
import json
import os
import signal
import threading
from typing import TYPE_CHECKING, NoReturn

from role_env import variables
from role_env.cli import Invocation, options
from role_env.context import Context
from role_env.credentials import Session
from role_env.errors import UsageError
from role_env.files.core_dumps import restore_core_dumps
from role_env.sessions.obtain import SessionRequest
from role_env.sessions.renew import renew_as_requested
from role_env.shells import export as exporters
from role_env.supervise import execution
from role_env.ui.messages import Messages

if TYPE_CHECKING:
    from role_env.supervise.supervisor import Supervisor


def check(invocation: Invocation, context: Context) -> None:
    """Raise UsageError if --listen is given without --renew or has no address that can be served."""
    place = invocation.listen
    if not place:
        return
    if not invocation.renew:
        raise UsageError("--listen requires --renew", hint="add --renew, or leave --listen out")
    from role_env.supervise.listening import address_of

    try:
        address_of(place)
    except UsageError as error:  # the value may be the profile, where the address was left out
        if not options.has_profile(place, invocation.config, context.environ):
            raise
        hint = f"{place} is a profile: give an address before it, as in --listen 127.0.0.1 {place}"
        raise UsageError(error.message, hint=hint) from None


def run(invocation: Invocation, context: Context) -> int:
    """Become the command or, with --renew, run it and return its exit status."""
    command = execution.command_of(invocation.command_line, context.environ)
    if not invocation.renew:
        environ = exporters.environment(options.obtain(invocation, context), context.environ)
        restore_core_dumps()
        execution.become(command, environ)
    return _run_beside_server(command, invocation, context)


def _run_beside_server(command: list[str], invocation: Invocation, context: Context) -> int:
    """Run the command; a second process obtains the session and serves it.

    The fork comes first: macOS's frameworks fail in a process that was forked after their first use.
    """
    if not hasattr(os, "fork"):
        raise UsageError("exec --renew needs a system with fork", hint="use exec without --renew")
    from role_env.supervise import served_file
    from role_env.supervise.supervisor import Supervisor, exit_like, occupy_standard_descriptors

    def report_end(pid: int) -> None:
        """Warn if the process that has ended is the server."""
        if pid == server:
            served_file.remove(served[variables.SHARED_FILE])
            context.messages.say("the process that serves the session has ended; the session is no longer renewed")

    occupy_standard_descriptors()
    reader, writer = os.pipe()
    supervisor = Supervisor(on_end=report_end)
    server = supervisor.fork()
    if not server:
        os.close(reader)
        _serve(invocation, context, supervisor, writer)
    os.close(writer)
    os.set_blocking(reader, False)
    announced = bytearray()
    # The server reports its failure itself, like any command.
    failed = supervisor.supervise(server, until=lambda: _has_line(reader, announced))
    if failed is not None:
        return exit_like(failed)
    served: dict[str, str] = json.loads(announced)
    _report_proxies(context)
    try:
        child = supervisor.run(command, exporters.served_environment(served, context.environ))
        status = supervisor.supervise(child)
    finally:
        served_file.remove(served[variables.SHARED_FILE])
    with contextlib.suppress(ProcessLookupError):
        os.kill(server, signal.SIGKILL)
    return exit_like(status or 0)


def _report_proxies(context: Context) -> None:
    """Report the proxy variables that are unset for the command."""
    if names := [name for name in exporters.PROXIES if context.environ.get(name)]:
        verb = "is" if len(names) == 1 else "are"
        context.messages.say(
            f"{' and '.join(names)} {verb} unset for the command: an SDK would ask that proxy for the session"
        )


def _has_line(reader: int, announced: bytearray) -> bool:
    with contextlib.suppress(BlockingIOError):
        announced += os.read(reader, 1 << 16)
    return announced.endswith(b"\n")


def _serve(invocation: Invocation, context: Context, supervisor: "Supervisor", writer: int) -> NoReturn:
    """Obtain the session, send its variables to the parent, and serve it while the parent lives."""
    from role_env.aliyun import process_command
    from role_env.supervise import served_file
    from role_env.supervise.credentials_server import CredentialsServer, Supply
    from role_env.supervise.listening import open_listener
    from role_env.supervise.supervisor import close_fds, open_descriptors

    parent_pid = os.getppid()
    inherited = open_descriptors() - {writer} - supervisor.fds
    listener = open_listener(invocation.listen)
    request = options.request_of(invocation)
    first = SessionRequest(request, context).obtain()
    # From now on, stderr belongs to the command.
    quiet = Messages(verbose=invocation.verbose, silent=not invocation.verbose)

    def renew(seconds: int) -> Session:
        """Return the same session, renewed, with at least `seconds` left if possible."""
        request.wanted_ttl, request.refresh = seconds, False
        return renew_as_requested(first, request, Context(context.environ, None, quiet))

    server = CredentialsServer(Supply(first, renew, context.messages), listener)
    served = exporters.served(first, f"{os.getpid()} {server.uri}", context.environ)
    served[variables.SHARED_FILE] = served_file.publish(process_command.unquoted_session_command())
    os.setsid()  # detach from the terminal: keys typed there are for the command
    os.write(writer, json.dumps(served).encode() + b"\n")
    os.close(writer)
    close_fds(inherited)
    threading.Thread(target=supervisor.continue_with_child, daemon=True).start()
    os.kill(parent_pid, signal.SIGCHLD)
    server.serve(while_true=lambda: os.getppid() == parent_pid)
    os._exit(0)
