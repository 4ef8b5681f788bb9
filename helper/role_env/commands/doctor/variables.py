"""Check the variables of a session, and those that would take precedence over it."""

from collections.abc import Mapping

from role_env.commands.doctor.finding import FAIL, OK, WARN, Finding, Surroundings
from role_env.environ import tools
from role_env.environ.session import ShellState
from role_env.sessions import line_to_switch_again
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
    again = line_to_switch_again(at.environ)
    findings = []
    for fault, names in state.faults().items():
        fix = f"{'unset it, or ' if fault.may_unset else ''}switch again with: {again}"
        findings += [Finding("variables", FAIL, fault.of_one(name), fix) for name in names]
    if not state.is_served and not state.remaining():
        what = f"the session of {state.profile} has expired"
        fix = f"switch again with: {again}; or {hints.restore(at.environ)}"
        findings.append(Finding("variables", WARN, what, fix))
    return findings or [Finding("variables", OK, f"the session of {state.profile}, and nothing that outranks it")]


def _without_session(environ: Mapping[str, str]) -> Finding:
    if found := tools.conflicting_tool_keys(environ):
        names = ", ".join(dict.fromkeys(name for tool in found for name in tool.variables[:1]))
        fix = "unset those that you do not need; role-env whoami shows the identity of each"
        return Finding("variables", WARN, f"tools find different keys, in {names}", fix)
    return Finding("variables", OK, "no session, and nothing that disagrees")
