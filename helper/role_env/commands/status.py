"""role-env status: report the session in this shell."""

from role_env import timestamps
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.environ.session import ShellState
from role_env.errors import RoleEnvError
from role_env.shells import hints
from role_env.ui import stdout as output
from role_env.ui import table
from role_env.variables import READ_ONLY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def run(invocation: Invocation, context: Context) -> int:
    """Print one line; raise RoleEnvError for a session that is not valid."""
    state = ShellState(context.environ)
    if invocation.json and not state.has_session:
        output.write('{"valid": false}\n')  # on one line, as scripts may compare it
        return 1
    if invocation.json:
        output.write_json(_document(state))
        return 0 if state.is_valid() else 1
    if state.has_session:
        output.write("  ".join(filter(None, (_line(state), _why_read_only(state, context.environ)))) + "\n")
    if fault := _fault(state, context.environ):
        raise fault
    return 0


def _document(state: ShellState) -> dict[str, object]:
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
    from role_env.environ import request as requests  # only for those who have such a session

    request = requests.of_shell(environ)
    return f"read-only by {request.why_read_only}" if request else ""


def _whose(state: ShellState) -> str:
    return "  ".join(filter(None, (state.label(), state.role())))


def _fault(state: ShellState, environ: "Mapping[str, str]") -> RoleEnvError | None:
    """Return why the shell's session is not valid; None if it is."""
    if state.lost_account:
        from role_env.environ import tools  # only for a session that is not valid

        return RoleEnvError(tools.no_account(environ), hint=_completing(state) + hints.restore(environ))
    if not state.has_session_variables:
        what = "; ".join(filter(None, ("this shell has no session", state.incomplete_keys())))
        begin = f"begin one with: {hints.switch('PROFILE', environ)}; role-env list has the names"
        return RoleEnvError(what, hint=_completing(state) + begin)
    if unreadable := state.unreadable():
        what = f"the variables of the session are invalid: {', '.join(unreadable)}"
        return RoleEnvError(what, hint=hints.restore(environ))
    what = _session_fault(state)
    if not what:
        return None
    from role_env.environ import request as requests

    again = f"switch again with: {requests.switch_again(environ)}"
    return RoleEnvError(what, hint=f"ask who: role-env whoami; or {again}" if state.mismatched_key_ids() else again)


def _completing(state: ShellState) -> str:
    """Return the beginning of the hint if only half a key is set, else an empty text."""
    return "set both, or neither; " if state.incomplete_keys() else ""


def _session_fault(state: ShellState) -> str:
    """Return what is wrong with a session that the variables describe, or an empty text."""
    if mismatched := state.mismatched_key_ids():
        verb = "is" if len(mismatched) == 1 else "are"
        return f"{', '.join(mismatched)} {verb} no longer the session's: some tools act as somebody else"
    if state.is_mixed():
        return "the variables of two sessions are mixed: the keys are not those of the profile and role that are shown"
    if outranking := state.outranking():
        verb = "outranks" if len(outranking) == 1 else "outrank"
        return f"{', '.join(outranking)} {verb} the session in some tools"
    if server_fault := state.server_fault():
        return server_fault
    if not state.is_served and not state.families:
        return "an older version of role-env has set this session"
    if missing := state.missing():
        verb = "has" if len(missing) == 1 else "have"
        return f"{', '.join(missing)} no longer {verb} the session's value: some tools find another account"
    return "" if state.is_valid() else "the session has expired"
