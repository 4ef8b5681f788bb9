"""role-env status: report the session in this shell."""

from role_env import ui
from role_env.cli import Invocation
from role_env.cli.hints import RESTORE
from role_env.context import Context
from role_env.credentials import renewal_window
from role_env.environ.session import NO_ACCOUNT, OTHER_KEY, ShellState, incomplete_keys
from role_env.errors import RoleEnvError
from role_env.ui import table
from role_env.variables import READ_ONLY, issue_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


_PROMPT_SECONDS = 1


def run(invocation: Invocation, context: Context) -> int:
    """Print one line; raise RoleEnvError for an invalid session."""
    state = ShellState(context.environ)
    if invocation.prompt:
        ui.write(_prompt(state, context.environ))
        return 0
    if invocation.json and not state.has_session:
        ui.write('{"valid": false}\n')  # on one line, as scripts may compare it
        return 1
    if invocation.json:
        ui.write_json(_document(state))
        return 0 if state.is_valid() else 1
    if state.has_session:
        ui.write("  ".join(filter(None, (_line(state), _why_read_only(state, context.environ)))) + "\n")
    for fault in find_faults(context.environ):
        raise fault
    return 0


def _prompt(state: ShellState, environ: "Mapping[str, str]") -> str:
    """Return what the prompt shows, a line each; nothing without a session.

    The lines are the name, the sign of a session that is not whole, the expiration (epoch seconds, `served` or empty),
    when a renewal is due, and the SGR parameters of the text and of a warning.
    """
    import _signal

    _signal.alarm(_PROMPT_SECONDS)  # ends a process that hangs: the prompt waits for it
    if state.has_no_account:
        from role_env.environ import tools

        name, is_whole, end = "no account", tools.no_account(environ) == NO_ACCOUNT, ""
    elif state.has_session_variables:
        name, is_whole = _name(state) or "unknown session", state.has_session and not state.faults()
        end = "served" if state.is_served else str(state.expiration or "")
    else:
        return ""
    usual, warning = _styles(state, environ)
    text = usual if state.profile else warning
    sign = "" if is_whole else environ.get("ROLE_ENV_SIGN") or "≠"  # for terminals that show ≠ two columns wide
    return "\n".join((name, sign, end, _renewal_moment(state, environ), text, warning, ""))


def _renewal_moment(state: ShellState, environ: "Mapping[str, str]") -> str:
    """Return when the session is due for renewal (epoch seconds), empty if that is not known."""
    issued = issue_time(environ)
    if not 0 < issued < state.expiration:
        return ""
    return str(int(state.expiration - renewal_window(state.expiration - issued)))


def _styles(state: ShellState, environ: "Mapping[str, str]") -> tuple[str, str]:
    """Return the SGR parameters of the text, in the profile's color, and of a warning, in reverse video."""
    if environ.get("NO_COLOR") or environ.get("TERM", "dumb") == "dumb":
        return "", ""
    from role_env.ui.colors import COLORS

    code = COLORS.get(state.request.get("color", ""), "")
    return f"1;{code or table.YELLOW}", f"1;7;{code or table.RED}"


def _document(state: ShellState) -> dict[str, object]:
    from role_env.credentials import format_utc  # only for JSON

    return {
        "profile": state.profile,
        "role_arn": state.role_arn or None,
        "account_id": state.account_id or None,
        "expiration": None if state.is_served else format_utc(state.expiration),
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
    if state.policy_name != READ_ONLY:
        return ""
    from role_env.sessions.shell_request import request_of_shell  # only for a read-only session

    request = request_of_shell(environ)
    return f"read-only by {request.why_read_only}" if request else ""


def _whose(state: ShellState) -> str:
    account = f"account {state.account_id}" if state.account_id else "no role"
    role = f"role {state.role_arn.name} of {state.role_arn.account}" if state.role_arn else account
    return f"{_name(state)}  {role}"


def _name(state: ShellState) -> str:
    narrowed = {"": "", READ_ONLY: " (read-only)"}.get(state.policy_name, " (narrowed)")
    return f"{state.profile}{narrowed}" if state.profile else ""


def find_faults(environ: "Mapping[str, str]", *, asks_who: bool = True) -> list[RoleEnvError]:
    """Return why the shell has no valid session, the gravest reason first; none if it has one.

    With `asks_who`, the hint about another key names the command that shows whose it is.
    """
    state, half_keys = ShellState(environ), incomplete_keys(environ)
    completing = "set both, or neither; " if half_keys else ""
    if state.has_no_account:
        from role_env.environ import tools  # only for an invalid session

        return [RoleEnvError(tools.no_account(environ), hint=completing + RESTORE)]
    if not state.has_session_variables:
        what = "; ".join(filter(None, ("this shell has no session", half_keys)))
        begin = "begin one with: `role-env use PROFILE`; `role-env list` has the names"
        return [RoleEnvError(what, hint=completing + begin)]
    if unreadable := state.unreadable():
        what = f"the variables of the session are invalid: {', '.join(unreadable)}"
        return [RoleEnvError(what, hint=RESTORE)]
    if state.is_valid():
        return []
    from role_env.sessions.shell_request import line_to_switch_again

    again = f"switch again with: {line_to_switch_again(environ)}"
    who = "ask who: `role-env whoami`; or " if asks_who else ""
    found = [
        RoleEnvError(
            fault.of_all(names),
            hint=f"{who if fault is OTHER_KEY else ''}{again}",
        )
        for fault, names in state.faults().items()
    ]
    return found or [RoleEnvError("the session has expired", hint=again)]
