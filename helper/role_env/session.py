"""From a profile's name to a session: the kept one while it stands, else a new one from STS, kept for the next.

The order: the kept record decides by file stats and variables alone; only when they differ is the file parsed; only
when the chain differs, or the session is near its end, is STS asked.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping

from role_env import lock, profiles, sources, sts
from role_env.cache import Cache
from role_env.credentials import AccessKey, Credentials, Session
from role_env.deadline import Deadline
from role_env.errors import ProfileError, RefusedError, UnreachableError, UsageError
from role_env.messages import Messages
from role_env.origin import Origin
from role_env.profiles import Profile, ProfilesFile
from role_env.record import Entry, Record, entry

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


class Chain:
    """The profiles from where the chain begins to the one asked for, and the key that it begins with."""

    def __init__(self, hops: list[Profile], key: AccessKey, origin: Origin) -> None:
        self.hops = hops
        self.key = key
        self.origin = origin
        self.base = sources.digest(key) if hops[0].credential_source == "environment" else ""

    @property
    def target(self) -> Profile:
        """The profile that was asked for."""
        return self.hops[-1]

    def digest(self) -> str:
        """A digest of everything that decides who asks for which role."""
        roles = [
            [
                *(hop.role_arn, hop.role_session_name, hop.duration_seconds, hop.external_id, hop.policy),
                *(hop.source_identity, hop.endpoint),
            ]
            for hop in self.hops
        ]
        return hashlib.sha256(json.dumps([sources.digest(self.key), roles]).encode()).hexdigest()


def obtain(request: Request, environ: Mapping[str, str], *, deadline: Deadline, messages: Messages) -> Session:
    """The session for `request`, from the keyring or from STS. Raises any RoleEnvError."""
    return _Obtaining(request, environ, deadline, messages).session()


def resolve(request: Request, file: ProfilesFile, origin: Origin, environ: Mapping[str, str]) -> Chain:
    """The chain of the profile, with the request's options, checked. Raises ProfileError, UsageError."""
    request.role_arn = file.role_arn(request.profile)
    hops = file.chain(request.profile)
    hops[-1] = _with_options(hops[-1], request)
    return Chain(hops, sources.access_key(hops[0], environ), origin)


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
    return target


class _Obtaining:
    """One run from request to session."""

    def __init__(self, request: Request, environ: Mapping[str, str], deadline: Deadline, messages: Messages) -> None:
        self._request = request
        self._environ = environ
        self._deadline = deadline
        self._messages = messages
        self._began = time.time()
        self._origin = Origin(environ)
        self._path = profiles.locate(request.config, self._origin)
        self._entry = request.entry(self._path)
        self._cache = None if request.no_cache else Cache(environ, messages, deadline)

    def session(self) -> Session:
        """The kept session while it stands, else a new one. Raises any RoleEnvError."""
        kept = self._cache.load(self._entry) if self._cache else None
        if kept and not self._request.refresh and self._stands(kept):
            self._messages.decided("the kept session is used: nothing that it was made from has changed")
            return self._from_record(kept)
        chain = resolve(self._request, ProfilesFile(self._path, self._origin), self._origin, self._environ)
        _check_accounts(chain, self._request.expect_account)
        if not chain.target.role_arn:
            raise ProfileError(
                f"profile {chain.target.name} is only a source, without role_arn ({chain.target.where})",
                hint="role-env hands out temporary credentials only; ask for a profile with role_arn",
            )
        good = kept if kept and kept.chain == chain.digest() and not self._request.refresh else None
        if good and self._fresh(good):
            self._messages.decided("the kept session is used: its chain is the same")
            return self._from_record(self._keep(good.credentials, chain))
        return self._from_record(self._renewed(chain, good.credentials if good else None))

    def _stands(self, kept: Record) -> bool:
        """Whether the record answers the request without a look into the profiles file."""
        if not self._fresh(kept) or not kept.unchanged(self._environ):
            return False
        expected = self._request.expect_account
        if expected and profiles.account_of(kept.role_arn) != expected:
            return False
        return not kept.base or kept.base == self._base_digest()

    def _base_digest(self) -> str:
        try:
            key = sources.environment_key(self._environ)
        except ProfileError:
            return ""
        return sources.digest(key) if key else ""

    def _fresh(self, record: Record) -> bool:
        return not record.credentials.needs_renewal(time.time(), min_ttl=self._request.min_ttl)

    def _renewed(self, chain: Chain, good: Credentials | None) -> Record:
        """A new session; `good` are old credentials that are used when STS cannot be reached, as long as they last."""
        if good and good.remaining(time.time()) <= max(0, self._request.min_ttl):
            good = None
        with lock.held(self._entry, self._environ, seconds=0 if good else self._deadline.remaining() / 2) as busy:
            if busy and good:
                self._messages.decided("another process is renewing the session; the old one is still good")
                return _record(good, chain)
            if again := self._stored_meanwhile(chain):
                self._messages.decided("another process has just got the session")
                return again
            deadline = Deadline(min(RENEWAL_SECONDS, self._deadline.remaining())) if good else self._deadline
            try:
                return self._keep(self._assume(chain, deadline), chain)
            except UnreachableError as failure:
                if not good:
                    raise
                self._messages.warn(f"{failure.message}; the session that is there is used")
                return _record(good, chain)

    def _stored_meanwhile(self, chain: Chain) -> Record | None:
        """The session that another process stored while this one waited."""
        record = self._cache.load(self._entry) if self._cache else None
        if not record or record.chain != chain.digest() or not self._fresh(record):
            return None
        return record if not self._request.refresh or record.credentials.issued >= self._began else None

    def _assume(self, chain: Chain, deadline: Deadline) -> Credentials:
        key = chain.key
        credentials = None
        for hop in chain.hops:
            if hop.role_arn:
                self._messages.decided(f"AssumeRole of {hop.role_arn} at {hop.endpoint}")
                key = credentials = assume(hop, key, deadline)
        if credentials is None:
            raise AssertionError("a chain without a role")
        return credentials

    def _keep(self, credentials: Credentials, chain: Chain) -> Record:
        record = _record(credentials, chain)
        if self._cache:
            self._cache.store(self._entry, record)
        return record

    def _from_record(self, record: Record) -> Session:
        return Session(
            record.profile,
            record.role_arn,
            record.credentials,
            region_id=self._request.region or record.region_id,
            variables=record.variables,
            base=sources.environment_key(self._environ) if record.base else None,
        )


def _record(credentials: Credentials, chain: Chain) -> Record:
    return Record(
        credentials,
        profile=chain.target.name,
        role_arn=chain.target.role_arn,
        region_id=chain.target.region_id,
        variables=chain.target.variables,
        chain=chain.digest(),
        base=chain.base,
        origin_lines=chain.origin.lines(),
    )


def assume(hop: Profile, key: AccessKey, deadline: Deadline) -> Credentials:
    """The credentials of the role of `hop`, asked for with `key`. Raises RefusedError, UnreachableError."""
    try:
        return sts.assume_role(
            key,
            endpoint=hop.endpoint,
            role_arn=hop.role_arn,
            session_name=hop.role_session_name,
            duration_seconds=hop.duration_seconds,
            external_id=hop.external_id,
            policy=hop.policy,
            source_identity=hop.source_identity,
            deadline=deadline,
        )
    except sts.StsError as failure:
        if failure.code == "NoPermission":
            raise _no_permission(hop, key, deadline, failure) from None
        raise RefusedError(f"profile {hop.name}: {failure.message} ({hop.where})", hint=failure.hint) from None
    except UnreachableError as failure:
        raise UnreachableError(f"profile {hop.name}: {failure.message}", hint=failure.hint) from None


def _no_permission(hop: Profile, key: AccessKey, deadline: Deadline, failure: sts.StsError) -> RefusedError:
    """Which identity asked for which role, and what it lacks. Who one is can be asked without any permission."""
    asked, trusted = f"the key {key.access_key_id}", "its account"
    with contextlib.suppress(RefusedError, UnreachableError):
        identity = sts.caller_identity(key, endpoint=hop.endpoint, deadline=Deadline(min(3, deadline.remaining())))
        asked, trusted = identity["Arn"], f"acs:ram::{identity['AccountId']}:root"
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": hop.role_arn}
    policy = json.dumps({"Version": "1", "Statement": [statement]})
    return RefusedError(
        f"profile {hop.name}: {asked} may not assume {hop.role_arn}: {failure.message} ({hop.where})",
        hint=f"it needs the policy {policy}, the role's trust policy must name {trusted}, and external_id must be"
        " the one that it asks for",
    )


def _check_accounts(chain: Chain, expect_account: str) -> None:
    for hop in chain.hops:
        expectations = {hop.expected_account_id, expect_account if hop is chain.target else ""} - {""}
        for expected in expectations if hop.role_arn else ():
            account = profiles.account_of(hop.role_arn)
            if account != expected:
                raise RefusedError(
                    f"profile {hop.name}: its role is of account {account}, not of {expected} ({hop.where})",
                    hint="nothing was exported; check role_arn and the expected account",
                )
