"""Check the variables of a session, and those that would take precedence over it."""

from collections.abc import Mapping

from role_env.doctor.finding import FAIL, OK, WARN, Finding, Surroundings
from role_env.environ import tools
from role_env.environ.session import OFF_HINT, ShellState


def check(at: Surroundings) -> list[Finding]:
    """Check the session in the variables, and what is set beside it or instead of it."""
    state = ShellState(at.environ)
    if state.lost_account:
        return [Finding("variables", WARN, tools.no_account(at.environ), OFF_HINT)]
    if not state.has_session_variables:
        return [_without_session(at.environ)]
    if unreadable := state.unreadable():
        what = f"these variables of a session are invalid: {', '.join(unreadable)}"
        return [Finding("variables", FAIL, what, OFF_HINT)]
    if not state.is_served and not state.remaining():
        what = f"the session of {state.profile} has expired"
        return [Finding("variables", WARN, what, f"role-env use {state.profile}, or: {OFF_HINT}")]
    stale = [f"{name} is not the session's, and some tools read it first" for name in state.mismatched_key_ids()]
    stale += [f"{name} is set and outranks or changes the session" for name in state.outranking()]
    stale += [f"{name} no longer has the session's value: some tools find another account" for name in state.missing()]
    fix = f"unset it, or take the session again: source <(role-env {state.profile})"
    findings = [Finding("variables", FAIL, what, fix) for what in stale]
    return findings or [Finding("variables", OK, f"the session of {state.profile}, and nothing that outranks it")]


def _without_session(environ: Mapping[str, str]) -> Finding:
    if found := tools.conflicting_tool_keys(environ):
        names = ", ".join(dict.fromkeys(name for tool in found for name in tool.variables[:1]))
        fix = "unset those that you do not need; role-env whoami shows who each is"
        return Finding("variables", WARN, f"tools find different keys, in {names}", fix)
    return Finding("variables", OK, "no session, and nothing that disagrees")
