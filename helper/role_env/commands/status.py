"""role-env status: report the session in this shell."""

from collections.abc import Mapping

from role_env import timestamps
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.environ import tools
from role_env.environ.session import OFF_HINT, ShellState
from role_env.errors import RoleEnvError
from role_env.ui import stdout as output
from role_env.ui import table as display


def run(invocation: Invocation, context: Context) -> int:
    """Print one line; raise RoleEnvError for a session that is not valid."""
    state = ShellState(context.environ)
    if invocation.json:
        output.write(_json(state))
        return 0 if state.is_valid() else 1
    if state.has_session:
        output.write(_line(state))
    if fault := _fault(state, context.environ):
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
    return "  ".join(filter(None, (state.label(), state.role())))


def _fault(state: ShellState, environ: Mapping[str, str]) -> RoleEnvError | None:
    """Return why the shell's session is not valid; None if it is."""
    if state.lost_account:
        return RoleEnvError(tools.no_account(environ), hint=OFF_HINT)
    if not state.has_session_variables:
        return RoleEnvError("this shell has no session", hint="source <(role-env PROFILE), or role-env list")
    if unreadable := state.unreadable():
        what = f"the variables of the session are invalid: {', '.join(unreadable)}"
        return RoleEnvError(what, hint=f"{OFF_HINT}, or set the session again")
    again = f"set it again: source <(role-env {state.profile})"
    if mismatched := state.mismatched_key_ids():
        verb = "is" if len(mismatched) == 1 else "are"
        what = f"{', '.join(mismatched)} {verb} no longer the session's: some tools act as somebody else"
        return RoleEnvError(what, hint=f"ask who: role-env whoami; or {again}")
    if outranking := state.outranking():
        return RoleEnvError(f"{', '.join(outranking)} outranks the session in some tools", hint=again)
    if not state.is_served and not state.families:
        return RoleEnvError("an older version of role-env has set this session", hint=f"role-env use {state.profile}")
    if missing := state.missing():
        what = f"{', '.join(missing)} no longer {'has' if len(missing) == 1 else 'have'} the session's value"
        return RoleEnvError(f"{what}: some tools find another account", hint=again)
    return None if state.is_valid() else RoleEnvError("the session has expired", hint=again)
