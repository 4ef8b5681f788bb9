"""Request the session of a chain: each role is assumed with the session of the role before it."""

import time

from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.keyrings import Entry
from role_env.sessions import Request
from role_env.sessions.cached_session import CachedSession
from role_env.sessions.chain import Chain
from role_env.sessions.flight import SingleFlight
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
    entry = entry or options.entry(chain.target.path)
    session = CachedSession(chain, entry, cache, context)
    links = _Links(chain, cache, min_ttl=options.min_ttl)
    return SingleFlight(session, options, chain.target.name, context, links.request)


class _Links:
    """The requests along `chain`; the sessions on the way are cached in `cache`."""

    def __init__(self, chain: Chain, cache: Cache | None, *, min_ttl: int) -> None:
        self._chain = chain
        self._cache = cache
        self._min_ttl = min_ttl

    def request(self, context: Context) -> tuple[Credentials, str]:
        """Return a new session and its account.

        If the source's session has ended early, for example because it was revoked, request it again once. Raises any
        RoleEnvError.
        """
        try:
            return self._assume(context, since=None)
        except sts.StsError as refusal:
            is_renewable = self._chain.before or self._chain.source.row.is_renewable
            if not refusal.code.startswith("InvalidSecurityToken.Expired") or not is_renewable:
                raise
            context.messages.decided("the source's session has ended: a new one is requested")
            return self._assume(context, since=time.time())

    def _assume(self, context: Context, *, since: float | None) -> tuple[Credentials, str]:
        """Request the session, with a source's session that was issued after `since` if that is given."""
        chain, target, account = self._chain, self._chain.target, self._chain.role_arn.account
        if not target.role_arn:
            key, is_cached = self._key(context, since), self._cache is not None
            source, min_ttl = chain.source, self._min_ttl
            return pass_through(target, source, key, account, context, min_ttl=min_ttl, is_cached=is_cached)
        if chain.before is None:
            return chain.source.assume(target.hop, chain.for_source(context)), account
        return sts.assume_role(target.hop, self._key(context, since), context), account

    def _key(self, context: Context, since: float | None) -> AccessKey:
        """Return the key that assumes the target's role, or that is passed through."""
        before = self._chain.before
        if before is None:
            return self._chain.source.key(self._chain.for_source(context))
        flight = single_flight(before, self._cache, context)
        record = flight.obtain(flight.load()) if since is None else flight.obtain_new(since)
        return record.session.credentials
