"""Single flight: processes that miss the same session at the same time make one request for it."""

from collections.abc import Callable

from role_env.context import Context
from role_env.credentials import Credentials
from role_env.errors import UnreachableError
from role_env.files.entry_lock import EntryLock
from role_env.sessions import Request
from role_env.sessions.cached_session import CachedSession
from role_env.sessions.record import Record

# How long a renewal may take while the current session is still valid (seconds).
RENEWAL_SECONDS = 3.0
# The part of the remaining time for waiting for another process. The rest is for a request.
WAITING_PART = 5 / 6


class SingleFlight:
    """One request for `session`, which answers `options`, for any number of processes.

    `request` returns a new session and its account.
    """

    def __init__(
        self,
        session: CachedSession,
        options: Request,
        context: Context,
        request: Callable[[Context], tuple[Credentials, str]],
    ) -> None:
        self._session = session
        self._options = options
        self._context = context
        self._lock = EntryLock(session.entry.name, context.environ)
        self._request = request

    def load(self) -> Record | None:
        """Return the cached record, valid or not."""
        return self._session.load()

    def obtain(self, cached: Record | None, *, may_stay: bool = True) -> Record:
        """Return the session: `cached` if it is usable, else a new one. Raises any RoleEnvError.

        With `may_stay`, a `cached` session that is still valid is also returned if no new one can be had, or if another
        process is requesting one.
        """
        same = cached if cached and cached.chain == self._session.digest else None
        decided, name = self._context.messages.decided, self._options.profile
        if cached is None:
            decided(f"no session of {name} is cached")
        elif same is None:
            decided(f"who requests {name}, or what is requested, has changed since its cached session was made")
        if same and self._options.accepts(same):
            decided(f"the cached session of {name} is used: its chain is the same")
            if same.is_unchanged(self._context.environ):
                return same
            return self._session.store(same.session.credentials, same.session.account_id)
        return self.obtain_new(0, old=same, may_stay=may_stay)

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
        if not self._session.is_cached:
            self._lock.release()  # other processes would wait in vain
            return self._request_new(old, context)
        seconds = 0 if old else context.deadline.remaining() * WAITING_PART
        waiting = context.messages.waiting_for("another role-env, which requests the same session")
        was_held = self._lock.is_held
        with self._lock.hold(seconds=seconds, waiting=waiting) as is_busy:
            if is_busy and old:
                context.messages.decided("another process is renewing the session; the old one has not expired")
                return self._session.renewed_record(old)
            # If the lock was held already, the cache was read within it.
            may_be_stored = not was_held or self._lock.has_stored()
            if may_be_stored and (stored := self._stored_meanwhile(since)):
                context.messages.decided("another process has just obtained the session")
                return stored
            return self._request_new(old, context)

    def _request_new(self, old: Record | None, context: Context) -> Record:
        """Request and store a new session; if STS cannot be reached, return `old` if there is one."""
        self._session.prepare()
        try:
            made = self._request(context)
        except UnreachableError as failure:
            if not old:
                raise
            context.messages.warn(f"{failure.message}; the current session is used until it expires")
            return self._session.renewed_record(old)
        return self._session.store(*made)

    def _stored_meanwhile(self, since: float) -> Record | None:
        """Return the session that another process stored while this one waited, if it answers the request."""
        record = self._session.load()
        if not record or record.chain != self._session.digest or not self._options.accepts(record):
            return None
        return record if record.session.credentials.issued >= since else None
