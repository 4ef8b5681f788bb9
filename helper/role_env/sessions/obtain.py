"""Obtain a session for a profile: the cached one while it is current, else a new one from STS.

First the cached record is checked by file stats and variables. If they differ, the profiles file is parsed. Only if the
chain differs, or the session is about to expire, is STS asked. The sessions of the roles on the way are cached too,
each as its own profile's session, so that ten profiles that use one role need one request for it.
"""

import time

from role_env import variables
from role_env.context import Context
from role_env.credentials import Session
from role_env.dataclass import dataclass, replace
from role_env.environ.keys import own_key
from role_env.errors import KeyringError, ProfileError, RoleEnvError, UsageError
from role_env.fingerprint import Fingerprint
from role_env.profiles.file import ProfilesFile
from role_env.profiles.locate import locate
from role_env.profiles.profile import Profile
from role_env.sessions import UNCHANGED, Record, Request
from role_env.sessions import chain as chains
from role_env.sessions.chain import Chain
from role_env.sessions.narrow import name_for_agent, narrow, narrow_agent
from role_env.sessions.passthrough import check_account
from role_env.sessions.store import Cache
from role_env.sources.base import key_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.sessions.flight import SingleFlight


@dataclass(frozen=True)
class CacheDecision:
    """The decision whether the cached session answers a request: its `expiration` if there is one, and `why`."""

    why: str
    expiration: int | None = None
    valid: bool = False


class SessionRequest:
    """One run from request to session."""

    def __init__(self, request: Request, context: Context, file: ProfilesFile | None = None) -> None:
        """Make a run for `request`, with the profiles file if it has been read already."""
        self._request = request
        self._context = context
        self._began = time.time()
        self._role_arn = ""
        self._file = file
        self._fingerprint = file.fingerprint if file else Fingerprint(context.environ)
        self.path = file.path if file else locate(request.config, self._fingerprint)
        self.entry = request.entry(self.path)
        self._cache = None if request.no_cache else Cache(context)

    def obtain(self) -> Session:
        """Return the cached session while it is current, else a new one from STS.

        Raises any RoleEnvError; its `role_arn` is the requested role if that is known.
        """
        try:
            return self._session(self._obtain())
        except RoleEnvError as error:
            error.role_arn = self._role_arn
            raise

    def obtain_for(self, chain: Chain, *, may_stay: bool) -> Session:
        """Return the session of `chain`, which `resolve` returned.

        It is the cached one until that is due for renewal, then a new one, which another process may be requesting
        already. With `may_stay` it can also be the cached one while that is still valid. Raises any RoleEnvError.
        """
        return self._session(self._flight(chain).obtain(self._load(), may_stay=may_stay))

    def plan(self) -> tuple[Chain, CacheDecision]:
        """Return `obtain`'s chain and decision, without a request. Raises ProfileError, UsageError, RefusedError."""
        chain = self.resolve()
        return chain, self._decide(chain, self._load())

    def uses(self, cached: Record) -> bool:
        """Return whether `obtain` would use the session `cached`. Makes no request."""
        try:
            chain = self.resolve() if self._must_resolve else None
            return self._is_current(cached) or self._decide(chain or self.resolve(), cached).valid
        except RoleEnvError:
            return False

    def resolve(self) -> Chain:
        """Return the chain with the request's options, checked. Raises ProfileError, UsageError, RefusedError."""
        request = self._request
        file = self._file or ProfilesFile(self.path, self._fingerprint)
        self._role_arn = file.role_arn(request.profile)
        chain = chains.resolve(file, request.profile)
        narrow_agent(request, chain.target)
        chain = chain.with_profile(chain.target, _with_options(chain.target, request))
        chain = name_for_agent(chain, request.agent)
        self._role_arn = chain.role_arn
        chains.check_loop(chain, self._context.environ)
        _check_accounts(chain, request.expect_account)
        chain = narrow(chain, request.narrowing, self._context.environ)
        chains.check_gives_session(chain, file)
        if chain.why_read_only:
            self._context.messages.decided(f"the session of {chain.target.name} is read-only by {chain.why_read_only}")
        return chain

    def _obtain(self) -> Record:
        chain = self.resolve() if self._must_resolve else None
        cached = self._load()
        if cached and self._is_current(cached):
            self._context.messages.decided(UNCHANGED)
            return cached
        chain = chain or self.resolve()
        flight = self._flight(chain)
        return flight.obtain_new(self._began) if self._request.refresh else flight.obtain(cached)

    @property
    def _must_resolve(self) -> bool:
        """Whether the chain decides even about a session that is current.

        A process must not request a profile of its own chain, or a wider session.
        """
        return any(map(self._context.environ.get, (variables.CHAIN, variables.POLICY)))

    def _flight(self, chain: Chain) -> "SingleFlight":
        from role_env.sessions.flight import SingleFlight  # imports TLS, which a cached session does not need

        return SingleFlight(chain, self._cache, self._context, self._request)

    def _load(self) -> Record | None:
        return self._cache.load(self.entry) if self._cache else None

    def _decide(self, chain: Chain, cached: Record | None) -> CacheDecision:
        if not chain.is_cacheable:
            return CacheDecision(f"a session of a {chain.source.row.kind} is requested each time")
        expiration = cached.session.credentials.expiration if cached else None
        if cached and self._is_current(cached):
            return CacheDecision("nothing that it was made from has changed", expiration, valid=True)
        try:
            digest = chain.digest(self._context)
        except (ProfileError, KeyringError) as error:
            return CacheDecision(error.message, expiration)
        if cached and self._request.refresh:
            return CacheDecision("--refresh requests a new one", expiration)
        is_used, why = self._request.judge(cached, digest)
        return CacheDecision(why, expiration, valid=is_used)

    def _is_current(self, cached: Record) -> bool:
        """Return whether the record answers the request, without reading the profiles file."""
        if self._request.refresh or not cached.is_answer(self._request, self.path, self._context.environ):
            return False
        try:
            key = own_key(self._context.environ) if cached.base else None
        except ProfileError:
            return False
        return cached.base == (key_digest(key) if key else "")

    def _session(self, record: Record) -> Session:
        session = record.answer(self._request, self.path)
        session.base = own_key(self._context.environ) if record.base and not session.policy else None
        return session


def _with_options(target: Profile, request: Request) -> Profile:
    if request.session_name:
        target = replace(target, role_session_name=request.session_name, has_default_session_name=False)
    if request.duration is not None:
        target = target.with_duration(request.duration)
    if request.min_ttl >= target.duration_seconds:
        raise UsageError(
            f"--min-ttl {request.min_ttl} must be below the session's duration of {target.duration_seconds} seconds",
            hint="give a smaller --min-ttl or a longer --duration",
        )
    if request.expect_account and not target.role_arn and not target.expected_account_id:
        target = replace(target, expected_account_id=request.expect_account)
    return target


def _check_accounts(chain: Chain, expect_account: str) -> None:
    target = chain.target
    if expect_account:  # the account of a source is known only when it is asked
        check_account(target, target.role_arn.account or target.expected_account_id, expect_account)
    for hop in chain.profiles:
        if hop.role_arn and hop.expected_account_id:
            check_account(hop, hop.role_arn.account, hop.expected_account_id)
