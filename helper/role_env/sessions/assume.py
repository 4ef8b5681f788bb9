"""Make a session of a chain: assume its last role with the session of the role before it, or with the source's key."""

import time
from collections.abc import Callable

from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.sessions.chain import Chain
from role_env.sessions.passthrough import pass_through
from role_env.sts import client as sts

Obtain = Callable[[Chain, float | None], AccessKey]
"""Returns the session of a chain, issued after the given time (epoch seconds) unless that is None."""


def request(
    chain: Chain, obtain: Obtain, context: Context, *, min_ttl: int, is_cached: bool
) -> tuple[Credentials, str]:
    """Return a new session of `chain` and its account; `obtain` returns the session of the chain before it.

    If the source's session has ended early, for example because it was revoked, request it again once. `min_ttl` and
    `is_cached` are those of `pass_through`. Raises any RoleEnvError.
    """
    before, target, account = chain.before, chain.target, chain.role_arn.account

    def assume(since: float | None) -> tuple[Credentials, str]:
        """Request the session, with a source's session that was issued after `since` if that is given."""
        if target.role_arn and before is None:
            return chain.source.assume(target.hop, chain.for_source(context)), account
        key = obtain(before, since) if before else chain.source.key(chain.for_source(context))
        if target.role_arn:
            return sts.assume_role(target.hop, key, context), account
        return pass_through(chain, key, context, min_ttl=min_ttl, is_cached=is_cached)

    try:
        return assume(None)
    except sts.StsError as refusal:
        is_renewable = before or chain.source.row.is_renewable
        if not refusal.code.startswith("InvalidSecurityToken.Expired") or not is_renewable:
            raise
        context.messages.decided("the source's session has ended: a new one is requested")
        return assume(time.time())
