"""From a profile's name to a session: the kept one while it stands, else a new one from STS, kept for the next.

The order: the kept record decides by file stats and variables alone; only when they differ is the file parsed; only
when the chain differs, or the session is near its end, is STS asked. The sessions of the roles on the way are kept
too, each as that profile's own, so that ten profiles behind one role cost one call for it.
"""

import os
import time

from role_env import locks as lock
from role_env.context import Context
from role_env.credentials import AccessKey, Credentials, Session
from role_env.deadline import Deadline
from role_env.environ import keys as environment
from role_env.errors import KeyringError, ProfileError, UnreachableError, UsageError
from role_env.fingerprint import Origin
from role_env.keyrings.entry import Entry
from role_env.profiles import file as profiles
from role_env.profiles.file import Profile, ProfilesFile
from role_env.sessions import chain as chains
from role_env.sessions import record as records
from role_env.sessions.assume import assume, assume_with_token, check_account, lent
from role_env.sessions.chain import Chain
from role_env.sessions.record import Record, entry
from role_env.sessions.store import Cache
from role_env.sources.base import EnvironmentKey, OidcToken, digest
from role_env.sts import client as sts

RENEWAL_SECONDS = 3.0


class Request:
    """What was asked for: a profile and the options of every command that obtains a session (seconds; empty or None
    where an option was not given). `role_arn` is filled in as soon as the role is known.
    """

    def __init__(
        self,
        profile: str,
        *,
        config: str = "",
        duration: int | None = None,
        session_name: str = "",
        region: str = "",
        min_ttl: int = 0,
        refresh: bool = False,
        no_cache: bool = False,
        expect_account: str = "",
    ) -> None:
        self.profile = profile
        self.config = config
        self.duration = duration
        self.session_name = session_name
        self.region = region
        self.min_ttl = min_ttl
        self.refresh = refresh
        self.no_cache = no_cache
        self.expect_account = expect_account
        self.role_arn = ""

    def entry(self, path: os.PathLike[str]) -> Entry:
        """The entry in the keyring for this request with the profiles file at `path`."""
        duration = "" if self.duration is None else self.duration
        return entry(os.path.realpath(path), self.profile, f"{duration}\0{self.session_name}")


class CacheDecision:
    """Whether the kept session answers a request, its `expiration` where one is kept, and `why`, in a sentence."""

    def __init__(self, why: str, *, record: Record | None = None, valid: bool = False) -> None:
        self.why = why
        self.valid = valid
        self.expiration = record.credentials.expiration if record else None


def obtain(request: Request, context: Context) -> Session:
    """The session for `request`, from the keyring or from STS. Raises any RoleEnvError."""
    return _Obtaining(request, context).session()


def plan(request: Request, context: Context) -> tuple[Chain, CacheDecision]:
    """The chain that `obtain` would go along, and whether it would use the kept session: without asking anyone.

    Raises ProfileError, UsageError, RefusedError.
    """
    return _Obtaining(request, context).foreseen()


def verify(chain: Chain, context: Context) -> Credentials:
    """Return a new session of `chain`, which is cached like any other. Raises any RoleEnvError."""
    return _Flight(chain, chain.entry(), Cache(context), context).new_since(time.time()).credentials


class _Obtaining:
    """One run from request to session."""

    def __init__(self, request: Request, context: Context) -> None:
        self._request = request
        self._context = context
        self._began = time.time()
        self._origin = Origin(context.environ)
        self._path = profiles.locate(request.config, self._origin)
        self._entry = request.entry(self._path)
        self._cache = None if request.no_cache else Cache(context)

    def session(self) -> Session:
        """The kept session while it stands, else a new one. Raises any RoleEnvError."""
        # A process that asks for a profile on its own way has to hear of it, whatever is kept.
        looping = bool(self._context.environ.get("ROLE_ENV_CHAIN"))
        chain = self._resolved() if looping else None
        kept = self._cache.load(self._entry) if self._cache else None
        if kept and not self._request.refresh and self._stands(kept):
            self._context.messages.decided(records.UNCHANGED)
            return self._from_record(kept)
        chain = chain or self._resolved()
        flight = _Flight(chain, self._entry, self._cache, self._context, min_ttl=self._request.min_ttl)
        if self._request.refresh:
            return self._from_record(flight.new_since(self._began))
        return self._from_record(flight.record(kept))

    def foreseen(self) -> tuple[Chain, CacheDecision]:
        """The chain and the verdict on what is kept. Raises ProfileError, UsageError, RefusedError."""
        chain = self._resolved()
        kept = self._cache.load(self._entry) if self._cache else None
        fresh = kept is not None and not self._request.refresh and self._fresh(kept)
        if kept and fresh and self._stands(kept):
            return chain, CacheDecision("nothing that it was made from has changed", record=kept, valid=True)
        try:
            same = chain.digest(self._context) == (kept.chain if kept else None)
        except (ProfileError, KeyringError) as error:
            return chain, CacheDecision(error.message, record=kept)
        if self._request.refresh or kept is None:
            return chain, CacheDecision("no session is kept" if kept is None else "--refresh asks for one", record=kept)
        if not same:
            return chain, CacheDecision("who asks, or what is asked for, has changed", record=kept)
        if not fresh:
            left = int(kept.credentials.remaining(time.time()))
            why = f"the kept one has {left} seconds left" if left > 0 else "the kept one has expired"
            return chain, CacheDecision(why, record=kept)
        return chain, CacheDecision(
            "it was made from the same, though files were written anew", record=kept, valid=True
        )

    def _resolved(self) -> Chain:
        """The chain, with the request's options, checked."""
        request = self._request
        file = ProfilesFile(self._path, self._origin)
        request.role_arn = file.role_arn(request.profile)
        chain = chains.resolve(file, request.profile, self._origin)
        chain.hops[-1] = _with_options(chain.target, request)
        request.role_arn = chain.role_arn
        chains.check_loop(chain, self._context.environ)
        _check_accounts(chain, request.expect_account)
        if not chain.gives_session:
            raise ProfileError(
                f"profile {chain.target.name} is only a source, without role_arn ({chain.target.where})",
                hint="role-env hands out temporary credentials only; ask for a profile with role_arn",
            )
        return chain

    def _stands(self, kept: Record) -> bool:
        """Whether the record answers the request without a look into the profiles file."""
        if not self._fresh(kept) or not kept.stands(self._path, self._context.environ):
            return False
        expected = self._request.expect_account
        if expected and (not kept.role_arn or profiles.account_of(kept.role_arn) != expected):
            return False
        return not kept.base or kept.base == self._base_digest()

    def _base_digest(self) -> str:
        try:
            key = environment.own_key(self._context.environ)
        except ProfileError:
            return ""
        return digest(key) if key else ""

    def _fresh(self, record: Record) -> bool:
        return not record.credentials.needs_renewal(time.time(), min_ttl=self._request.min_ttl)

    def _from_record(self, record: Record) -> Session:
        return Session(
            record.profile,
            record.role_arn,
            record.credentials,
            region_id=self._request.region or record.region_id,
            colour=record.colour,
            variables=record.variables,
            base=environment.own_key(self._context.environ) if record.base else None,
            in_cli_file=record.in_cli_file,
        )


def _with_options(target: Profile, request: Request) -> Profile:
    if request.session_name:
        target = target.with_session_name(request.session_name)
    if request.duration is not None:
        target = target.with_duration(request.duration)
    if request.min_ttl >= target.duration_seconds:
        raise UsageError(
            f"--min-ttl {request.min_ttl} is not below the session's duration of {target.duration_seconds} seconds",
            hint="no session could ever have so much left",
        )
    if request.expect_account and not target.role_arn and not target.expected_account_id:
        target = target._replace(expected_account_id=request.expect_account)
    return target


class _Flight:
    """One session of `chain`, kept as `entry`: processes that miss it together make one call."""

    def __init__(self, chain: Chain, entry: Entry, cache: Cache | None, context: Context, *, min_ttl: int = 0) -> None:
        self._chain = chain
        self._entry = entry
        self._cache = cache
        self._context = context
        self._min_ttl = min_ttl
        self._digest = chain.digest(context)

    def record(self, kept: Record | None) -> Record:
        """The session: `kept` while it is good, else a new one. Raises any RoleEnvError."""
        good = kept if kept and kept.chain == self._digest else None
        decided, name = self._context.messages.decided, self._chain.target.name
        if kept is None:
            decided(f"no session of {name} is kept")
        elif good is None:
            decided(f"who asks for {name}, or what is asked for, has changed since its kept session was made")
        if good and self._fresh(good):
            decided(f"the kept session of {name} is used: its chain is the same")
            return good if good.unchanged(self._context.environ) else self._keep(good.credentials)
        return self._renewed(good.credentials if good else None, since=0)

    def new_since(self, moment: float) -> Record:
        """A session that was issued after `moment` (seconds since the epoch). Raises any RoleEnvError."""
        return self._renewed(None, since=moment)

    def load(self) -> Record | None:
        """What is kept, whatever it is worth."""
        return self._cache.load(self._entry) if self._cache else None

    def _fresh(self, record: Record) -> bool:
        return not record.credentials.needs_renewal(time.time(), min_ttl=self._min_ttl)

    def _renewed(self, good: Credentials | None, *, since: float) -> Record:
        """A new session; `good` are old credentials that are used when STS cannot be reached, as long as they last."""
        context = self._context
        if good and good.remaining(time.time()) <= max(0, self._min_ttl):
            good = None
        seconds = 0 if good else context.deadline.remaining() / 2
        waiting = context.messages.waiting_for("another role-env, which asks for the same session")
        with lock.held(self._entry.name, context.environ, seconds=seconds, waiting=waiting) as busy:
            if busy and good:
                context.messages.decided("another process is renewing the session; the old one is still good")
                return self._record(good)
            if again := self._stored_meanwhile(since):
                context.messages.decided("another process has just got the session")
                return again
            if self._cache:
                self._cache.prepare()
            deadline = context.deadline.soonest(RENEWAL_SECONDS) if good else context.deadline
            try:
                return self._keep(self._asked(deadline))
            except UnreachableError as failure:
                if not good:
                    raise
                context.messages.warn(f"{failure.message}; the session that is there is used")
                return self._record(good)

    def _stored_meanwhile(self, since: float) -> Record | None:
        """The session that another process stored while this one waited."""
        record = self.load()
        if not record or record.chain != self._digest or not self._fresh(record):
            return None
        return record if record.credentials.issued >= since else None

    def _asked(self, deadline: Deadline) -> Credentials:
        """The session from STS, or from the source where no role is asked for. A source whose session has ended
        before its time, as one that was revoked, is asked for another once.
        """
        context = self._context.with_deadline(deadline)
        try:
            return self._asked_with(context, began=None)
        except sts.StsError as refusal:
            renewable = self._chain.before or self._chain.source.renewable
            if not refusal.code.startswith("InvalidSecurityToken.Expired") or not renewable:
                raise
            context.messages.decided("the source's session has ended: another is asked for")
            return self._asked_with(context, began=time.time())

    def _asked_with(self, context: Context, *, began: float | None) -> Credentials:
        """As _asked, with a source's session that was issued after `began` where that is given."""
        source, hop = self._chain.source, self._chain.target
        waiting = context.messages.waiting_for(f"STS at {hop.endpoint}")
        if not hop.role_arn:
            return lent(self._chain, self._key(context, began), context)
        if isinstance(source, OidcToken) and not self._chain.before:
            context.messages.decided(f"{hop.name}: AssumeRoleWithOIDC of {hop.role_arn} at {hop.endpoint}")
            with waiting:
                return assume_with_token(hop, source, context)
        key = self._key(context, began)
        context.messages.decided(f"{hop.name}: AssumeRole of {hop.role_arn} at {hop.endpoint}")
        with waiting:
            return assume(hop, key, context)

    def _key(self, context: Context, began: float | None) -> AccessKey:
        """The key with which the target's session is asked for, or which is lent as it is."""
        before = self._chain.before
        if before is None:
            marks = [context.environ.get("ROLE_ENV_CHAIN", ""), *self._chain.marks()]
            return self._chain.source.key(context.with_variable("ROLE_ENV_CHAIN", " ".join(marks).strip()))
        flight = _Flight(before, before.entry(), self._cache, context)
        return (flight.record(flight.load()) if began is None else flight.new_since(began)).credentials

    def _keep(self, credentials: Credentials) -> Record:
        record = self._record(credentials)
        if self._cache:
            self._cache.store(self._entry, record)
        return record

    def _record(self, credentials: Credentials) -> Record:
        chain, target = self._chain, self._chain.target
        return Record(
            credentials,
            profile=target.name,
            role_arn=chain.role_arn,
            region_id=target.region_id,
            colour=target.colour,
            variables=target.variables,
            chain=self._digest,
            base=chain.source.identity(self._context)[0] if isinstance(chain.source, EnvironmentKey) else "",
            in_cli_file=chain.is_in_cli_file(),
            origin_lines=chain.origin.lines(),
        )


def _check_accounts(chain: Chain, expect_account: str) -> None:
    target = chain.target
    if not target.role_arn and expect_account:  # of which account a source is, it tells only when it is asked
        check_account(target, target.expected_account_id, expect_account)
    for hop in chain.hops:
        expectations = {hop.expected_account_id, expect_account if hop is target else ""} - {""}
        for expected in expectations if hop.role_arn else ():
            check_account(hop, profiles.account_of(hop.role_arn), expected)
