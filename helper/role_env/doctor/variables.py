"""Check the variables of a session, and those that would take precedence over it."""

from collections.abc import Mapping

from role_env.doctor.finding import FAIL, OK, WARN, Finding, Surroundings
from role_env.environ import request as requests
from role_env.environ import tools
from role_env.environ.session import Fault, ShellState
from role_env.shells import hints


def check(at: Surroundings) -> list[Finding]:
    """Check the session in the variables, and the variables set beside it or instead of it."""
    state = ShellState(at.environ)
    if state.lost_account:
        return [Finding("variables", WARN, tools.no_account(at.environ), hints.restore(at.environ))]
    if not state.has_session_variables:
        return [_without_session(at.environ)]
    if unreadable := state.unreadable():
        what = f"these variables of a session are invalid: {', '.join(unreadable)}"
        return [Finding("variables", FAIL, what, hints.restore(at.environ))]
    again = requests.switch_again(at.environ)
    if not state.is_served and not state.remaining():
        what = f"the session of {state.profile} has expired"
        return [Finding("variables", WARN, what, f"switch again with: {again}; or {hints.restore(at.environ)}")]
    findings = [_finding(fault, name, again) for fault, names in state.faults().items() for name in names]
    return findings or [Finding("variables", OK, f"the session of {state.profile}, and nothing that outranks it")]


def _finding(fault: str, name: str, again: str) -> Finding:
    """Return the finding for a fault of the session with the variable `name`; `again` switches to it again."""
    what = {
        Fault.OTHER_KEY: f"{name} is not the session's, and some tools read it first",
        Fault.MIXED: f"{name} is of another session than the keys: the variables of two sessions are mixed",
        Fault.OUTRANKED: f"{name} is set and outranks or changes the session",
        Fault.NOT_SERVED: name,
        Fault.OLDER: "an older version of role-env has set this session",
        Fault.CHANGED: f"{name} no longer has the session's value: some tools find another account",
    }[fault]
    may_unset = "unset it, or " if fault in (Fault.OTHER_KEY, Fault.OUTRANKED) else ""
    return Finding("variables", FAIL, what, f"{may_unset}switch again with: {again}")


def _without_session(environ: Mapping[str, str]) -> Finding:
    if found := tools.conflicting_tool_keys(environ):
        names = ", ".join(dict.fromkeys(name for tool in found for name in tool.variables[:1]))
        fix = "unset those that you do not need; role-env whoami shows the identity of each"
        return Finding("variables", WARN, f"tools find different keys, in {names}", fix)
    return Finding("variables", OK, "no session, and nothing that disagrees")
