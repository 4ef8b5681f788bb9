"""What is cached: a session and what it came from, as plain lines, which need no parser; and the verdict on it."""

from role_env import fingerprint
from role_env.credentials import Credentials, Session, is_due
from role_env.fingerprint import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.sessions import Request


class Record:
    """A cached session, and what it came from.

    `endpoint` and `session_name` are those of its request to STS, and `policy_digest` is the digest of the session
    policy that was sent (empty for none). `chain_digest` is the digest of the resolved chain, and `base_key_digest`
    that of the base key: the user's own key in the environment, for `credential_source = environment`. `sign_in_id` is
    the ID of the sign-in that it came from (the last two are empty if there is none). `agents_policy` is `read-only` if
    the profile's key `agents` made it so, and `agents_key` the value of that key: with it, agents have sessions of
    their own. `fingerprint` has the state of the files and variables that it depends on.
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
        sign_in_id: str,
        agents_policy: str,
        agents_key: str,
        fingerprint: list[str],
    ) -> None:
        self.session = session
        self.endpoint = endpoint
        self.session_name = session_name
        self.policy_digest = policy_digest
        self.chain_digest = chain_digest
        self.base_key_digest = base_key_digest
        self.sign_in_id = sign_in_id
        self.agents_policy = agents_policy
        self.agents_key = agents_key
        self.fingerprint = fingerprint

    def is_unchanged(self, environ: "Mapping[str, str]") -> bool:
        """Return whether every file, variable and base key that the session was made from is as it was."""
        if not fingerprint.is_current(self.fingerprint, environ):
            return False
        return not self.base_key_digest or self.base_key_digest == _base_key_digest(environ)


def _base_key_digest(environ: "Mapping[str, str]") -> str:
    """Return the digest of the user's own key in the environment; empty if there is none, or half of one."""
    from role_env.environ.keys import own_key  # the fast path judges no record with a base key
    from role_env.errors import ProfileError
    from role_env.sources.base import key_digest

    try:
        key = own_key(environ)
    except ProfileError:
        return ""
    return key_digest(key) if key else ""


# --- the text of a record


_OF_SESSION = ("profile", "role_arn", "account_id", "region_id", "fallback_region", "policy_name")
_OF_RECORD = (
    "endpoint",
    "session_name",
    "policy_digest",
    "chain_digest",
    "base_key_digest",
    "sign_in_id",
    "agents_policy",
    "agents_key",
)
_OF_KEY = ("access_key_id", "access_key_secret", "security_token")
_FIELDS = (*_OF_SESSION, *_OF_RECORD, *_OF_KEY, "families", "cli_can_follow", "shown", "issued", "expiration")
_HEAD = f"role-env session 1 {' '.join(_FIELDS)}"
"""The first line. It names the fields, so a record with a field more or less is one of another format."""


def text_of(record: Record) -> str:
    """Return the text that stores `record`: a line for each field, then the fingerprint."""
    session, credentials = record.session, record.session.credentials
    lines = [
        _HEAD,
        *(getattr(session, name) for name in _OF_SESSION),
        *(getattr(record, name) for name in _OF_RECORD),
        *(getattr(credentials, name) for name in _OF_KEY),
        " ".join(session.families),
        "yes" if session.cli_can_follow else "",
        "\t".join(f"{name} {value}" for name, value in session.display_keys.items()),
        f"{credentials.issued:.3f}",
        str(credentials.expiration),
        *record.fingerprint,
    ]
    return "\n".join([*lines, end_line(lines)])


def end_line(lines: list[str]) -> str:
    """Return the last line, which proves that a record is complete. A damaged record is never used."""
    return "end " + sha256("\n".join(lines))


def parse_record(text: str, profile: str) -> Record | None:
    """Return the record in `text`; None if it is empty, damaged, of another format or of another profile."""
    lines = text.split("\n")
    if lines[0] != _HEAD or lines[-1] != end_line(lines[:-1]):
        return None
    found = dict(zip(_FIELDS, lines[1:], strict=False))
    if found["profile"] != profile:
        return None
    credentials = Credentials(
        *(found[name] for name in _OF_KEY), issued=float(found["issued"]), expiration=int(found["expiration"])
    )
    session = Session(
        credentials=credentials,
        base_key=None,  # only its digest is stored
        families=tuple(found["families"].split()),
        cli_can_follow=bool(found["cli_can_follow"]),
        display_keys=dict(each.partition(" ")[::2] for each in found["shown"].split("\t") if each),
        **{name: found[name] for name in _OF_SESSION},
    )
    return Record(session, fingerprint=lines[1 + len(_FIELDS) : -1], **{name: found[name] for name in _OF_RECORD})


# --- the verdict


USE, RENEW, MISS, UNSURE = "use", "renew", "miss", "unsure"
_DECISIONS = {
    USE: "the cached session is used",
    RENEW: "the cached session is renewed",
    MISS: "a new session is requested",
    UNSURE: "the profiles file is read",
}


class Verdict:
    """What is to be done about a cached session, and `why`.

    `action` is USE; RENEW if it is the right one and still valid but has too little time left; MISS if it is another
    one or has expired, or there is none; UNSURE if only the chain can tell.
    """

    def __init__(self, action: str, why: str) -> None:
        self.action = action
        self.why = why

    def __str__(self) -> str:
        return f"{_DECISIONS[self.action]}: {self.why}"


def judge_by_files(record: Record | None, request: "Request", path: str, environ: "Mapping[str, str]") -> Verdict:
    """Return the verdict on `record`, cached for `request` through the profiles file at `path`, without a parser.

    As long as nothing that it was made from has changed, it is the right one. Otherwise the verdict is UNSURE.
    """
    if record is None or record.session.credentials.issued < request.issued_since:
        return _none(record, request)
    # Through a symlink to the file, a relative path in it may lead elsewhere.
    if not fingerprint.has_file(record.fingerprint, path):
        return Verdict(UNSURE, "the cached session was made through another path to it")
    if request.expect_account not in ("", record.session.account_id):
        return Verdict(UNSURE, "the cached session is of another account")
    if not record.is_unchanged(environ):
        return Verdict(UNSURE, "something that the cached session was made from may have changed")
    return _judge_age(record, request, "nothing that it was made from has changed")


def judge_by_chain(record: Record | None, request: "Request", chain_digest: str) -> Verdict:
    """Return the verdict on `record`, cached for `request`, whose chain has `chain_digest`. It is never UNSURE."""
    if record is None or record.session.credentials.issued < request.issued_since:
        return _none(record, request)
    if record.chain_digest != chain_digest:
        return Verdict(MISS, "who requests it, or what is requested, has changed")
    return _judge_age(record, request, "who requests it, and what is requested, is the same")


def _none(record: Record | None, request: "Request") -> Verdict:
    if record:
        return Verdict(MISS, "the cached one was issued before this request")
    return Verdict(MISS, "the cache is not used" if request.no_cache else "no session is cached")


def _judge_age(record: Record, request: "Request", why_right: str) -> Verdict:
    """Return the verdict on the right record, by the time that it has left."""
    credentials = record.session.credentials
    if not is_due(credentials.issued, credentials.expiration, max(request.min_ttl, request.renewal_ttl)):
        return Verdict(USE, why_right)
    left = credentials.remaining()
    why = f"the cached one has {int(left)} seconds left" if int(left) > 0 else "the cached one has expired"
    return Verdict(RENEW if left > request.min_ttl else MISS, why)
