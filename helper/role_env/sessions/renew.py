"""Request a session again, with the same account, role, session name and policy, or refuse.

This serves `renew` and `use -` of every shell, and `exec --renew`. A session that cannot be renewed stays as it is. A
shell's request comes from its variables, which can be planted, so it also requires a proof that the same file, profile
and options were requested here, and that this session was issued for them. `renew` also requires the session's token,
so only a shell that has a session can renew it.
"""

import contextlib
import json
import os

from role_env.context import Context
from role_env.credentials import RoleArn, Session
from role_env.dataclass import replace
from role_env.environ import request as requests
from role_env.environ.request import ShellRequest
from role_env.environ.session import ShellState
from role_env.errors import ProfileError, RefusedError, RoleEnvError, UnreachableError, UsageError, WiderError
from role_env.fingerprint import read_file
from role_env.keyrings import backends
from role_env.keyrings.faults import KeyringFault
from role_env.profiles.policies import Narrowing, compact
from role_env.sessions import Request
from role_env.sessions.chain import Chain
from role_env.sessions.flight import RENEWAL_SECONDS
from role_env.sessions.kept import REQUESTED_AGAIN, KeptSession
from role_env.sessions.obtain import SessionRequest
from role_env.sessions.proof import Proof
from role_env.sessions.record import digest_of_token
from role_env.shells import export as exporters
from role_env.variables import READ_ONLY, REQUEST


def renew(context: Context) -> Session:
    """Return a new session for the shell that exported the context's variables.

    Raises ProfileError if there is no session, no proof or an invalid profile, RefusedError if it would be another
    session or STS refuses, and UnreachableError.
    """
    environ, state = context.environ, ShellState(context.environ)
    if not state.has_session or state.lost_account or state.is_served:
        raise ProfileError("this shell has no session that can be renewed", hint="begin one with: role-env use PROFILE")
    asked, hint = requests.of_shell(environ), f"role-env use {state.profile}"
    if asked is None:
        raise ProfileError(
            f"the session of {state.profile} cannot be renewed: the variable ROLE_ENV_REQUEST is missing, invalid or of"
            " another session",
            hint=hint,
        )
    kept = KeptSession.of(asked, hint)
    if asked.token_digest not in map(digest_of_token, exporters.tokens_of_session(environ)):
        raise kept.impossible("no variable contains the token that was issued for it")
    if state.remaining() > 0:
        context = context.with_deadline(context.deadline.soonest(RENEWAL_SECONDS))
    try:
        session = _obtain(kept, *_prove(kept, asked, context), may_stay=False)
    except (UsageError, WiderError) as error:  # the profile no longer allows an option
        raise ProfileError(error.message, hint=error.hint) from None
    if session.credentials.access_key_id == state.access_key_id and session.credentials.needs_renewal():
        raise kept.failed(UnreachableError("its source gives the same one again", hint="try again"))
    return session


def request_again(asked: ShellRequest, context: Context, *, is_full_allowed: bool) -> Session:
    """Return the session of the request `asked`, which a shell had before and has lost or left.

    Its profile's key `agents` decides anew for whoever asks now, an agent or a person. Raises ProfileError without a
    proof or for an invalid profile, WiderError for a session wider than the shell's (unless `is_full_allowed`),
    RefusedError if it would be another session, and any other RoleEnvError.
    """
    kept = KeptSession.of(asked, f"type: {requests.line(asked, context.environ)}", REQUESTED_AGAIN)
    try:
        proven, chain = _prove(kept, asked, context)
        session_request = SessionRequest(_request(asked, _typed_narrowing(kept, asked, is_full_allowed), None), context)
        own_chain = session_request.resolve()
        if session_request.entry != proven.entry:  # the request is another user's
            kept, proven, chain = replace(kept, policy=own_chain.policy_name), session_request, own_chain
        return _obtain(kept, proven, chain, may_stay=True)
    except RoleEnvError as error:
        error.role_arn = asked.role_arn
        raise


def proven_endpoint(context: Context) -> str:
    """Return the STS endpoint of the request in the shell's variables, if a proof shows that it was made here.

    Raises ProfileError without a proof, since the endpoint may be planted.
    """
    asked = requests.parse(context.environ.get(REQUEST, ""))
    if asked:
        with contextlib.suppress(ProfileError, RefusedError, UsageError):
            _prove(KeptSession.of(asked, ""), asked, context)
            return asked.endpoint
    raise ProfileError(
        "nothing proves that the session in this shell was requested at the STS endpoint that ROLE_ENV_REQUEST names",
        hint=f"role-env use {asked.profile}" if asked else "role-env use PROFILE",
    )


def renew_as_requested(first: Session, request: Request, context: Context) -> Session:
    """Return a session that renews `first`. This process made `request` itself, so it needs no proof.

    Raises RefusedError if it would be another session, and any other RoleEnvError.
    """
    made = json.loads(first.request)
    kept = KeptSession(
        first.profile,
        first.account_id,
        RoleArn(first.role_arn),
        made["session_name"],
        first.policy,
        made["policy_digest"],
        f"role-env use {first.profile}",
    )
    session_request = SessionRequest(request, context)
    chain = kept.bind(session_request.resolve())
    return _obtain(kept, session_request, chain, may_stay=False)


def _prove(kept: KeptSession, asked: ShellRequest, context: Context) -> tuple[SessionRequest, Chain]:
    """Return the request `asked` and its chain, checked against `kept` and the proof.

    Raises ProfileError or RefusedError if they differ.
    """
    # Without this check the hint would ask for another --config. Path.exists raises for an unsearchable folder.
    if not os.path.exists(asked.config):  # noqa: PTH110
        raise kept.impossible(
            f"its profiles file {asked.config} is not found",
            hint="restore the profiles file, or begin another session: role-env use PROFILE",
        )
    narrowing = _narrowing(kept, asked)
    narrowing.is_full_allowed = True
    session_request = SessionRequest(_request(asked, narrowing, asked.option("agent")), context)
    chain = kept.bind(session_request.resolve())
    _check_proof(kept, chain, asked, Proof(session_request.entry, asked.endpoint), context)
    return session_request, chain


def _request(asked: ShellRequest, narrowing: Narrowing, agent: str | None) -> Request:
    """Return the request `asked` with `narrowing`, made by `agent`."""
    return Request(
        asked.profile,
        config=asked.config,
        duration=asked.duration,
        session_name=asked.option("session_name"),
        region=asked.option("region"),
        expect_account=asked.option("expect_account"),
        narrowing=narrowing,
        agent=agent,
    )


def _obtain(kept: KeptSession, session_request: SessionRequest, chain: Chain, *, may_stay: bool) -> Session:
    """Return the session of `chain`, the request's chain, if it matches `kept`."""
    try:
        session = session_request.obtain_for(chain, may_stay=may_stay)
    except UnreachableError as error:
        raise kept.failed(error) from None
    kept.check(session)
    return session


def _check_proof(kept: KeptSession, chain: Chain, asked: ShellRequest, proof: Proof, context: Context) -> None:
    """Raise ProfileError unless `proof` shows that `chain` was requested here and its session issued for `asked`."""
    proof.load(context)
    if not proof.chain and context.is_unattended and backends.is_set(context.environ):
        raise ProfileError(
            f"the session of {kept.profile} is not renewed unasked: {KeyringFault.CONFIGURED.text}",
            hint="type: role-env renew",
        )
    is_issued = bool(proof.chain) and proof.seal(asked) == asked.seal
    # The chain's digest reads the key or token, which is allowed only with a proof.
    if not is_issued or chain.target.endpoint != asked.endpoint or chain.digest(context) != proof.chain:
        raise kept.impossible("nothing proves that it was requested here as it is now")


def _typed_narrowing(kept: KeptSession, asked: ShellRequest, is_full_allowed: bool) -> Narrowing:
    """Return the narrowing by the options of `asked`; that by the profile's key `agents` is left out."""
    narrowing = Narrowing() if asked.option("agents") else _narrowing(kept, asked)
    narrowing.is_full_allowed = is_full_allowed
    return narrowing


def _narrowing(kept: KeptSession, asked: ShellRequest) -> Narrowing:
    """Return the session's narrowing. Raises RefusedError if its policy has changed or cannot be read again."""
    name, file = asked.option("policy"), asked.option("policy_file")
    if name in ("", READ_ONLY):
        return Narrowing(is_read_only=name == READ_ONLY, agent=asked.option("agent") if asked.option("agents") else "")
    try:
        content, _ = read_file(file)  # does not wait for a pipe: a prompt must not wait
        narrowing = Narrowing(compact(content.decode("utf-8-sig")), file=file)
    except (OSError, ValueError):  # also for a policy from stdin, which has no file
        raise kept.another("a session policy that cannot be read again") from None
    if narrowing.name != name:
        raise kept.another("another session policy")
    return narrowing
