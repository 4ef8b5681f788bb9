"""Check the variables of a session, and those that would take precedence over it."""

import contextlib
from collections.abc import Mapping

from role_env import variables
from role_env.aliyun import entries as cli_profiles
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.location import config_path
from role_env.doctor.finding import FAIL, OK, WARN, Finding, Surroundings
from role_env.environ import tools
from role_env.environ.session import NO_ACCOUNT, OFF_HINT, ShellState
from role_env.errors import ProfileError
from role_env.fingerprint import read_file


def check(at: Surroundings) -> list[Finding]:
    """Check the session in the variables, and what is set beside it or instead of it."""
    state = ShellState(at.environ)
    if state.lost_account:
        return [Finding("variables", WARN, NO_ACCOUNT, OFF_HINT)]
    if not state.is_begun:
        return [_without_session(at.environ)]
    again = f"unset it, or take the session again: source <(role-env {state.profile or 'PROFILE'})"
    if unreadable := state.unreadable():
        return [
            Finding("variables", FAIL, f"these variables of a session are invalid: {', '.join(unreadable)}", OFF_HINT)
        ]
    if not state.remaining():
        what = f"the session of {state.profile} has expired"
        return [Finding("variables", WARN, what, f"role-env use {state.profile}, or: {OFF_HINT}")]
    stale = [f"{name} is not the session's, and some tools read it first" for name in state.strangers()]
    by_setup = _names_us(at, state.profile)
    allowed = (variables.CLI_PROFILE,) if by_setup else ()
    outranking = [name for name in variables.OUTRANKING if at.environ.get(name) and name not in allowed]
    stale += [f"{name} is set, and outranks or changes the session" for name in outranking]
    findings = [Finding("variables", FAIL, what, again) for what in stale]
    missing = [name for name in variables.IGNORE_PROFILE if at.environ.get(name) != "TRUE"]
    if missing and not by_setup:
        what = f"{' and '.join(missing)} not TRUE: the aliyun CLI acts as its configured user"
        findings.append(Finding("variables", FAIL, what, f"take the session again: source <(role-env {state.profile})"))
    return findings or [Finding("variables", OK, f"the session of {state.profile}, and nothing that outranks it")]


def _without_session(environ: Mapping[str, str]) -> Finding:
    if found := tools.conflicting_tool_keys(environ):
        names = ", ".join(dict.fromkeys(name for tool in found for name in tool.variables[:1]))
        fix = "unset those that you do not need; role-env whoami shows who each is"
        return Finding("variables", WARN, f"tools find different keys, in {names}", fix)
    return Finding("variables", OK, "no session, and nothing that disagrees")


def _names_us(at: Surroundings, profile: str) -> bool:
    """Whether ALIBABA_CLOUD_PROFILE names the session's profile as `role-env setup aliyun-cli` has written it."""
    if at.environ.get(variables.CLI_PROFILE) != profile:
        return False
    with contextlib.suppress(OSError, ProfileError):
        return cli_profiles.profiles_file_of(_cli_file(at).entries.get(profile, {})) is not None
    return False


def _cli_file(at: Surroundings) -> ConfigFile:
    """Return the CLI's file. Raises OSError, ProfileError."""
    path = config_path(at.environ.get("HOME", ""))
    content, _ = read_file(path)
    return ConfigFile(path, content)
