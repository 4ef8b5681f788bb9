"""Request a session again, with the same account, role, session name and policy, or refuse.

This serves `renew` and `use -` of every shell, and `exec --renew`. A session that cannot be renewed stays as it is.
"""

import os

from role_env.agents import agent_of
from role_env.context import Context
from role_env.credentials import Session
from role_env.dataclass import dataclass
from role_env.environ.session import ShellState
from role_env.errors import ProfileError, RefusedError, RoleEnvError, UnreachableError, UsageError, WiderError
from role_env.files.dependencies import read_file
from role_env.profiles import file as profiles
from role_env.profiles.policies import compact
from role_env.sessions import Narrowing, Request
from role_env.sessions.chain import Chain
from role_env.sessions.obtain import RENEWAL_SECONDS, use_or_request
from role_env.sessions.resolve import decide_agent, resolve_request
from role_env.sessions.shell_request import ShellRequest, request_of_shell, session_for
from role_env.sessions.store import Cache
from role_env.variables import READ_ONLY, request_words

_RENEWED, _REQUESTED_AGAIN = "renewed", "requested again"


@dataclass(frozen=True)
class _Wanted:
    """The session that `asked` returned, and how it is requested again. `hint` goes into the errors.

    With `is_full_allowed` the narrowing by the profile's key `agents` may be gone.
    """

    asked: ShellRequest
    hint: str
    done: str = _RENEWED
    is_full_allowed: bool = False

    def bind(self, chain: Chain, request: Request) -> Chain:
        """Return `chain` with the session's own name. Raises RefusedError if it would now give another session.

        Where the profile's key `agents` decides otherwise than before, for another agent or by `--full`, it also
        decides about the name and the policy.
        """
        known = self.asked.role_arn
        if known.lower() != chain.role_arn.lower():  # STS ignores the case of role names
            raise self.another(f"role {chain.role_arn or '(none)'}, not {known or '(none)'}")
        was_by_key, is_by_key = bool(self.asked.option("agents")), bool(chain.agents_policy)
        is_decided_anew = is_by_key if not was_by_key else self.is_full_allowed
        if is_decided_anew or request.agent != self.asked.option("agent"):
            return chain
        if chain.target.role_arn:
            chain = chain.with_target(role_session_name=self.asked.session_name)
        if (chain.policy_name, chain.policy_digest) != (self.asked.policy_name, self.asked.policy_digest):
            raise self.another("another session policy")
        return chain

    def another(self, what: str) -> RefusedError:
        """Return the error for a session of a different `what`, such as another role."""
        message = f"the session of {self.asked.profile} is not {self.done}: it would be of {what}"
        return RefusedError(message, hint=self.hint)

    def failed(self, error: UnreachableError) -> UnreachableError:
        why = error.message.removeprefix(f"profile {self.asked.profile}: ")
        message = f"the session of {self.asked.profile} could not be {self.done}: {why}"
        return UnreachableError(message, hint=error.hint)


def renew(context: Context) -> Session:
    """Return a new session for the shell that exported the context's variables.

    Raises ProfileError if there is no session or an invalid profile, RefusedError if it would be another session or STS
    refuses, and UnreachableError.
    """
    environ, state = context.environ, ShellState(context.environ)
    if not state.has_session or state.has_no_account or state.is_served:
        raise ProfileError(
            "this shell has no session that can be renewed", hint="begin one with: `role-env use PROFILE`"
        )
    asked = request_of_shell(environ)
    if asked is None:
        raise ProfileError(
            f"the session of {state.profile} cannot be renewed: the variable ROLE_ENV_REQUEST is missing, invalid or of"
            " another session",
            hint=f"type: `role-env use {state.profile}`",
        )
    wanted = _Wanted(asked, f"type: {asked.line(environ)}")
    if state.remaining() > 0:
        context = context.with_deadline(context.deadline.soonest(RENEWAL_SECONDS))
    try:
        request = _request(asked, _narrowing(wanted), asked.option("agent")).changed(is_renewal=True)
        session = _same_session(wanted, request, context)
    except WiderError:
        raise wanted.another("another session policy") from None
    except UsageError as error:  # the profile no longer allows an option
        raise ProfileError(error.message, hint=error.hint) from None
    if session.credentials.access_key_id == state.access_key_id and session.credentials.needs_renewal():
        raise wanted.failed(UnreachableError("its source gives the same one again", hint="try again"))
    return session


def request_again(asked: ShellRequest, context: Context, *, is_full_allowed: bool) -> Session:
    """Return the session of the request `asked`, which a shell had before and has lost or left.

    Its profile's key `agents` decides anew for whoever asks now, an agent or a person. Raises ProfileError for an
    invalid profile, WiderError for a session wider than the shell's (unless `is_full_allowed`), RefusedError if it
    would be another session, and any other RoleEnvError.
    """
    wanted = _Wanted(asked, f"type: {asked.line(context.environ)}", _REQUESTED_AGAIN, is_full_allowed)
    try:
        # The narrowing by the profile's key `agents` is not the option's.
        narrowing = Narrowing() if asked.option("agents") else _narrowing(wanted)
        narrowing.is_full_allowed = is_full_allowed
        return _same_session(wanted, _request(asked, narrowing, agent_of(context.environ)), context)
    except RoleEnvError as error:
        error.role_arn = asked.role_arn
        raise


def renew_as_requested(first: Session, request: Request, context: Context) -> Session:
    """Return a session that renews `first`, which this process requested by `request`.

    Raises RefusedError if it would be another session, and any other RoleEnvError.
    """
    asked, narrowing = ShellRequest(request_words(first)), request.narrowing
    if asked.option("agents"):  # the profile's key narrowed it, and no option of the request
        narrowing = Narrowing(is_read_only=True, agent=asked.option("agent"))
    renewal = request.changed(agent=asked.option("agent"), narrowing=narrowing, is_renewal=True)
    return _same_session(_Wanted(asked, f"`role-env use {first.profile}`"), renewal, context)


def _same_session(wanted: _Wanted, request: Request, context: Context) -> Session:
    """Return the session that `wanted` asks for, obtained by `request`. Raises RefusedError if it would be another."""
    if request.config and not os.path.exists(request.config):
        raise ProfileError(
            f"the session of {request.profile} cannot be {wanted.done}: there is no profiles file {request.config}",
            hint="restore the profiles file, or begin another session: `role-env use PROFILE`",
        )
    file = profiles.load(request.config, context.environ)
    cache = None if request.no_cache else Cache(context)
    request = decide_agent(request, file)
    chain = wanted.bind(resolve_request(request, file, context), request)
    try:
        cached = cache.load(request.entry(file.path)) if cache else None
        record = use_or_request(chain, request, cached, cache, context)
    except UnreachableError as error:
        raise wanted.failed(error) from None
    session = session_for(request, file.path, record, context.environ)
    known = wanted.asked.account_id
    if session.account_id != known:  # that of a passed-through session is known only now
        raise wanted.another(f"account {session.account_id}, not {known or 'the known one'}")
    if not chain.role_arn and record.session_name != wanted.asked.session_name:  # so is whose session it is
        raise wanted.another(f"{record.session_name}, not {wanted.asked.session_name or 'the known one'}")
    return session


def _request(asked: ShellRequest, narrowing: Narrowing, agent: str) -> Request:
    """Return the request `asked` again, with this narrowing and for this agent."""
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


def _narrowing(wanted: _Wanted) -> Narrowing:
    """Return the session's narrowing. Raises RefusedError if its policy has changed or cannot be read again."""
    asked = wanted.asked
    name, file = asked.option("policy"), asked.option("policy_file")
    is_full, agent = bool(asked.option("full")), asked.option("agent") if asked.option("agents") else ""
    if name in ("", READ_ONLY):
        return Narrowing(is_read_only=name == READ_ONLY, agent=agent, is_full_allowed=is_full)
    try:
        content, _ = read_file(file)  # does not wait for a pipe: a prompt must not wait
        narrowing = Narrowing(compact(content.decode("utf-8-sig")), file=file, is_full_allowed=is_full)
    except (OSError, ValueError):  # also for a policy from stdin, which has no file
        raise wanted.another("a session policy that cannot be read again") from None
    if narrowing.policy_name != name:
        raise wanted.another("another session policy")
    return narrowing
