"""Single flight: processes that miss the same session at the same time make one request for it."""

import time
from contextlib import nullcontext

from role_env import locks
from role_env.context import Context
from role_env.credentials import AccessKey, Credentials, Session
from role_env.errors import UnreachableError
from role_env.keyrings.entry import Entry
from role_env.sessions.chain import Chain
from role_env.sessions.passthrough import pass_through
from role_env.sessions.proof import Proof
from role_env.sessions.record import Record
from role_env.sessions.request import Request
from role_env.sessions.store import Cache
from role_env.sts import client as sts

# How long a renewal may take while the current session has not expired (seconds).
RENEWAL_SECONDS = 3.0
# Of the time that is left, the part that may be spent on waiting for another process; the rest is for a request.
WAITING_PART = 5 / 6


class SingleFlight:
    """The session of `chain`, which answers `request` and is stored as `entry`; without a `cache` it is requested anew.

    Without a `request` it is the session that the target has without options, and is never renewed unasked.
    """

    def __init__(
        self,
        chain: Chain,
        cache: Cache | None,
        context: Context,
        request: Request | None = None,
        entry: Entry | None = None,
    ) -> None:
        self._chain = chain
        self._target = chain.target
        self._before = chain.before
        self._cache = cache if chain.is_cacheable else None
        self._digest = chain.digest(context)
        self._whole_cache = cache
        self._context = context
        self._options = request or Request(chain.target.name)
        self._entry = entry or self._options.entry(chain.target.path)
        self._proof = Proof(self._entry, chain.target.endpoint) if request and cache else None

    def obtain(self, cached: Record | None, *, may_stay: bool = True) -> Record:
        """Return the session: `cached` if it is usable, else a new one. Raises any RoleEnvError.

        With `may_stay`, `cached` is returned as long as it lasts, too, if there can be no new one, or another process
        is requesting one.
        """
        same = cached if cached and cached.chain == self._digest else None
        decided, name = self._context.messages.decided, self._target.name
        if cached is None:
            decided(f"no session of {name} is cached")
        elif same is None:
            decided(f"who requests {name}, or what is requested, has changed since its cached session was made")
        if same and self._options.accepts(same):
            decided(f"the cached session of {name} is used: its chain is the same")
            unchanged = same.is_unchanged(self._context.environ)
            return same if unchanged else self._store(same.session.credentials, same.session.account_id)
        return self._request(same, since=0, may_stay=may_stay)

    def obtain_new(self, since: float) -> Record:
        """Return a session that was issued after `since` (epoch seconds). Raises any RoleEnvError."""
        return self._request(None, since=since)

    def load(self) -> Record | None:
        """Return the cached record, valid or not."""
        return self._cache.load(self._entry) if self._cache else None

    def _request(self, old: Record | None, *, since: float, may_stay: bool = True) -> Record:
        """Return a new session, soon if `old` lasts. With `may_stay`, that is returned if STS cannot be reached."""
        context = self._context
        if old and old.session.credentials.remaining() <= self._options.min_ttl:
            old = None
        if old:
            context = context.with_deadline(context.deadline.soonest(RENEWAL_SECONDS))
        if not may_stay:
            old = None
        seconds = 0 if old else context.deadline.remaining() * WAITING_PART
        waiting = context.messages.waiting_for("another role-env, which requests the same session")
        if not self._cache:
            locks.release(self._entry.name)  # who waits for it would find nothing
        was_asked = locks.is_taken(self._entry.name)  # the cache, within the lock
        lock = locks.hold(self._entry.name, context.environ, seconds=seconds, waiting=waiting)
        with lock if self._cache else nullcontext(False) as is_busy:
            if is_busy and old:
                context.messages.decided("another process is renewing the session; the old one has not expired")
                return self._record(old.session.credentials, old.session.account_id)
            may_be_stored = not was_asked or locks.has_stored(self._entry.name, context.environ)
            if may_be_stored and (stored := self._stored_meanwhile(since)):
                context.messages.decided("another process has just obtained the session")
                return stored
            if self._cache:
                self._cache.prepare()
            try:
                return self._request_now(context)
            except UnreachableError as failure:
                if not old:
                    raise
                context.messages.warn(f"{failure.message}; the current session is used until it expires")
                return self._record(old.session.credentials, old.session.account_id)

    def _stored_meanwhile(self, since: float) -> Record | None:
        """Return the session that another process stored while this one waited, if it answers the request."""
        record = self.load()
        if not record or record.chain != self._digest or not self._options.accepts(record):
            return None
        return record if record.session.credentials.issued >= since else None

    def _request_now(self, context: Context) -> Record:
        """Request the session. If the source's session has ended early, as a revoked one, request that anew once."""
        try:
            return self._assume(context, since=None)
        except sts.StsError as refusal:
            is_renewable = self._before or self._chain.source.row.is_renewable
            if not refusal.code.startswith("InvalidSecurityToken.Expired") or not is_renewable:
                raise
            context.messages.decided("the source's session has ended: a new one is requested")
            return self._assume(context, since=time.time())

    def _assume(self, context: Context, *, since: float | None) -> Record:
        """Request the session, with a source's session that was issued after `since` if that is given."""
        target, account = self._target, self._chain.role_arn.account
        if not target.role_arn:
            key, is_cached = self._key(context, since), self._whole_cache is not None
            min_ttl = self._options.min_ttl
            return self._store(*pass_through(target, key, account, context, min_ttl=min_ttl, is_cached=is_cached))
        if self._before is None:
            return self._store(self._chain.source.assume(target.hop, self._chain.for_source(context)), account)
        return self._store(sts.assume_role(target.hop, self._key(context, since), context), account)

    def _key(self, context: Context, since: float | None) -> AccessKey:
        """Return the key with which the target's role is assumed, or that is passed through."""
        before = self._before
        if before is None:
            return self._chain.source.key(self._chain.for_source(context))
        flight = SingleFlight(before, self._whole_cache, context)
        record = flight.obtain(flight.load()) if since is None else flight.obtain_new(since)
        return record.session.credentials

    def _store(self, credentials: Credentials, account_id: str) -> Record:
        record = self._record(credentials, account_id)
        if self._cache:
            self._cache.store(self._entry, record)
        if self._proof and self._whole_cache:
            self._proof.store(self._digest, self._context, self._whole_cache)
        return record

    def _record(self, credentials: Credentials, account_id: str) -> Record:
        chain, target = self._chain, self._target
        settings = chain.shell_settings()
        session = Session(
            target.name,
            chain.role_arn,
            credentials,
            account_id=account_id,
            region_id=target.region_id,
            fallback_region=settings.region_id if settings and not target.region_id else "",
            color=target.color,
            variables=target.variables,
            policy=chain.policy_name,
            in_cli_file=bool(settings and settings.has_session_profile),
        )
        return Record(
            session,
            endpoint=target.endpoint,
            session_name=chain.session_name,
            policy_digest=chain.policy_digest,
            chain=self._digest,
            base=chain.source.identity(self._context)[0] if chain.source.row.has_base_key else "",
            sign_in=chain.source.sign_in_id(self._context),
            fingerprint_lines=chain.fingerprint.lines(),
        )
