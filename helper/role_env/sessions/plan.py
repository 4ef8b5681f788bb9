"""Plan a request without making it: the chain with the request's options, and the verdict on the cached session.

`explain` shows a plan, `list` a part of each, and `obtain` and `renew` follow one. Nothing here asks the network.
"""

import contextlib
from collections.abc import Iterator, Mapping

from role_env import variables
from role_env.context import Context
from role_env.errors import KeyringError, ProfileError, RoleEnvError, UsageError
from role_env.profiles.file import ProfilesFile
from role_env.profiles.profile import Profile
from role_env.sessions import MISS, USE, Record, Request, Verdict, judge
from role_env.sessions import chain as chains
from role_env.sessions.chain import Chain
from role_env.sessions.narrow import name_for_agent, narrow, narrowing_of
from role_env.sessions.passthrough import check_account

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def decide_agent(request: Request, file: ProfilesFile) -> Request:
    """Return an agent's `request` as a person's, unless the requested profile has the key `agents`.

    A renewal is made for whom the session was made.
    """
    is_agents = request.is_renewal or file.has_key(request.profile, "agents")
    return request if is_agents or not request.agent else request.for_person()


def chain_of(request: Request, file: ProfilesFile, context: Context) -> Chain:
    """Return the chain of the request's profile in `file` with the request's options, checked.

    Raises ProfileError, UsageError, RefusedError; the error names the requested role if that is known.
    """
    with naming_role(file.role_arn(request.profile)):
        chain = chains.resolve(file, request.profile)
        narrowing = narrowing_of(request, chain.target)
        chain = chain.with_target(**_options(chain.target, request))
        chain = name_for_agent(chain, request.agent)
    with naming_role(chain.role_arn):
        chains.check_loop(chain, context.environ)
        _check_accounts(chain, request.expect_account)
        chain = narrow(chain, narrowing, context.environ)
        chains.check_gives_session(chain, file)
        _check_carried(chain.target, request)
    if chain.why_read_only:
        context.messages.decided(f"the session of {chain.target.name} is read-only by {chain.why_read_only}")
    return chain


@contextlib.contextmanager
def naming_role(role_arn: str) -> Iterator[None]:
    """Name the requested role, `role_arn`, in an error that names none."""
    try:
        yield
    except RoleEnvError as error:
        error.role_arn = error.role_arn or role_arn
        raise


def is_chain_decisive(environ: Mapping[str, str]) -> bool:
    """Return whether the chain decides even about a session that nothing has changed for.

    A process must not request a profile of its own chain, or a wider session.
    """
    return bool(environ.get(variables.CHAIN) or environ.get(variables.POLICY))


def full_verdict(record: Record | None, request: Request, chain: Chain, context: Context) -> Verdict:
    """Return the verdict on `record` as `obtain` reaches it: by files and variables, and else by the chain's digest."""
    if not chain.is_cacheable:
        return Verdict(MISS, f"a session of a {chain.source.kind} is requested each time")
    path, environ = chain.target.path, context.environ
    verdict = judge(record, request, path, environ)
    if verdict.action == USE:
        return verdict
    try:
        return judge(record, request, path, environ, chain_digest=chain.digest(context))
    except (ProfileError, KeyringError) as error:  # its source has no key
        return Verdict(MISS, error.message)


def would_use(record: Record, request: Request, file: ProfilesFile, context: Context) -> bool:
    """Return whether `obtain` would use `record`; the file's chain is resolved only where that decides."""
    try:
        chain = chain_of(request, file, context) if is_chain_decisive(context.environ) else None
        if judge(record, request, file.path, context.environ).action == USE:
            return True
        chain = chain or chain_of(request, file, context)
        return full_verdict(record, request, chain, context).action == USE
    except RoleEnvError:
        return False


def _options(target: Profile, request: Request) -> "dict[str, Any]":
    """Return the fields of `target` that the options of `request` change. Raises UsageError."""
    if not target.role_arn:
        return {"expected_account_id": target.expected_account_id or request.expect_account}
    changed: dict[str, Any] = {}
    if request.session_name:
        changed |= {"role_session_name": request.session_name, "has_default_session_name": False}
    if request.duration is not None:
        target.check_duration(request.duration)
        changed["duration_seconds"] = request.duration
    seconds = changed.get("duration_seconds", target.duration_seconds)
    if request.min_ttl >= seconds:
        raise UsageError(
            f"--min-ttl {request.min_ttl} must be below the session's duration of {seconds} seconds",
            hint="give a smaller --min-ttl or a longer --duration",
        )
    return changed


def _check_carried(target: Profile, request: Request) -> None:
    """Raise UsageError for an option that no request can carry, since the target assumes no role."""
    for option, is_given in (
        ("--session-name", request.session_name),
        ("--duration", request.duration is not None),
    ):
        if is_given and not target.role_arn:
            raise UsageError(
                f"{option} cannot be used with {target.name}, which assumes no role: its session comes from"
                f" {target.source_kind} as it is ({target.where})",
                hint=f"leave out {option}",
            )


def _check_accounts(chain: Chain, expect_account: str) -> None:
    target = chain.target
    if expect_account:  # the account of a source is known only when it is asked
        check_account(target, target.role_arn.account or target.expected_account_id, expect_account)
    for profile in chain.profiles:
        if profile.role_arn and profile.expected_account_id:
            check_account(profile, profile.role_arn.account, profile.expected_account_id)
