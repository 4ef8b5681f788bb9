"""Renew the session of a shell in place: the same file, profile, account, role, session name and policy, or nothing.

One place decides for every shell. Whatever cannot be renewed leaves the shell as it is.
"""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from role_env import validators
from role_env.context import Context
from role_env.credentials import Session
from role_env.dataclass import replace
from role_env.environ.session import ShellState
from role_env.errors import ProfileError, RefusedError, UnreachableError, UsageError
from role_env.fingerprint import read_file
from role_env.profiles.policies import READ_ONLY, Narrowing, compact
from role_env.sessions.chain import Chain
from role_env.sessions.flight import RENEWAL_SECONDS
from role_env.sessions.obtain import SessionRequest
from role_env.sessions.proof import Proof
from role_env.sessions.request import Request

# The options in ROLE_ENV_REQUEST besides the duration, with their checks.
_OPTIONS: dict[str, Callable[[str], Any]] = {
    "session_name": validators.session_name,
    "region": validators.region,
    "expect_account": validators.account_id,
}


class _ShellRequest(NamedTuple):
    """What ROLE_ENV_REQUEST says: the request, and the endpoint and session name that it was made with."""

    request: Request
    endpoint: str
    session_name: str


def renew(context: Context) -> Session:
    """Return a new session for the shell whose exported variables are the context's.

    Raises ProfileError if there is no session, no proof or an invalid profile, RefusedError if it would be another
    session or STS refuses, and UnreachableError.
    """
    environ, state = context.environ, ShellState(context.environ)
    if not state.has_session or state.lost_account or state.is_served:
        raise ProfileError("this shell has no session that can be renewed", hint="begin one with: role-env use PROFILE")
    asked = _parse(environ.get("ROLE_ENV_REQUEST", ""), state.profile)
    if state.remaining() > 0:
        context = context.with_deadline(context.deadline.soonest(RENEWAL_SECONDS))
    # Without this the hint would be to give another --config. Path.exists raises where a folder cannot be searched.
    if not os.path.exists(asked.request.config):  # noqa: PTH110
        raise ProfileError(
            f"the session of {state.profile} cannot be renewed: its profiles file {asked.request.config} is not found",
            hint="restore the profiles file, or begin another session: role-env use PROFILE",
        )
    session_request = SessionRequest(asked.request, context)
    try:
        chain = session_request.resolve()
    except UsageError as error:  # an option that the profile no longer allows
        raise ProfileError(error.message, hint=error.hint) from None
    _check_same(chain, asked, state.role_arn, environ)
    proven = Proof(session_request.entry, asked.endpoint).load(context)
    # The chain's digest reads the key or token, which the proof allows.
    if proven is None or chain.target.endpoint != asked.endpoint or chain.digest(context) != proven:
        raise ProfileError(
            f"the session of {state.profile} cannot be renewed: nothing proves that it was requested here as it is now",
            hint=f"role-env use {state.profile}",
        )
    session = session_request.obtain_for(chain)
    check_same_session(session, account_id=environ.get("ROLE_ENV_ACCOUNT_ID", ""), role_arn=state.role_arn)
    if session.policy != environ.get("ROLE_ENV_POLICY", ""):
        raise _another(state.profile, "another session policy")
    if session.credentials.access_key_id == state.access_key_id and session.credentials.needs_renewal():
        raise UnreachableError(f"the session of {state.profile} could not be renewed", hint="try again")
    return session


def check_same_session(session: Session, *, account_id: str, role_arn: str) -> None:
    """Raise RefusedError unless `session` is of the account and role of the one that it renews."""
    if session.account_id != account_id:
        raise _another(session.profile, f"account {session.account_id}, not {account_id or 'the known one'}")
    if session.role_arn.lower() != role_arn.lower():
        raise _another(session.profile, f"role {session.role_arn or '(none)'}, not {role_arn or '(none)'}")


def _check_same(chain: Chain, asked: _ShellRequest, role_arn: str, environ: Mapping[str, str]) -> None:
    """Raise RefusedError if the profile stands for another role by now; give it the session's own session name."""
    name = chain.target.name
    if not chain.role_arn.is_same_role(role_arn):
        raise _another(name, f"role {chain.role_arn or '(none)'}, not {role_arn or '(none)'}")
    account = environ.get("ROLE_ENV_ACCOUNT_ID", "")
    if chain.role_arn and chain.role_arn.account != account:
        raise _another(name, f"account {chain.role_arn.account}, not {account or 'the known one'}")
    if chain.target.role_arn:
        chain.replace(chain.target, replace(chain.target, role_session_name=asked.session_name))
    if chain.session_name != asked.session_name:
        raise _another(name, "another session name")


def _parse(text: str, profile: str) -> _ShellRequest:
    """Parse ROLE_ENV_REQUEST. Raises ProfileError for anything that role-env did not write."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found = json.loads(text)
        options = dict(found["options"])
        duration = options.pop("duration", None)
        policy, file = str(options.pop("policy", "")), str(options.pop("policy_file", ""))
        texts = {name: _OPTIONS[name](value) for name, value in options.items()}
        path, endpoint, name = found["config"], validators.host(found["sts_endpoint"]), found["session_name"]
        if name:
            validators.session_name(name)
        if found["profile"] == profile and Path(path).is_absolute() and isinstance(duration, int | None):
            narrowing = _narrowing(profile, policy, file)
            request = Request(profile, config=path, duration=duration, narrowing=narrowing, **texts)
            return _ShellRequest(request, endpoint, name)
    raise ProfileError(
        f"the session of {profile} cannot be renewed: the variable ROLE_ENV_REQUEST is missing or invalid",
        hint=f"role-env use {profile}",
    )


def _narrowing(profile: str, name: str, file: str) -> Narrowing:
    """Return how the session was narrowed. Raises RefusedError if its policy has changed or cannot be read again."""
    if name in ("", READ_ONLY):
        return Narrowing(is_read_only=name == READ_ONLY)
    try:
        content, _ = read_file(Path(file))  # does not wait for a pipe, which a prompt would do unasked
        narrowing = Narrowing(compact(content.decode("utf-8-sig")), file=file)
    except (OSError, ValueError):  # also for one from stdin, which has no file
        raise _another(profile, "a session policy that cannot be read again") from None
    if narrowing.name != name:
        raise _another(profile, "another session policy")
    return narrowing


def _another(profile: str, what: str) -> RefusedError:
    return RefusedError(
        f"the session of {profile} is not renewed: it would be of {what}; nothing has changed",
        hint=f"switch with: role-env use {profile}",
    )
