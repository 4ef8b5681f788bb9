"""Obtain a session: the cached one while it is good, else a new one from STS, which is cached.

First the cached record is judged by file stats and variables. If they differ, the profiles file is parsed. Only if the
chain differs, or the session is about to expire, is STS asked. The sessions of the roles on the way are cached too,
each as its own profile's session, so that ten profiles that use one role need one request for it.
"""

import contextlib
import time

from role_env.context import Context
from role_env.credentials import Credentials, Session
from role_env.errors import UnreachableError
from role_env.files.dependencies import Dependencies
from role_env.files.entry_lock import EntryLock
from role_env.keyrings import Entry
from role_env.profiles.file import ProfilesFile
from role_env.profiles.locate import locate
from role_env.sessions import RENEW, USE, Record, Request, judge
from role_env.sessions.chain import Chain
from role_env.sessions.passthrough import pass_through
from role_env.sessions.plan import chain_of, decide_agent, is_chain_decisive, naming_role
from role_env.sessions.shell_request import answer
from role_env.sessions.store import Cache

# How long a renewal may take while the current session is still valid (seconds).
RENEWAL_SECONDS = 3.0
# The part of the remaining time that may pass waiting for another process. The rest is for a request.
WAITING_PART = 5 / 6


def obtain(request: Request, context: Context, taken_lock: EntryLock | None = None) -> Session:
    """Return the session that answers `request`.

    `taken_lock` is the lock of its entry if this process holds that already. Raises any RoleEnvError, which names the
    requested role if that is known.
    """
    environ = context.environ
    dependencies = Dependencies(environ)
    path = locate(request.config, dependencies)
    cache = None if request.no_cache else Cache(context)
    # Else the profiles file is read only if the record is not used.
    file = ProfilesFile(path, dependencies) if request.agent or is_chain_decisive(environ) else None
    request = decide_agent(request, file) if file else request
    chain = chain_of(request, file, context) if file and is_chain_decisive(environ) else None
    record = cache.load(request.entry(path)) if cache else None
    verdict = judge(record, request, path, environ)
    if record and verdict.action == USE:
        context.messages.decided(f"the cached session is used: {verdict.why}")
        return answer(request, path, record, environ)
    chain = chain or chain_of(request, file or ProfilesFile(path, dependencies), context)
    with naming_role(chain.role_arn):
        record = record_of(chain, request, record, cache, context, taken_lock=taken_lock)
    return answer(request, path, record, environ)


def record_of(
    chain: Chain,
    request: Request,
    record: Record | None,
    cache: Cache | None,
    context: Context,
    *,
    taken_lock: EntryLock | None = None,
) -> Record:
    """Return the record of a session of `chain`: `record`, the cached one, if it is right and lasts, else a new one.

    Of the processes that need a new one at once, one requests it. Where `record` is only due, this takes at most
    RENEWAL_SECONDS, and `record` stays if another process is renewing it or STS cannot be reached; but a renewal then
    fails. A `taken_lock` was taken before `record` was loaded. Raises any RoleEnvError.
    """
    path, environ, messages = chain.target.path, context.environ, context.messages
    entry = request.entry(path)
    own_cache = cache if chain.is_cacheable else None  # the sessions before it may be cached all the same

    digest = chain.digest(context)  # reads the source's access key: perhaps from a keyring, which may ask a person
    verdict = judge(record, request, path, environ, chain_digest=digest)
    if not request.issued_since:  # otherwise it is clear that a new one is requested
        messages.decided(f"{request.profile}: {verdict.why}")
    if record and verdict.action == USE:
        is_unchanged = record.is_unchanged(environ)
        return record if is_unchanged else _store(_restate(record, chain, digest, context), own_cache, entry)

    due = record if verdict.action == RENEW else None
    hurried = context.with_deadline(context.deadline.soonest(RENEWAL_SECONDS)) if due else context
    fallback = None if request.is_renewal else due
    lock = taken_lock if taken_lock and taken_lock.name == entry.name else EntryLock(entry.name, environ)
    with _turn(lock, own_cache, hurried, is_urgent=fallback is not None) as is_busy:
        if is_busy and fallback:
            messages.decided("another process is renewing the session; the old one has not expired")
            return _restate(fallback, chain, digest, context)
        if own_cache and lock is not taken_lock:  # until this process had its turn, another one may have stored it
            stored = own_cache.load(entry, is_patient=lock.has_waited)
            if stored and judge(stored, request, path, environ, chain_digest=digest).action == USE:
                messages.decided("another process has just obtained the session")
                return stored
        if own_cache:
            own_cache.prepare()
        try:
            credentials, account_id = _assume(chain, request, cache, hurried)
        except UnreachableError as failure:
            if not fallback:
                raise
            messages.say(f"{failure.message}; the current session is used until it expires")
            return _restate(fallback, chain, digest, context)
        return _store(_record(credentials, account_id, chain, digest, context), own_cache, entry)


def _turn(
    lock: EntryLock, own_cache: Cache | None, context: Context, *, is_urgent: bool
) -> contextlib.AbstractContextManager[bool]:
    """Return a context in which this process requests the session; its value is whether another one still does.

    It waits for that one, unless it `is_urgent`. A session that is not stored is of no use to another process.
    """
    if own_cache is None:
        lock.release()
        return contextlib.nullcontext(False)
    seconds = 0 if is_urgent else context.deadline.remaining() * WAITING_PART
    waiting = context.messages.waiting_for("another role-env, which requests the same session")
    return lock.hold(seconds=seconds, waiting=waiting)


def _assume(
    chain: Chain, request: Request, cache: Cache | None, context: Context, *, issued_since: float = 0
) -> tuple[Credentials, str]:
    """Assume the chain's role with the session of the role before it, or with the source's key; or pass that through.

    Return the new session and its account. With `issued_since` (epoch seconds) the session of the role before is not
    older: if STS says that it has ended early, since it was revoked for example, it is requested again, once. Raises
    any RoleEnvError.
    """
    from role_env.sts import client as sts  # imports TLS, which a cached session does not need

    before, source, target = chain.before, chain.source, chain.target
    try:
        if not target.role_arn:
            key = source.key(chain.for_source(context))
            return pass_through(chain, key, context, min_ttl=request.min_ttl, is_cached=cache is not None)
        if before is None:
            return source.assume(target.hop, chain.for_source(context)), chain.role_arn.account
        own = Request(before.target.name, issued_since=issued_since)
        is_cached = cache and before.is_cacheable and not issued_since
        cached = cache.load(own.entry(before.target.path)) if cache and is_cached else None
        session = record_of(before, own, cached, cache, context).session
        return sts.assume_role(target.hop, session.credentials, context), chain.role_arn.account
    except sts.StsError as refusal:
        has_session = before or source.gives_session
        if issued_since or not has_session or not refusal.code.startswith("InvalidSecurityToken.Expired"):
            raise
    context.messages.decided("the source's session has ended: a new one is requested")
    return _assume(chain, request, cache, context, issued_since=time.time())


def _store(record: Record, cache: Cache | None, entry: Entry) -> Record:
    if cache:
        cache.store(entry, record)
    return record


def _restate(old: Record, chain: Chain, digest: str, context: Context) -> Record:
    """Return the record of the same session with the chain's settings of now, which may have changed."""
    return _record(old.session.credentials, old.session.account_id, chain, digest, context)


def _record(credentials: Credentials, account_id: str, chain: Chain, digest: str, context: Context) -> Record:
    """Return the record of a session of `chain`, which has `digest`."""
    source, target, settings = chain.source, chain.target, chain.shell_settings()
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
        chain_digest=digest,
        base_key_digest=source.base_key_digest(context),
        sign_in_id=source.sign_in.id(context) if source.sign_in else "",
        agents=chain.agents,
        agents_key=chain.target.agents,
        fingerprint=chain.dependencies.fingerprint(),
    )
