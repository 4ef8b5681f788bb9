"""role-env status: report the session in this shell."""

from role_env import timestamps
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.environ.session import NO_ACCOUNT, OFF_HINT, ShellState
from role_env.errors import RoleEnvError
from role_env.ui import stdout as output
from role_env.ui import table as display


def run(invocation: Invocation, context: Context) -> int:
    """Print one line; what is wrong is an error."""
    state = ShellState(context.environ)
    if invocation.json:
        output.write(_json(state))
        return 0 if state.is_valid() else 1
    if state.has_session:
        output.write(_line(state))
    if fault := _fault(state):
        raise fault
    return 0


def _json(state: ShellState) -> str:
    import json  # what a prompt asks for often is the plain line

    if not state.has_session:
        return json.dumps({"valid": False}) + "\n"
    document = {
        "profile": state.profile,
        "role_arn": state.role_arn or None,
        "expiration": None if state.is_served else timestamps.format_utc(state.expiration),
        "remaining_seconds": None if state.is_served else state.remaining(),
        "valid": state.is_valid(),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _line(state: ShellState) -> str:
    if state.is_served:
        return f"{_whose(state)}  renewed by exec --renew\n"
    import time

    left = state.expiration - time.time()
    until = f"({'until' if left > 0 else 'at'} {display.clock(state.expiration)})"
    return f"{_whose(state)}  {display.time_left(left)} {until}\n"


def _whose(state: ShellState) -> str:
    return "  ".join(filter(None, (state.profile, state.role())))


def _fault(state: ShellState) -> RoleEnvError | None:
    """Return why the shell's session is not a live one, or None."""
    if state.lost_account:
        return RoleEnvError(NO_ACCOUNT, hint=OFF_HINT)
    if not state.is_begun:
        return RoleEnvError("this shell has no session", hint="source <(role-env PROFILE), or role-env list")
    if unreadable := state.unreadable():
        what = f"the session's own variables do not tell of one: {', '.join(unreadable)}"
        return RoleEnvError(what, hint=f"{OFF_HINT}, or take the session again")
    again = f"source <(role-env {state.profile}) takes it again"
    if strangers := state.strangers():
        verb = "is" if len(strangers) == 1 else "are"
        what = f"{', '.join(strangers)} {verb} no longer the session's: some tools act as somebody else"
        return RoleEnvError(what, hint=f"role-env whoami tells who; {again}")
    if state.is_served:
        return None
    if not state.holders():
        return RoleEnvError("no variable holds the session's key any more", hint=again)
    return None if state.remaining() else RoleEnvError("the session has ended", hint=again)
