"""role-env status: report the session in this shell."""

from role_env import ui
from role_env.cli import Invocation
from role_env.context import Context
from role_env.environ.session import OTHER_KEY, ShellState, incomplete_keys
from role_env.errors import RoleEnvError
from role_env.shells import hints
from role_env.ui import table
from role_env.variables import READ_ONLY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def run(invocation: Invocation, context: Context) -> int:
    """Print one line; raise RoleEnvError for an invalid session."""
    state = ShellState(context.environ)
    if invocation.json and not state.has_session:
        ui.write('{"valid": false}\n')  # on one line, as scripts may compare it
        return 1
    if invocation.json:
        ui.write_json(_document(state))
        return 0 if state.is_valid() else 1
    if state.has_session:
        ui.write("  ".join(filter(None, (_line(state), _why_read_only(state, context.environ)))) + "\n")
    if fault := _fault(state, context.environ):
        raise fault
    return 0


def _document(state: ShellState) -> dict[str, object]:
    from role_env import timestamps  # only for JSON

    return {
        "profile": state.profile,
        "role_arn": state.role_arn or None,
        "expiration": None if state.is_served else timestamps.format_utc(state.expiration),
        "remaining_seconds": None if state.is_served else state.remaining(),
        "valid": state.is_valid(),
    }


def _line(state: ShellState) -> str:
    if state.is_served:
        return f"{_whose(state)}  renewed by exec --renew"
    import time

    left = state.expiration - time.time()
    until = f"({'until' if left > 0 else 'at'} {table.clock(state.expiration)})"
    return f"{_whose(state)}  {table.time_left(left)} {until}"


def _why_read_only(state: ShellState, environ: "Mapping[str, str]") -> str:
    if state.policy != READ_ONLY:
        return ""
    from role_env.environ import request as requests  # only for a read-only session

    request = requests.of_shell(environ)
    return f"read-only by {request.why_read_only}" if request else ""


def _whose(state: ShellState) -> str:
    narrowed = {"": "", READ_ONLY: " (read-only)"}.get(state.policy, " (narrowed)")
    account = f"account {state.account_id}" if state.account_id else "no role"
    role = f"role {state.role_arn.name} of {state.role_arn.account}" if state.role_arn else account
    return f"{state.profile}{narrowed}  {role}"


def _fault(state: ShellState, environ: "Mapping[str, str]") -> RoleEnvError | None:
    """Return why the shell's session is invalid; None if it is valid."""
    half_keys = incomplete_keys(environ)
    completing = "set both, or neither; " if half_keys else ""
    if state.lost_account:
        from role_env.environ import tools  # only for an invalid session

        return RoleEnvError(tools.no_account(environ), hint=completing + hints.restore(environ))
    if not state.has_session_variables:
        what = "; ".join(filter(None, ("this shell has no session", half_keys)))
        begin = f"begin one with: {hints.switch('PROFILE', environ)}; role-env list has the names"
        return RoleEnvError(what, hint=completing + begin)
    if unreadable := state.unreadable():
        what = f"the variables of the session are invalid: {', '.join(unreadable)}"
        return RoleEnvError(what, hint=hints.restore(environ))
    faults = state.faults()
    if not faults and state.is_valid():
        return None
    from role_env.environ import request as requests

    what = next((fault.of_all(names) for fault, names in faults.items()), "the session has expired")
    again = f"switch again with: {requests.switch_again(environ)}"
    return RoleEnvError(what, hint=f"ask who: role-env whoami; or {again}" if OTHER_KEY in faults else again)
