"""Single flight: processes that miss the same session at the same time make one request for it, and store it.

Each role of its chain is assumed with the session of the role before it, which is cached too.
"""

import time

from role_env.context import Context
from role_env.credentials import AccessKey, Credentials, Session
from role_env.errors import UnreachableError
from role_env.files.entry_lock import EntryLock
from role_env.sessions import Record, Request
from role_env.sessions.chain import Chain
from role_env.sessions.passthrough import pass_through
from role_env.sessions.store import Cache
from role_env.sources import rows
from role_env.sts import client as sts

# How long a renewal may take while the current session is still valid (seconds).
RENEWAL_SECONDS = 3.0
# The part of the remaining time that may pass waiting for another process. The rest is for a request.
WAITING_PART = 5 / 6


class SingleFlight:
    """One request for the session of `chain`, for any number of processes.

    The session answers `options`, by default the target's without options, and is stored in `cache`, if there is one
    and the session may be cached.
    """

    def __init__(self, chain: Chain, cache: Cache | None, context: Context, options: Request | None = None) -> None:
        self._chain = chain
        self._cache = cache
        self._own_cache = cache if chain.is_cacheable else None
        self._context = context
        self._digest = chain.digest(context)
        self._options = options or Request(chain.target.name)
        self._entry = self._options.entry(chain.target.path)
        self._lock = EntryLock(self._entry.name, context.environ)

    def load(self) -> Record | None:
        """Return the cached record, valid or not."""
        return self._own_cache.load(self._entry) if self._own_cache else None

    def obtain(self, cached: Record | None, *, may_stay: bool = True) -> Record:
        """Return the session: `cached` if it is usable, else a new one. Raises any RoleEnvError.

        With `may_stay`, a `cached` session that is still valid is also returned if no new one can be had, or if another
        process is requesting one.
        """
        is_used, why = self._options.judge(cached, self._digest)
        self._context.messages.decided(f"{self._options.profile}: {why}")
        if cached and is_used:
            if cached.is_unchanged(self._context.environ):
                return cached
            return self._store(cached.session.credentials, cached.session.account_id)
        old = cached if cached and cached.chain == self._digest else None
        return self.obtain_new(0, old=old, may_stay=may_stay)

    def obtain_new(self, since: float, *, old: Record | None = None, may_stay: bool = True) -> Record:
        """Return a session issued after `since` (epoch seconds), within RENEWAL_SECONDS if `old` is still valid.

        With `may_stay`, return a valid `old` if another process is requesting a new one or STS cannot be reached.
        Raises any RoleEnvError.
        """
        context = self._context
        is_valid = old is not None and old.session.credentials.remaining() > self._options.min_ttl
        if is_valid:
            context = context.with_deadline(context.deadline.soonest(RENEWAL_SECONDS))
        old = old if is_valid and may_stay else None
        if not self._own_cache:
            self._lock.release()  # otherwise other processes would wait for nothing
            return self._request_new(old, context)
        seconds = 0 if old else context.deadline.remaining() * WAITING_PART
        waiting = context.messages.waiting_for("another role-env, which requests the same session")
        was_held = self._lock.is_held
        lock = self._lock.hold(seconds=seconds, waiting=waiting)
        with lock as is_busy:
            if is_busy and old:
                context.messages.decided("another process is renewing the session; the old one has not expired")
                return self._renewed(old)
            # If the lock was held already, the cache was read within it.
            if not was_held and (stored := self._stored_meanwhile(since, is_patient=lock.has_waited)):
                context.messages.decided("another process has just obtained the session")
                return stored
            return self._request_new(old, context)

    def _stored_meanwhile(self, since: float, *, is_patient: bool) -> Record | None:
        """Return the session that another process stored while this one waited, if it answers the request."""
        record = self._own_cache.load(self._entry, is_patient=is_patient) if self._own_cache else None
        is_answer = record and self._options.judge(record, self._digest)[0]
        return record if record and is_answer and record.session.credentials.issued >= since else None

    def _request_new(self, old: Record | None, context: Context) -> Record:
        """Request and store a new session; if STS cannot be reached, return `old` if there is one."""
        if self._own_cache:
            self._own_cache.prepare()
        try:
            made = self._request(context)
        except UnreachableError as failure:
            if not old:
                raise
            context.messages.say(f"{failure.message}; the current session is used until it expires")
            return self._renewed(old)
        return self._store(*made)

    def _request(self, context: Context) -> tuple[Credentials, str]:
        """Return a new session and its account. Raises any RoleEnvError.

        If the source's session has ended early, for example because it was revoked, request it again once.
        """
        try:
            return self._assume(None, context)
        except sts.StsError as refusal:
            has_session = self._chain.before or self._chain.source.row.gives_session
            if not refusal.code.startswith("InvalidSecurityToken.Expired") or not has_session:
                raise
            context.messages.decided("the source's session has ended: a new one is requested")
            return self._assume(time.time(), context)

    def _assume(self, since: float | None, context: Context) -> tuple[Credentials, str]:
        """Assume the chain's last role with the session of the role before it, or with the source's key.

        With `since` (epoch seconds), that session is issued after it.
        """
        chain, target, account = self._chain, self._chain.target, self._chain.role_arn.account
        if target.role_arn and chain.before is None:
            return chain.source.assume(target.hop, chain.for_source(context)), account
        if chain.before:
            flight = SingleFlight(chain.before, self._cache, context)
            record = flight.obtain(flight.load()) if since is None else flight.obtain_new(since)
            key: AccessKey = record.session.credentials
        else:
            key = chain.source.key(chain.for_source(context))
        if target.role_arn:
            return sts.assume_role(target.hop, key, context), account
        return pass_through(chain, key, context, min_ttl=self._options.min_ttl, is_cached=self._cache is not None)

    def _store(self, credentials: Credentials, account_id: str) -> Record:
        record = self._record(credentials, account_id)
        if self._own_cache:
            self._own_cache.store(self._entry, record)
        return record

    def _renewed(self, old: Record) -> Record:
        """Return the record of the session of `old`, with the chain's current settings."""
        return self._record(old.session.credentials, old.session.account_id)

    def _record(self, credentials: Credentials, account_id: str) -> Record:
        chain, target = self._chain, self._chain.target
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
            base=chain.source.identity(self._context)[0] if chain.source.row is rows.ENVIRONMENT else "",
            sign_in=chain.source.sign_in.id(self._context) if chain.source.sign_in else "",
            agents=chain.agents,
            fingerprint_lines=chain.fingerprint.lines(),
        )
