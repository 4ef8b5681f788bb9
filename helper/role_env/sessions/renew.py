"""Renew a session: the same account, role, session name and policy, or nothing.

One place decides for every shell and for `exec --renew`. Whatever cannot be renewed stays as it is. A shell asks for
what its variables say, which can be planted: it needs a proof, too, that the same file, profile and options were
requested here.
"""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from role_env import validators
from role_env.context import Context
from role_env.credentials import RoleArn, Session
from role_env.dataclass import dataclass, replace
from role_env.environ.session import ShellState
from role_env.errors import ProfileError, RefusedError, UnreachableError, UsageError
from role_env.fingerprint import read_file
from role_env.keyrings import backends
from role_env.keyrings.faults import KeyringFault
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


@dataclass(frozen=True)
class _Kept:
    """What a renewal keeps of a session. `policy` is its name in ROLE_ENV_POLICY, `policy_digest` of what was sent."""

    profile: str
    account_id: str
    role_arn: RoleArn
    session_name: str
    policy: str
    policy_digest: str

    def bind(self, chain: Chain) -> None:
        """Give `chain` the session's own session name. Raises RefusedError if it stands for another session by now."""
        self._check_role(chain.role_arn)
        if chain.role_arn:
            self._check_account(chain.role_arn.account)
        if chain.target.role_arn:
            chain.replace(chain.target, replace(chain.target, role_session_name=self.session_name))
        if chain.session_name != self.session_name:
            raise self._another("another session name")
        if (chain.policy_name, chain.policy_digest) != (self.policy, self.policy_digest):
            raise self._another("another session policy")

    def check(self, session: Session) -> None:
        """Raise RefusedError if `session` is another one: what a program passes through is known only now."""
        self._check_role(session.role_arn)
        self._check_account(session.account_id)
        if session.policy != self.policy:
            raise self._another("another session policy")

    def _check_role(self, role_arn: str) -> None:
        if not self.role_arn.is_same_role(role_arn):
            raise self._another(f"role {role_arn or '(none)'}, not {self.role_arn or '(none)'}")

    def _check_account(self, account_id: str) -> None:
        if account_id != self.account_id:
            raise self._another(f"account {account_id}, not {self.account_id or 'the known one'}")

    def _another(self, what: str) -> RefusedError:
        return _another(self.profile, what)


@dataclass(frozen=True)
class _ShellRequest:
    """What ROLE_ENV_REQUEST says: the request, and what it was made with besides."""

    request: Request
    endpoint: str
    session_name: str
    policy_digest: str


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
    account_id = environ.get("ROLE_ENV_ACCOUNT_ID", "")
    kept = _Kept(state.profile, account_id, state.role_arn, asked.session_name, state.policy, asked.policy_digest)
    session = _renew(kept, asked.request, context, endpoint=asked.endpoint)
    if session.credentials.access_key_id == state.access_key_id and session.credentials.needs_renewal():
        raise UnreachableError(
            f"the session of {state.profile} could not be renewed: its source gives the same one again",
            hint="try again",
        )
    return session


def renew_as_requested(first: Session, request: Request, context: Context) -> Session:
    """Return a session that renews `first`, which `request` gave to this process itself: it needs no proof.

    Raises RefusedError if it would be another session, and any other RoleEnvError.
    """
    made = json.loads(first.request)
    kept = _Kept(
        first.profile,
        first.account_id,
        RoleArn(first.role_arn),
        made["session_name"],
        first.policy,
        made["policy_digest"],
    )
    return _renew(kept, request, context)


def _renew(kept: _Kept, request: Request, context: Context, *, endpoint: str = "") -> Session:
    """Return the session of `request` if that renews `kept`. With `endpoint`, a proof of it is needed."""
    session_request = SessionRequest(request, context)
    try:
        chain = session_request.resolve()
    except UsageError as error:  # an option that the profile no longer allows
        raise ProfileError(error.message, hint=error.hint) from None
    kept.bind(chain)
    if endpoint:
        _check_proof(chain, Proof(session_request.entry, endpoint), endpoint, context)
    try:
        session = session_request.renew(chain)
    except UnreachableError as error:
        why = error.message.removeprefix(f"profile {kept.profile}: ")
        raise UnreachableError(f"the session of {kept.profile} could not be renewed: {why}", hint=error.hint) from None
    kept.check(session)
    return session


def _check_proof(chain: Chain, proof: Proof, endpoint: str, context: Context) -> None:
    """Raise ProfileError unless `proof` says that what `chain` is was requested here, at `endpoint`."""
    proven = proof.load(context)
    if proven is None and context.is_unattended and backends.is_set(context.environ):
        raise ProfileError(
            f"the session of {chain.target.name} is not renewed unasked: {KeyringFault.CONFIGURED.value}",
            hint="type: role-env renew",
        )
    # The chain's digest reads the key or token, which the proof allows.
    if proven is None or chain.target.endpoint != endpoint or chain.digest(context) != proven:
        name = chain.target.name
        raise ProfileError(
            f"the session of {name} cannot be renewed: nothing proves that it was requested here as it is now",
            hint=f"role-env use {name}",
        )


def _parse(text: str, profile: str) -> _ShellRequest:
    """Parse ROLE_ENV_REQUEST. Raises ProfileError for anything that role-env did not write."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found = json.loads(text)
        options = dict(found["options"])
        duration = options.pop("duration", None)
        policy, file = str(options.pop("policy", "")), str(options.pop("policy_file", ""))
        texts = {name: _OPTIONS[name](value) for name, value in options.items()}
        path, endpoint, name = found["config"], validators.host(found["sts_endpoint"]), found["session_name"]
        digest = str(found["policy_digest"])
        if name:
            validators.session_name(name)
        if found["profile"] == profile and Path(path).is_absolute() and isinstance(duration, int | None):
            narrowing = _narrowing(profile, policy, file)
            request = Request(profile, config=path, duration=duration, narrowing=narrowing, **texts)
            return _ShellRequest(request, endpoint, name, digest)
    raise ProfileError(
        f"the session of {profile} cannot be renewed: the variable ROLE_ENV_REQUEST is missing or invalid",
        hint=f"role-env use {profile}",
    )


def _narrowing(profile: str, name: str, file: str) -> Narrowing:
    """Return how the session was narrowed. Raises RefusedError if its policy has changed or cannot be read again."""
    if name in ("", READ_ONLY):
        return Narrowing(is_read_only=name == READ_ONLY, is_full_allowed=True)
    try:
        content, _ = read_file(Path(file))  # does not wait for a pipe, which a prompt would do unasked
        narrowing = Narrowing(compact(content.decode("utf-8-sig")), file=file, is_full_allowed=True)
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
