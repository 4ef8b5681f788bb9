"""Check the shell: its integration, the session in its variables, and what tools prefer to that."""

from collections.abc import Mapping
from pathlib import Path

from role_env import __version__
from role_env.cli import Invocation
from role_env.command_table import INTEGRATED_SHELLS, SHELLS
from role_env.commands.doctor.finding import FAIL, OK, WARN, Finding
from role_env.commands.status import find_faults
from role_env.context import Context, timeout_of
from role_env.environ import tools
from role_env.environ.session import ShellState
from role_env.errors import printable
from role_env.shells import parent


def check_variables(_invocation: Invocation, context: Context) -> list[Finding]:
    """Check the session in the variables, and the variables set beside it or instead of it."""
    timeout_of(context.environ)
    state = ShellState(context.environ)
    if not state.has_no_account and not state.has_session_variables:
        return [_without_session(context.environ)]
    is_spoilt = not state.has_no_account and (state.unreadable() or state.faults())
    faults = find_faults(context.environ)
    if not faults:
        return [Finding("variables", OK, f"the session of {state.profile}, and nothing that outranks it")]
    return [Finding("variables", FAIL if is_spoilt else WARN, fault.message, fault.hint) for fault in faults]


def _without_session(environ: Mapping[str, str]) -> Finding:
    if found := tools.conflicting_tool_keys(environ):
        names = ", ".join(dict.fromkeys(name for tool in found for name in tool.variables[:1]))
        fix = "unset those that you do not need; `role-env whoami` shows the identity of each"
        return Finding("variables", WARN, f"tools find different keys, in {names}", fix)
    return Finding("variables", OK, "no session, and nothing that disagrees")


# -- the integration --


def check_integration(_invocation: Invocation, context: Context) -> list[Finding]:
    """Check that the shell has this version's integration, and that its bash can read from `source <(…)`."""
    shell, program = _shell(context.environ)
    if shell not in INTEGRATED_SHELLS:
        return [Finding("shell integration", OK, f"there is none for {shell or 'this shell'}, and none is needed")]
    findings = [_integration_finding(shell, context.environ)]
    if shell == "bash" and (old := parent.old_bash_version(program)):
        fix = 'type eval "$(role-env PROFILE || echo false)" instead, or install a newer bash'
        what = f"bash {old} reads nothing from source <(…), and says nothing"
        findings.append(Finding("shell integration", WARN, what, fix))
    return findings


def _shell(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the name of the calling shell, else of the login shell, and the program to ask for its version."""
    login = environ.get("SHELL", "")
    name, asking = Path(login).name, parent.parent_name()
    return (asking, asking) if asking in INTEGRATED_SHELLS and asking != name else (name, login)


def _integration_finding(shell: str, environ: Mapping[str, str]) -> Finding:
    name = "shell integration"
    version = printable(environ.get("ROLE_ENV_INIT", ""))[:40]
    if version == __version__:
        return Finding(name, OK, f"loaded in this {shell}, version {version}")
    if version:
        what = f"this {shell} has loaded version {version}, and the command is version {__version__}"
        return Finding(name, WARN, what, f"start a new {shell}; if it loads a stored file, write that again first")
    what = f"this {shell} has not loaded it: no role-env use, role-env off or prompt"
    fix = f"type {SHELLS[shell].load}; to have it in each new {shell}, put that line into {SHELLS[shell].rc_file}"
    return Finding(name, WARN, what, fix)
