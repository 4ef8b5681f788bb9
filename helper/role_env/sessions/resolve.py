"""Resolve a request into the chain of its profile, with the request's options. This asks no network."""

from collections.abc import Mapping

from role_env import variables
from role_env.context import Context
from role_env.errors import NamingRole, RefusedError, UsageError
from role_env.profiles.file import ProfilesFile
from role_env.profiles.profile import Profile
from role_env.sessions import Request
from role_env.sessions import chain as chains
from role_env.sessions.chain import Chain
from role_env.sessions.narrow import name_for_agent, narrow, narrowing_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def decide_agent(request: Request, file: ProfilesFile) -> Request:
    """Return an agent's `request` as a person's, unless the requested profile has the key `agents`.

    A renewal is made for whom the session was made.
    """
    is_agents = request.is_renewal or file.has_key(request.profile, "agents")
    return request if is_agents or not request.agent else request.changed(agent="")


def resolve_request(request: Request, file: ProfilesFile, context: Context) -> Chain:
    """Return the chain of the request's profile in `file` with the request's options, checked.

    Raises ProfileError, UsageError, RefusedError; the error names the requested role if that is known.
    """
    with NamingRole(file.role_arn(request.profile)):
        chain = chains.resolve(file, request.profile)
        narrowing = narrowing_of(request, chain.target)
        chain = chain.with_target(**_options(chain.target, request))
        chain = name_for_agent(chain, request.agent)
    with NamingRole(chain.role_arn):
        chains.check_loop(chain, context.environ)
        _check_accounts(chain, request.expect_account)
        chain = narrow(chain, narrowing, context.environ)
        chains.check_gives_session(chain, file)
        _check_carried(chain.target, request)
    if chain.why_read_only:
        context.messages.decided(f"the session of {chain.target.name} is read-only by {chain.why_read_only}")
    return chain


def is_chain_decisive(environ: Mapping[str, str]) -> bool:
    """Return whether the chain decides even about a session that nothing has changed for.

    A process must not request a profile of its own chain, or a wider session.
    """
    return bool(environ.get(variables.CHAIN) or environ.get(variables.POLICY))


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
    """Raise UsageError for an option that no request can carry, since the target assumes no role, or by its source."""
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
    if request.session_name and target.source and "role_session_name" in target.source.not_carried:
        raise UsageError(
            f"--session-name cannot be used with {target.name}, whose session is named by its {target.source_kind}"
            f" source ({target.where})",
            hint="leave out --session-name",
        )


def _check_accounts(chain: Chain, expect_account: str) -> None:
    """Raise RefusedError if a role of the chain is of another account than the profiles or the option expect."""
    target = chain.target
    if expect_account:  # the account of a source is known only when it is asked
        check_account(target, target.role_arn.account or target.expected_account_id, expect_account)
    for profile in chain.profiles:
        if profile.role_arn and profile.expected_account_id:
            check_account(profile, profile.role_arn.account, profile.expected_account_id)


def check_account(profile: Profile, account: str, expected: str) -> None:
    """Raise RefusedError if `account` is not the `expected` one of the profile `profile`."""
    if account != expected:
        raise RefusedError(
            f"profile {profile.name} is of account {account}, not of {expected} ({profile.where})",
            hint="check the role and expected_account_id, or --expect-account; nothing was exported",
        )
