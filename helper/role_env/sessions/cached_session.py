"""Load and store the session of a chain, and the proof that it was requested here."""

from role_env.context import Context
from role_env.credentials import Credentials, Session
from role_env.keyrings import Entry
from role_env.sessions.chain import Chain
from role_env.sessions.proof import Proof
from role_env.sessions.record import Record
from role_env.sessions.store import Cache


class CachedSession:
    """The session of `chain`, stored as `entry` in `cache`, if there is a cache and the session may be cached.

    A proof is stored beside it, also if the session itself may not be cached.
    """

    def __init__(self, chain: Chain, entry: Entry, cache: Cache | None, context: Context) -> None:
        self.entry = entry
        self.digest = chain.digest(context)
        self._chain = chain
        self._context = context
        self._cache = cache if chain.is_cacheable else None
        self._proof_cache = cache

    @property
    def is_cached(self) -> bool:
        """Whether the session is cached."""
        return self._cache is not None

    def prepare(self) -> None:
        """Prepare `store` in the background."""
        if self._cache:
            self._cache.prepare()

    def load(self) -> Record | None:
        """Return the cached record, valid or not."""
        return self._cache.load(self.entry) if self._cache else None

    def store(self, credentials: Credentials, account_id: str) -> Record:
        """Store the session that has `credentials`, and return its record."""
        record = self._record(credentials, account_id)
        if self._proof_cache:
            proof = Proof(self.entry, record.endpoint)
            proof.store(self.digest, self._context, self._proof_cache)
            record.seal = proof.seal(record)
        if self._cache:
            self._cache.store(self.entry, record)
        return record

    def renewed_record(self, old: Record) -> Record:
        """Return the record of the session of `old`, with the chain's present settings."""
        record = self._record(old.session.credentials, old.session.account_id)
        record.seal = old.seal
        return record

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
            chain=self.digest,
            base=chain.source.identity(self._context)[0] if chain.source.row.has_base_key else "",
            sign_in=chain.source.sign_in.id(self._context) if chain.source.sign_in else "",
            has_agents_key=bool(target.agents),
            fingerprint_lines=chain.fingerprint.lines(),
        )
