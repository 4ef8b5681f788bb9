"""Narrow the session of a chain by a session policy, or to reading, as the options, the profile or an agent require."""

from collections.abc import Mapping

from role_env import variables
from role_env.dataclass import replace
from role_env.errors import ProfileError, RoleEnvError, UsageError, WiderError
from role_env.profiles.profile import Profile
from role_env.sessions import Narrowing, Request
from role_env.sessions.chain import Chain

_LONGEST_SESSION_NAME = 64
_NO_ROLE = "no role is assumed at the end of its chain, and only AssumeRole takes a policy"


def narrowing_of(request: Request, target: Profile) -> Narrowing:
    """Return the narrowing of the request or, for an agent, the one that the key `agents` of its profile asks for."""
    narrowing = request.narrowing
    is_narrowed = target.agents == variables.READ_ONLY and not narrowing.is_full_allowed and not target.read_only
    if request.agent and is_narrowed and not request.is_renewal and not narrowing.is_read_only:
        return Narrowing(narrowing.text, is_read_only=True, agent=request.agent)
    return narrowing


def name_for_agent(chain: Chain, agent: str) -> Chain:
    """Return `chain` with a session name that has the name of `agent`, where neither a file nor an option gives one.

    It is `<default>.<agent>`, with the default cut to fit STS's limit.
    """
    target = chain.target
    if not agent or not target.agents or not target.has_default_session_name:
        return chain
    default = target.role_session_name[: _LONGEST_SESSION_NAME - 1 - len(agent)]
    return chain.with_target(role_session_name=f"{default}.{agent}")


def narrow(chain: Chain, narrowing: Narrowing, environ: Mapping[str, str]) -> Chain:
    """Return `chain` with the policy of `narrowing`, or of a read-only profile.

    Raises UsageError for an option that cannot be applied, and WiderError for a session wider than the one that the
    process runs in, or that a failed switch has removed (ROLE_ENV_POLICY). Two policies cannot be compared, so only the
    same policy counts as equally narrow. Raises ProfileError for a profile whose `read_only` cannot be applied.
    """
    if chain.target.read_only or narrowing.is_read_only:
        chain = _narrow_to_reading(chain, narrowing)
    elif narrowing.text:
        chain = _narrow_by_policy(chain, narrowing)
    within = environ.get(variables.POLICY, "")
    if within and chain.policy_name != within and not narrowing.is_full_allowed:
        is_over = environ.get("ROLE_ENV_NO_ACCOUNT")
        other = "the one that was removed, which was" if is_over else "this one, which is"
        name = chain.target.name
        raise WiderError(f"the session of {name} would be wider than {other} {_shown(within)}", profile=name)
    return chain


def _narrow_to_reading(chain: Chain, narrowing: Narrowing) -> Chain:
    target, why = chain.target, "--read-only"
    if target.read_only:
        why = f"read_only = yes ({target.where})"
    elif narrowing.agent:
        why = f"agents = read-only, as {narrowing.agent} requests it ({target.where})"
    if narrowing.text:
        raise UsageError(f"--policy cannot narrow {target.name}: {why}", hint="leave it out")
    if not target.role_arn:
        raise _refuse(target, narrowing, _NO_ROLE)
    from role_env.profiles import policies  # only for a narrowed session

    try:
        policy = policies.read_only(target.policy)
    except policies.PolicyError as error:
        raise _refuse(target, narrowing, f"its policy {error}") from None
    return replace(
        chain.with_target(policy=policy),
        policy_name=variables.READ_ONLY,
        why_read_only=why,
        agents_policy=variables.READ_ONLY if narrowing.agent else "",
    )


def _narrow_by_policy(chain: Chain, narrowing: Narrowing) -> Chain:
    target = chain.target
    if not target.role_arn:
        raise _refuse(target, narrowing, _NO_ROLE)
    if target.policy:
        raise UsageError(
            f"--policy cannot narrow {target.name}, which has a policy ({target.where})",
            hint="two policies cannot be combined; use --read-only, or a profile without a policy",
        )
    return replace(chain.with_target(policy=narrowing.text), policy_name=narrowing.policy_name)


def _refuse(target: Profile, narrowing: Narrowing, why: str) -> RoleEnvError:
    """Return the error for a session that cannot be narrowed; it names the option if given, else the profile's key."""
    if narrowing.agent:
        what = f"profile {target.name}: agents = read-only cannot be followed for {narrowing.agent}: {why}"
        return ProfileError(f"{what} ({target.where})", hint="use another profile; see `role-env help agents`")
    if narrowing.text or narrowing.is_read_only:
        option = "--policy" if narrowing.text else "--read-only"
        return UsageError(f"{option} cannot narrow {target.name}: {why} ({target.where})", hint="use another profile")
    what = f"profile {target.name}: read_only cannot be followed: {why} ({target.where})"
    return ProfileError(what, hint="remove it")


def _shown(policy_name: str) -> str:
    return policy_name if policy_name == variables.READ_ONLY else f"narrowed by the policy {policy_name[:8]}"
