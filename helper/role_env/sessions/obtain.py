"""Obtain a session: the cached one while it is good, else a new one from STS, which is cached.

The steps are in `sessions/__init__.py`. `obtain` takes those of the request, `use_or_request` those of a chain of
roles: the session before the last role comes from there too, and is cached as its own profile's. So ten profiles that
use one role need one request for it.
"""

import contextlib
import time

from role_env.context import Context
from role_env.credentials import Credentials, Session
from role_env.dataclass import dataclass
from role_env.errors import NamingRole, UnreachableError
from role_env.files.dependencies import Dependencies
from role_env.files.locks import BUSY, WAITED, Lock
from role_env.keyrings import Entry
from role_env.profiles.file import ProfilesFile
from role_env.profiles.locate import locate
from role_env.sessions import Request
from role_env.sessions.chain import Chain
from role_env.sessions.record import RENEW, USE, Record, judge_by_chain, judge_by_files
from role_env.sessions.resolve import decide_agent, is_chain_decisive, resolve_request
from role_env.sessions.shell_request import session_for
from role_env.sessions.store import Cache

# How long a renewal may take while the current session is still valid (seconds).
RENEWAL_SECONDS = 3.0
# The part of the remaining time that may pass waiting for another process. The rest is for a request.
WAITING_PART = 5 / 6


@dataclass(frozen=True)
class _Obtained:
    """A session, its account, and its name: the one that was requested, or that STS says of a passed-through one."""

    credentials: Credentials
    account_id: str
    name: str


class _Busy(Exception):
    """Another process is requesting the session."""


def obtain(request: Request, context: Context, taken_lock: Lock | None = None) -> Session:
    """Return the session that answers `request`.

    `taken_lock` is a lock that the fast path has taken for it, and is released in any case. Raises any RoleEnvError,
    which names the requested role if that is known.
    """
    environ = context.environ
    dependencies = Dependencies(environ)
    with taken_lock or contextlib.nullcontext():
        path = locate(request.config, dependencies)
        file = chain = None
        if request.agent or is_chain_decisive(environ):  # the answer depends on the file; else it is read after a miss
            file = ProfilesFile(path, dependencies)
            request = decide_agent(request, file)
        if file and is_chain_decisive(environ):
            chain = resolve_request(request, file, context)
        entry = request.entry(path)
        if taken_lock and taken_lock.name != entry.name:  # the profiles file has appeared or gone since
            taken_lock.release()
            taken_lock = None
        cache = None if request.no_cache else Cache(context)
        record = cache.load(entry) if cache else None
        verdict = judge_by_files(record, request, path, environ)
        if record and verdict.action == USE:
            context.messages.decided(f"{request.profile}: {verdict}")
            return session_for(request, path, record, environ)
        if file is None:
            file = ProfilesFile(path, dependencies)
        if chain is None:
            chain = resolve_request(request, file, context)
        with NamingRole(chain.role_arn):
            record = use_or_request(chain, request, record, cache, context, taken_lock=taken_lock)
        return session_for(request, path, record, environ)


def use_or_request(
    chain: Chain,
    request: Request,
    cached: Record | None,
    cache: Cache | None,
    context: Context,
    *,
    taken_lock: Lock | None = None,
) -> Record:
    """Return the record of a session of `chain`: `cached` if it is right and lasts, else that of a new session.

    Where `cached` is only due, the new one may take at most RENEWAL_SECONDS, and `cached` stays in use if another
    process is renewing it or STS cannot be reached; but a renewal then fails. A `taken_lock` was taken before `cached`
    was loaded. Raises any RoleEnvError.
    """
    # This reads the access key, which the source keeps until `_assume` signs with it. A keyring may ask a person.
    digest = chain.digest_with_key(context)
    verdict = judge_by_chain(cached, request, digest)
    context.messages.decided(f"{request.profile}: {verdict if chain.is_cacheable else chain.why_not_cached}")
    if cached and verdict.action == USE:
        return _use_cached(cached, chain, request, cache, context, digest=digest)
    if cached is None or verdict.action != RENEW:
        return _request_in_turn(chain, request, cache, context, digest=digest, taken_lock=taken_lock)
    limited = context.with_deadline(context.deadline.soonest(RENEWAL_SECONDS))
    cache = cache.within(limited) if cache else None
    may_wait = request.is_renewal  # another request has `cached`
    try:
        return _request_in_turn(chain, request, cache, limited, digest=digest, taken_lock=taken_lock, may_wait=may_wait)
    except (_Busy, UnreachableError) as failure:
        if request.is_renewal:
            raise
        if isinstance(failure, UnreachableError):
            context.messages.say(f"{failure.message}; the current session is used until it expires")
        else:
            context.messages.decided("another process is renewing the session; the current one is used")
        return _restate(cached, chain, digest, context)


def _use_cached(
    cached: Record, chain: Chain, request: Request, cache: Cache | None, context: Context, *, digest: str
) -> Record:
    """Return the record of the session of `cached` with the chain's settings of now, which are cached with it."""
    if cached.is_unchanged(context.environ):
        return cached
    restated = _restate(cached, chain, digest, context)  # else each later call would read the profiles file
    return _store(restated, request.entry(chain.target.path), cache if chain.is_cacheable else None)


def _request_in_turn(
    chain: Chain,
    request: Request,
    cache: Cache | None,
    context: Context,
    *,
    digest: str,
    taken_lock: Lock | None,
    may_wait: bool = True,
) -> Record:
    """Request a session of `chain` while no other process does, and store it; or return what another has just stored.

    Raises _Busy if another process is requesting it and this one may not wait, and any RoleEnvError.
    """
    entry = request.entry(chain.target.path)
    own_cache = cache if chain.is_cacheable else None  # the sessions before it may be cached all the same
    with taken_lock or Lock(entry.name, context.environ) as lock:
        stored = _take_turn(lock, entry, own_cache, context, may_wait=may_wait)
        if stored and judge_by_chain(stored, request, digest).action == USE:
            context.messages.decided("another process has just obtained the session")
            return stored
        if own_cache:
            own_cache.prepare()
        obtained = _assume(chain, request, cache, context)
        return _store(_make_record(obtained, chain, digest, context), entry, own_cache)


def _take_turn(lock: Lock, entry: Entry, cache: Cache | None, context: Context, *, may_wait: bool) -> Record | None:
    """Take `lock`, under which one process requests the session of `entry`; return what another has stored by then.

    If the lock is still busy after most of the time, or there can be none, the session is requested without. Raises
    _Busy if this one may not wait for the lock.
    """
    if cache is None:  # no other process can use a session that is not stored
        lock.release()
        return None
    if lock.is_taken:  # since before the record was loaded
        return None
    waiting = context.messages.waiting_for("another role-env, which requests the same session")
    seconds = context.deadline.remaining() * WAITING_PART
    outcome = lock.take_in_turn(seconds, waiting) if may_wait else lock.take()
    if outcome == BUSY and not may_wait:
        raise _Busy
    return cache.load(entry, is_patient=outcome in (WAITED, BUSY))


def _assume(chain: Chain, request: Request, cache: Cache | None, context: Context) -> _Obtained:
    """Assume the chain's role with the session before it or with the source's key; without a role, pass that through.

    If STS says that the session which signs has ended early, since it was revoked for example, that one is requested
    again, once. Raises any RoleEnvError.
    """
    from role_env.sts.client import StsError  # imports TLS, which a cached session does not need

    before = _session_before(chain, request, cache, context)
    try:
        return _assume_with(before, chain, request, context)
    except StsError as refusal:
        has_ended = refusal.code.startswith("InvalidSecurityToken.Expired")
        if not has_ended or not (before or chain.source.gives_session):
            raise
    context.messages.decided("the source's session has ended: a new one is requested")
    before = _session_before(chain, request, cache, context, issued_since=time.time())
    return _assume_with(before, chain, request, context)


def _assume_with(before: Credentials | None, chain: Chain, request: Request, context: Context) -> _Obtained:
    """Return the chain's session, requested with the session `before` if there is one."""
    from role_env.sts import client as sts

    source, target = chain.source, chain.target
    if not target.role_arn:
        from role_env.sessions.passthrough import pass_through  # only for a profile without a role

        key = source.key(chain.for_source(context))
        passed = pass_through(chain, key, context, min_ttl=request.min_ttl, is_cached=not request.no_cache)
        return _Obtained(*passed)
    account, name = chain.role_arn.account, chain.session_name
    if before is None:
        return _Obtained(source.assume(target.hop, chain.for_source(context)), account, name)
    return _Obtained(sts.assume_role(target.hop, before, context), account, name)


def _session_before(
    chain: Chain, request: Request, cache: Cache | None, context: Context, *, issued_since: float = 0
) -> Credentials | None:
    """Return the session of the role before the chain's last one; None if that is assumed with the source's key.

    It was issued at `issued_since` (epoch seconds) or later. Raises any RoleEnvError.
    """
    before = chain.before
    if before is None:
        return None
    own = Request(before.target.name, issued_since=issued_since, no_cache=request.no_cache)
    cached = cache.load(own.entry(before.target.path)) if cache and before.is_cacheable else None
    return use_or_request(before, own, cached, cache, context).session.credentials


def _store(record: Record, entry: Entry, cache: Cache | None) -> Record:
    if cache:
        cache.store(entry, record)
    return record


def _restate(old: Record, chain: Chain, digest: str, context: Context) -> Record:
    """Return the record of the same session with the chain's settings of now, which may have changed."""
    same = _Obtained(old.session.credentials, old.session.account_id, old.session_name)
    return _make_record(same, chain, digest, context)


def _make_record(obtained: _Obtained, chain: Chain, digest: str, context: Context) -> Record:
    """Return the record of a session of `chain`, which has `digest`."""
    source, target, settings = chain.source, chain.target, chain.read_shell_settings()
    session = Session(
        target.name,
        chain.role_arn,
        obtained.credentials,
        account_id=obtained.account_id,
        region_id=target.region_id,
        fallback_region=settings.region_id if settings and not target.region_id else "",
        families=target.families,
        policy_name=chain.policy_name,
        cli_can_follow=bool(settings and settings.has_session_profile),
        display_keys=target.display_keys,
    )
    return Record(
        session,
        endpoint=target.endpoint,
        session_name=obtained.name,
        policy_digest=chain.policy_digest,
        chain_digest=digest,
        base_key_digest=source.base_key_digest(context),
        sign_in_id=source.sign_in.id(context) if source.sign_in else "",
        agents_policy=chain.agents_policy,
        agents_key=chain.target.agents,
        fingerprint=chain.dependencies.fingerprint(),
    )
