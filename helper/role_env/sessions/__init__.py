"""How a request becomes a session, and the words for it: the request, the cached record, and the verdict on it.

`obtain.py` tells the story:

    load the record that is cached for the request          store.py
    judge it by files and variables: USE, RENEW or MISS      here
    resolve the chain of the profile, with its options      plan.py, chain.py, narrow.py
    judge the record by the chain's digest                  here
    take the lock: of many processes one requests           files/entry_lock.py
    assume the chain's roles, one with the session before   obtain.py
    store the record                                        store.py

The fast path ends at the first USE. It needs only this module, which therefore imports almost nothing; a module more
would cost it more than these classes do.
"""

import os

from role_env import fingerprint, variables
from role_env.credentials import Credentials, Session
from role_env.fingerprint import sha256
from role_env.keyrings import Entry, session_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# --- the request


class Narrowing:
    """The narrowing of a request: by the policy `text` from `file` (empty for stdin), or to reading.

    `is_full_allowed` allows a full request within a narrowed session, or by an agent. `agent` is the agent for which
    the profile, and no option, narrows to reading. Without arguments it narrows nothing. `name` is the session's value
    of ROLE_ENV_POLICY, empty for a full session.
    """

    def __init__(
        self,
        text: str = "",
        *,
        file: str = "",
        is_read_only: bool = False,
        is_full_allowed: bool = False,
        agent: str = "",
    ) -> None:
        self.text = text
        self.file = file
        self.is_read_only = is_read_only
        self.is_full_allowed = is_full_allowed
        self.agent = agent
        self.name = variables.READ_ONLY if is_read_only else sha256(text) if text else ""


class Request:
    """A profile and the options. An option that is not given is empty, zero or None.

    `duration` and the two times to live are in seconds. A session with less than `min_ttl` left is never used. A
    session with less than `renewal_ttl` left is renewed, but still used if STS cannot be reached. Only a session issued
    at `issued_since` (epoch seconds) or later is used: with `--refresh`, since the request. `agent` is the agent that
    makes the request, empty for a person. With `expect_account`, a session of any other account is refused. A renewal
    (`is_renewal`) is as narrow as the session that it renews, whatever the profile says of agents by now, and fails
    where another request would still use that one.
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
        renewal_ttl: int = 0,
        issued_since: float = 0,
        no_cache: bool = False,
        expect_account: str = "",
        narrowing: Narrowing | None = None,
        agent: str = "",
        is_renewal: bool = False,
    ) -> None:
        self.profile = profile
        self.config = config
        self.duration = duration
        self.session_name = session_name
        self.region = region
        self.min_ttl = min_ttl
        self.renewal_ttl = renewal_ttl
        self.issued_since = issued_since
        self.no_cache = no_cache
        self.expect_account = expect_account
        self.narrowing = narrowing or Narrowing()
        self.agent = agent
        self.is_renewal = is_renewal

    def entry(self, path: str) -> Entry:
        """Return the entry in the keyring for this request with the profiles file at `path`.

        An agent has entries of its own, with and without --full. Without the profile's key `agents` its request is a
        person's (`plan.decide_agent`).
        """
        policy = "" if self.narrowing.agent else self.narrowing.name
        duration = "" if self.duration is None else str(self.duration)
        options = [duration, self.session_name, policy, self.agent, self.full]
        return session_entry(os.path.realpath(path), self.profile, "\0".join(options))

    def for_person(self) -> "Request":
        """Return the same request, as a person's."""
        return Request(**{**vars(self), "agent": ""})

    @property
    def full(self) -> str:
        """`yes` for an agent's --full, which decides what the session is. A person's only allows it."""
        return "yes" if self.agent and self.narrowing.is_full_allowed else ""


# --- the record: the cached session, as plain lines, which need no parser


_HEAD = "role-env session 1"
_SESSION_FIELDS = ("profile", "role_arn", "account_id", "region_id", "fallback_region", "color", "policy")
_ORIGIN_FIELDS = {
    "endpoint": "endpoint",
    "session_name": "session_name",
    "policy_digest": "policy_digest",
    "chain": "chain_digest",
    "base": "base_key_digest",
    "sign_in": "sign_in_id",
    "agents": "agents",
    "agents_key": "agents_key",
}
"""The names in the text of what the session came from, with those of the record's attributes."""
_KEY_FIELDS = ("access_key_id", "access_key_secret", "security_token")
_FIELDS = (*_SESSION_FIELDS, "variables", "in_cli_file", *_ORIGIN_FIELDS, "issued", "expiration", *_KEY_FIELDS)


class Record:
    """A cached session, and what it came from.

    `endpoint` and `session_name` are those of its request to STS, and `policy_digest` is the digest of the session
    policy that was sent (empty for none). `chain_digest` is the digest of the resolved chain, and `base_key_digest`
    that of the base key in the environment; `sign_in_id` is the ID of the sign-in that it came from (the last two are
    empty if there is none). `agents` is `read-only` if the profile's key of that name made it so, and `agents_key` the
    value of that key: with it, agents have sessions of their own. `fingerprint` has the files and variables that it
    depends on.
    """

    def __init__(
        self,
        session: Session,
        *,
        endpoint: str,
        session_name: str,
        policy_digest: str,
        chain_digest: str,
        base_key_digest: str,
        sign_in_id: str = "",
        agents: str = "",
        agents_key: str = "",
        fingerprint: list[str],
    ) -> None:
        self.session = session
        self.endpoint = endpoint
        self.session_name = session_name
        self.policy_digest = policy_digest
        self.chain_digest = chain_digest
        self.base_key_digest = base_key_digest
        self.sign_in_id = sign_in_id
        self.agents = agents
        self.agents_key = agents_key
        self.fingerprint = fingerprint

    def is_unchanged(self, environ: "Mapping[str, str]") -> bool:
        """Return whether every file, variable and base key that the session was made from is as it was."""
        if not fingerprint.is_current(self.fingerprint, environ):
            return False
        return not self.base_key_digest or self.base_key_digest == _base_key_digest(environ)

    def text(self) -> str:
        """Return the text that stores the record."""
        session, credentials = self.session, self.session.credentials
        values = (
            *(getattr(session, name) for name in _SESSION_FIELDS),
            " ".join(session.variables),
            "1" if session.in_cli_file else "",
            *(getattr(self, name) for name in _ORIGIN_FIELDS.values()),
            f"{credentials.issued:.3f}",
            str(credentials.expiration),
            *(getattr(credentials, name) for name in _KEY_FIELDS),
        )
        lines = [_HEAD, *map(" ".join, zip(_FIELDS, values, strict=True)), *self.fingerprint]
        return "\n".join([*lines, end_line(lines)])


def end_line(lines: list[str]) -> str:
    """Return the last line, which proves that a record is complete. A damaged record is never used."""
    return "end " + sha256("\n".join(lines))


def parse_record(text: str, profile: str) -> "Record | None":
    """Return the record in `text`; None if it is empty, damaged, of another format or of another profile."""
    lines = text.split("\n")
    if lines[0] != _HEAD or lines[-1] != end_line(lines[:-1]):
        return None
    found = dict(line.partition(" ")[::2] for line in lines[1 : len(_FIELDS) + 1])
    if found["profile"] != profile:
        return None
    session = Session(
        credentials=Credentials(
            *(found[name] for name in _KEY_FIELDS), issued=float(found["issued"]), expiration=int(found["expiration"])
        ),
        variables=tuple(found["variables"].split()),
        base_key=None,  # only its digest is stored
        in_cli_file=bool(found["in_cli_file"]),
        **{name: found[name] for name in _SESSION_FIELDS},
    )
    return Record(
        session,
        fingerprint=lines[len(_FIELDS) + 1 : -1],
        **{attribute: found[name] for name, attribute in _ORIGIN_FIELDS.items()},
    )


def _base_key_digest(environ: "Mapping[str, str]") -> str:
    """Return the digest of the user's own key in the environment; empty if there is none, or half of one."""
    from role_env.environ.keys import own_key  # the fast path reads no record with a base key
    from role_env.errors import ProfileError
    from role_env.sources.base import key_digest

    try:
        key = own_key(environ)
    except ProfileError:
        return ""
    return key_digest(key) if key else ""


# --- the verdict


USE, RENEW, MISS = "use", "renew", "miss"
UNCHANGED = "nothing that it was made from has changed"
"""Why a cached session is used before the profiles file is read."""


class Verdict:
    """What is to be done with a cached session, and `why`.

    `action` is USE, RENEW if the session is the right one and still valid but has too little time left, or MISS if it
    is another one or has expired, or there is none.
    """

    def __init__(self, action: str, why: str) -> None:
        self.action = action
        self.why = why


def judge(
    record: Record | None, request: Request, path: str, environ: "Mapping[str, str]", *, chain_digest: str = ""
) -> Verdict:
    """Return the verdict on `record`, which is cached for `request` through the profiles file at `path`.

    Whether it is the right session is decided by the digest of the resolved chain. As long as that is not known, it is
    only right if nothing that it was made from has changed, which needs no parser: a MISS may then still become a USE.
    """
    if record is None:
        return Verdict(MISS, "no session is cached")
    credentials = record.session.credentials
    if credentials.issued < request.issued_since:
        return Verdict(MISS, "--refresh requests a new one")
    if chain_digest and record.chain_digest != chain_digest:
        return Verdict(MISS, "who requests it, or what is requested, has changed")
    if not chain_digest and not _is_surely_right(record, request, path, environ):
        return Verdict(MISS, "something that it was made from may have changed")
    if credentials.needs_renewal(max(request.min_ttl, request.renewal_ttl)):
        left = credentials.remaining()
        why = f"the cached one has {int(left)} seconds left" if int(left) > 0 else "the cached one has expired"
        return Verdict(RENEW if left > request.min_ttl else MISS, why)
    return Verdict(USE, "who requests it, and what is requested, is the same" if chain_digest else UNCHANGED)


def _is_surely_right(record: Record, request: Request, path: str, environ: "Mapping[str, str]") -> bool:
    """Return whether the record is of this file and account, and nothing that it was made from has changed.

    Through a symlink to the file, a relative path in it may lead elsewhere.
    """
    is_of_account = request.expect_account in ("", record.session.account_id)
    return is_of_account and fingerprint.has_file(record.fingerprint, path) and record.is_unchanged(environ)
