"""The record of a session in a keyring, in plain lines that need no parser.

A damaged record counts as a miss rather than an error.
"""

from role_env import fingerprint, variables
from role_env.credentials import Credentials, Session
from role_env.fingerprint import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.sessions import Request

UNCHANGED = "the cached session is used: nothing that it was made from has changed"
"""The message about a cached session that answers a request, also on the fast path."""

_HEAD = "role-env session 1"
_SESSION_FIELDS = ("profile", "role_arn", "account_id", "region_id", "fallback_region", "color")
_REQUEST_FIELDS = ("endpoint", "session_name", "policy_digest", "chain", "base", "sign_in")
_KEY_FIELDS = ("access_key_id", "access_key_secret", "security_token")
_FIELDS = (
    *_SESSION_FIELDS,
    "variables",
    "policy",
    "in_cli_file",
    "agents",
    *_REQUEST_FIELDS,
    "issued",
    "expiration",
    *_KEY_FIELDS,
)


class Record:
    """A cached session.

    `endpoint` and `session_name` are those of its request, and `policy_digest` is the digest of the session policy that
    was sent (empty for none). `chain` and `base` are digests of the resolved chain and of the base key in the
    environment, and `sign_in` is the ID of the sign-in that it came from (the last two are empty if there is none).
    `fingerprint_lines` record the files and variables that it depends on. `agents` is `read-only` if the profile's key
    of that name made it so.
    """

    def __init__(
        self,
        session: Session,
        *,
        endpoint: str,
        session_name: str,
        policy_digest: str,
        chain: str,
        base: str,
        sign_in: str = "",
        agents: str = "",
        fingerprint_lines: list[str],
    ) -> None:
        self.session = session
        self.endpoint = endpoint
        self.session_name = session_name
        self.policy_digest = policy_digest
        self.chain = chain
        self.base = base
        self.sign_in = sign_in
        self.agents = agents
        self.fingerprint_lines = fingerprint_lines

    def is_current(self, path: str, environ: "Mapping[str, str]") -> bool:
        """Return whether the session was requested through the profiles file at `path` and nothing has changed since.

        Through a symlink, a relative path in the file may lead elsewhere.
        """
        lines = self.fingerprint_lines
        return fingerprint.has_file(lines, path) and fingerprint.is_current(lines, environ)

    def is_answer(self, request: "Request", path: str, environ: "Mapping[str, str]") -> bool:
        """Return whether the session answers `request`, made through the profiles file at `path`, as it is."""
        is_expected = request.expect_account in ("", self.session.account_id)
        return is_expected and request.accepts(self) and self.is_current(path, environ)

    def answer(self, request: "Request", path: str) -> Session:
        """Return the session as the answer to `request`, made through the profiles file at `path`."""
        session = self.session
        session.request = request.text(path, self)
        session.region_id = request.region or session.region_id
        return session

    def is_unchanged(self, environ: "Mapping[str, str]") -> bool:
        """Return whether every file and variable that the session depends on is unchanged."""
        return fingerprint.is_current(self.fingerprint_lines, environ)

    def text(self) -> str:
        """Return the text that stores the record."""
        session, credentials = self.session, self.session.credentials
        values = (
            *(getattr(session, name) for name in _SESSION_FIELDS),
            " ".join(session.variables),
            _policy_line(session.policy),
            "1" if session.in_cli_file else "",
            self.agents,
            *(getattr(self, name) for name in _REQUEST_FIELDS),
            f"{credentials.issued:.3f}",
            str(credentials.expiration),
            *(getattr(credentials, name) for name in _KEY_FIELDS),
        )
        lines = [_HEAD, *map(" ".join, zip(_FIELDS, values, strict=True)), *self.fingerprint_lines]
        return "\n".join([*lines, end_line(lines)])


def end_line(lines: list[str]) -> str:
    """Return the last line, which proves that a record is complete. A damaged record is never used."""
    return "end " + sha256("\n".join(lines))


def parse(text: str, profile: str) -> "Record | None":
    """Return the record in `text`; None if it is damaged, of another format or of another profile."""
    lines = text.split("\n")
    found = _fields(lines)
    if not found:
        return None
    policy = found["policy"].partition(" ")[0]
    families = found["variables"].split()
    if found["policy"] != _policy_line(policy):
        return None
    if found["profile"] != profile or not families or not variables.FAMILIES.keys() >= {*families}:
        return None
    key = [found[name] for name in _KEY_FIELDS]
    whole = "".join(key)
    try:
        issued, expiration = float(found["issued"]), int(found["expiration"])
    except ValueError:
        return None
    if not (all(key) and whole.isascii() and whole.isprintable() and issued < expiration):
        return None
    session = Session(
        credentials=Credentials(*key, issued=issued, expiration=expiration),
        variables=tuple(families),
        policy=policy,
        base=None,  # only its digest is stored
        in_cli_file=bool(found["in_cli_file"]),
        **{name: found[name] for name in _SESSION_FIELDS},
    )
    return Record(
        session,
        agents=found["agents"],
        fingerprint_lines=lines[len(_FIELDS) + 1 : -1],
        **{name: found[name] for name in _REQUEST_FIELDS},
    )


def _fields(lines: list[str]) -> dict[str, str]:
    """Return the values by field; none if the record is damaged or of another format."""
    if lines[0] != _HEAD or len(lines) < len(_FIELDS) + 2 or lines[-1] != end_line(lines[:-1]):
        return {}
    found = {}
    for name, line in zip(_FIELDS, lines[1:], strict=False):
        if not line.startswith(name + " "):
            return {}
        found[name] = line[len(name) + 1 :]
    return found


def _policy_line(policy: str) -> str:
    """Return the line for a session's policy. For read-only it has the revision: a record with another is a miss."""
    if policy != "read-only":
        return policy
    from role_env.profiles import policies

    return f"{policy} {policies.revision()}"
