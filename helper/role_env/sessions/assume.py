"""Request the session of a chain: each role is assumed with the session of the role before it."""

import time

from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.keyrings import Entry
from role_env.sessions import Request
from role_env.sessions.chain import Chain
from role_env.sessions.flight import CachedSession, SingleFlight
from role_env.sessions.passthrough import pass_through
from role_env.sessions.store import Cache
from role_env.sts import client as sts


def single_flight(
    chain: Chain, cache: Cache | None, context: Context, request: Request | None = None, entry: Entry | None = None
) -> SingleFlight:
    """Return the single flight for the session of `chain`, which answers `request` and is stored as `entry` in `cache`.

    Without a `request`, it is the target's session without options.
    """
    options = request or Request(chain.target.name)
    session = CachedSession(chain, entry or options.entry(chain.target.path), cache, context)
    return SingleFlight(session, options, context, lambda limited: _request(chain, cache, limited, options.min_ttl))


def _request(chain: Chain, cache: Cache | None, context: Context, min_ttl: int) -> tuple[Credentials, str]:
    """Return a new session of `chain` and its account. The sessions of the roles before the last are cached in `cache`.

    If the source's session has ended early, for example because it was revoked, request it again once. Raises any
    RoleEnvError.
    """
    try:
        return _assume(chain, cache, context, min_ttl, since=None)
    except sts.StsError as refusal:
        is_renewable = chain.before or chain.source.row.is_renewable
        if not refusal.code.startswith("InvalidSecurityToken.Expired") or not is_renewable:
            raise
        context.messages.decided("the source's session has ended: a new one is requested")
        return _assume(chain, cache, context, min_ttl, since=time.time())


def _assume(
    chain: Chain, cache: Cache | None, context: Context, min_ttl: int, *, since: float | None
) -> tuple[Credentials, str]:
    """Request the session, with a source's session that was issued after `since` if that is given."""
    target, account = chain.target, chain.role_arn.account
    if target.role_arn and chain.before is None:
        return chain.source.assume(target.hop, chain.for_source(context)), account
    key = _key(chain, cache, context, since)
    if target.role_arn:
        return sts.assume_role(target.hop, key, context), account
    return pass_through(chain, key, context, min_ttl=min_ttl, is_cached=cache is not None)


def _key(chain: Chain, cache: Cache | None, context: Context, since: float | None) -> AccessKey:
    """Return the key that assumes the target's role, or that is passed through."""
    if chain.before is None:
        return chain.source.key(chain.for_source(context))
    flight = single_flight(chain.before, cache, context)
    record = flight.obtain(flight.load()) if since is None else flight.obtain_new(since)
    return record.session.credentials
