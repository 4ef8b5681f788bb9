"""role-env export: print a session for the shell or program that reads it."""

from role_env import ui, variables
from role_env.cli import Invocation, obtaining
from role_env.command_table import PREVIOUS_SESSION
from role_env.context import Context
from role_env.credentials import Session
from role_env.errors import ProfileError, UsageError, WiderError
from role_env.sessions.shell_request import ShellRequest, read_request
from role_env.shells import export as exporters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def run(invocation: Invocation, context: Context) -> int:
    """Print the session."""
    form = invocation.output_format
    is_previous = invocation.profile == "-" and variables.PREVIOUS in context.environ
    session_of = _previous_session if is_previous else obtaining.session_of
    if form == "github":
        from role_env.shells import github

        github.export(lambda: session_of(invocation, context), context.environ)  # it first checks the step's files
        return 0
    session = session_of(invocation, context)
    ui.write(exporters.export(session, form, context.environ))
    return 0


def _previous_session(invocation: Invocation, context: Context) -> Session:
    for option in invocation.others_than(PREVIOUS_SESSION):
        raise UsageError("use - repeats the request of a previous session as it was", hint=f"leave out {option.name}")
    asked = _previous_request(context.environ)
    invocation.profile = asked.profile  # so that a failure removes the session of another profile
    from role_env.sessions.renew import request_again

    try:
        return request_again(asked, context, is_full_allowed=invocation.full)
    except WiderError as error:
        # With the session that this failure removes, `use -` would mean that one: the line names the profile instead.
        error.line = asked.line(context.environ, "--full")
        raise


def _previous_request(environ: "Mapping[str, str]") -> ShellRequest:
    """Return the last request of the shell that is another one than its session's. Raises UsageError, ProfileError."""
    current = read_request(environ.get(variables.REQUEST, ""))
    for text in filter(None, environ.get(variables.PREVIOUS, "").split("\n")):
        asked = read_request(text)
        if asked is None:
            raise ProfileError(
                "the session before this one cannot be requested again: it was not made for a shell",
                hint="name its profile: `role-env use PROFILE`",
            )
        if not asked.is_same(current):
            return asked
    raise UsageError("this shell has had no other session", hint="name a profile: `role-env use PROFILE`")
