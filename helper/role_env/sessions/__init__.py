"""A request for a session, the record of the session that is cached for it, and its text in the shell.

The fast path reads the record and writes the text, ROLE_ENV_REQUEST, so this module imports almost nothing.
"""

import os

from role_env import fingerprint, variables
from role_env.credentials import Credentials, RoleArn, Session
from role_env.fingerprint import sha256
from role_env.keyrings import Entry, session_entry
from role_env.variables import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FORMAT = 1


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
    """A profile and the options. Times are in seconds; an option that is not given is empty or None.

    A session with less than `min_ttl` left is never used. A session with less than `wanted_ttl` left is renewed, but
    still used if STS cannot be reached. `agent` is the agent that makes the request, empty for a person. With
    `expect_account`, a session of any other account is refused. A renewal (`is_renewal`) is as narrow as the session
    that it renews, whatever the profile says of agents by now.
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
        wanted_ttl: int = 0,
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
        self.refresh = refresh
        self.no_cache = no_cache
        self.expect_account = expect_account
        self.wanted_ttl = wanted_ttl
        self.narrowing = narrowing or Narrowing()
        self.agent = agent
        self.is_renewal = is_renewal

    def accepts(self, found: "Record") -> bool:
        """Return whether the session `found` has enough time left without a renewal."""
        return not found.session.credentials.needs_renewal(max(self.min_ttl, self.wanted_ttl))

    def judge(self, found: "Record | None", digest: str) -> "tuple[bool, str]":
        """Return whether the cached session `found` is of the chain that has `digest` and lasts, and why."""
        if found is None:
            return False, "no session is cached"
        if found.chain != digest:
            return False, "who requests it, or what is requested, has changed"
        if not self.accepts(found):
            left = int(found.session.credentials.remaining())
            return False, f"the cached one has {left} seconds left" if left > 0 else "the cached one has expired"
        return True, "who requests it, and what is requested, is the same"

    def entry(self, path: str) -> Entry:
        """Return the entry in the keyring for this request with the profiles file at `path`.

        An agent has entries of its own, with and without --full: the profile's key `agents` decides what they are.
        """
        policy = "" if self.narrowing.agent else self.narrowing.name
        duration = "" if self.duration is None else str(self.duration)
        options = [duration, self.session_name, policy, self.agent, self._full]
        return session_entry(os.path.realpath(path), self.profile, "\0".join(options))

    @property
    def _full(self) -> str:
        """`yes` for an agent's --full, which decides what the session is. A person's only allows it."""
        return "yes" if self.agent and self.narrowing.is_full_allowed else ""

    def text(self, path: str, found: "Record") -> str:
        """Return the JSON of ROLE_ENV_REQUEST for the session `found`, requested through the profiles file at `path`.

        It begins with the number of its format, and repeats every variable that shows the session: a value of another
        session, or a changed one, is noticed.
        """
        policy = self.narrowing.name
        options = {
            "session_name": self.session_name,
            "region": self.region,
            "expect_account": self.expect_account,
            "policy": policy or found.agents,
            "policy_file": self.narrowing.file,
            "agent": self.agent,
            "agents": found.agents,
            "full": self._full,
        }
        given = {} if self.duration is None else {"duration": str(self.duration)}
        given |= {name: json_text(value) for name, value in options.items() if value}
        session, credentials = found.session, found.session.credentials
        values = {
            "sts_endpoint": found.endpoint,
            "session_name": found.session_name,
            "policy_digest": found.policy_digest,
            "role_arn": session.role_arn,
            "account_id": session.account_id,
            "policy": session.policy,
            "families": " ".join(variables.families(session)),
            "color": session.color,
            "access_key_id": credentials.access_key_id,
            "expiration": str(credentials.expiration),
            "server": "",
        }
        asked = {"format": str(_FORMAT), "config": json_text(path), "profile": json_text(session.profile)}
        issued = {name: json_text(value) for name, value in values.items()} | {"issued": str(int(credentials.issued))}
        return _object({**asked, "options": _object(given), **issued})


# --- the cached session that answers a request: plain lines, which need no parser

UNCHANGED = "the cached session is used: nothing that it was made from has changed"
"""The message about a cached session that answers a request, also on the fast path."""

_HEAD = "role-env session 1"
_SESSION_FIELDS = ("profile", "role_arn", "account_id", "region_id", "fallback_region", "color", "policy")
_REQUEST_FIELDS = ("endpoint", "session_name", "policy_digest", "chain", "base", "sign_in", "agents")
_KEY_FIELDS = ("access_key_id", "access_key_secret", "security_token")
_FIELDS = (*_SESSION_FIELDS, "variables", "in_cli_file", *_REQUEST_FIELDS, "issued", "expiration", *_KEY_FIELDS)


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

    def is_answer(self, request: "Request", path: str, environ: "Mapping[str, str]") -> bool:
        """Return whether the session answers `request`, made through the profiles file at `path`, as it is.

        Through a symlink, a relative path in the file may lead elsewhere.
        """
        is_of_account = request.expect_account in ("", self.session.account_id)
        is_of_file = fingerprint.has_file(self.fingerprint_lines, path)
        return is_of_account and is_of_file and request.accepts(self) and self.is_unchanged(environ)

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
            "1" if session.in_cli_file else "",
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


def parse_record(text: str, profile: str) -> "Record | None":
    """Return the record in `text`; None if it is damaged, of another format or of another profile."""
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
        base=None,  # only its digest is stored
        in_cli_file=bool(found["in_cli_file"]),
        **{name: found[name] for name in _SESSION_FIELDS},
    )
    return Record(
        session,
        fingerprint_lines=lines[len(_FIELDS) + 1 : -1],
        **{name: found[name] for name in _REQUEST_FIELDS},
    )


# --- the request in a shell


class ShellRequest:
    """A request that was made in a shell, and what the session is that it returned.

    `config` is the absolute path of the profiles file, `duration` (seconds) and `options` the options that were given.
    `endpoint` and `session_name` were sent to STS, and `policy_digest` is the digest of the policy that was sent.
    `policy` is the session's value of ROLE_ENV_POLICY.
    """

    def __init__(self, found: "dict[str, str]", *, duration: int | None, options: "Mapping[str, str]") -> None:
        self.config = found["config"]
        self.profile = found["profile"]
        self.endpoint = found["sts_endpoint"]
        self.session_name = found["session_name"]
        self.policy_digest = found["policy_digest"]
        self.role_arn = RoleArn(found["role_arn"])
        self.account_id = found["account_id"]
        self.policy = found["policy"]
        self.duration = duration
        self.options = options

    @property
    def is_repeatable(self) -> bool:
        """Whether the request can be repeated: no policy came from stdin."""
        return self.option("policy") in ("", variables.READ_ONLY) or bool(self.option("policy_file"))

    @property
    def why_read_only(self) -> str:
        """What made the session read-only. Only meaningful for a read-only session."""
        if self.option("agents"):
            return f"agents = read-only, as {self.option('agent')} requested it"
        return "--read-only" if self.option("policy") == variables.READ_ONLY else "read_only = yes"

    def option(self, name: str) -> str:
        """Return the option of this name, empty if it was not given."""
        return self.options.get(name, "")

    def line(self, environ: "Mapping[str, str]") -> str:
        """Return the line to type that repeats the request, with its file and options."""
        from role_env.shells import hints  # only for a hint

        return hints.switch(" ".join((self.profile, *self._words(environ))), environ)

    def _words(self, environ: "Mapping[str, str]") -> "Iterator[str]":
        import contextlib

        from role_env import paths
        from role_env.shells import hints

        with contextlib.suppress(OSError):
            usual = os.path.abspath(paths.usual_profiles_file(environ))  # noqa: PTH100  as the fast path
            if self.config != usual:
                yield f"--config {hints.quoted(self.config)}"
        if self.duration is not None:
            yield f"--duration {self.duration}"
        for name in ("session_name", "region", "expect_account"):
            if self.option(name):
                yield f"--{name.replace('_', '-')} {hints.quoted(self.option(name))}"
        policy, file = self.option("policy"), self.option("policy_file")
        if policy == variables.READ_ONLY:
            yield "--read-only"
        elif policy:
            yield f"--policy {hints.quoted(file) if file else 'FILE'}"


def parse_request(text: str) -> ShellRequest | None:
    """Return the request in a value of ROLE_ENV_REQUEST, or None for text that role-env did not write."""
    import contextlib

    from role_env import validators  # their JSON is not for the fast path

    with contextlib.suppress(ValueError, TypeError, KeyError):
        found = validators.json_value(text)
        if found["format"] == _FORMAT:
            options: dict[str, str] = dict(found["options"])
            duration = options.pop("duration", None)
            return ShellRequest(found, duration=None if duration is None else int(duration), options=options)
    return None


def request_of_shell(environ: "Mapping[str, str]") -> ShellRequest | None:
    """Return the request of the session in `environ`; None if the variables do not contain it, or of another one."""
    from role_env.environ.session import ShellState

    return None if ShellState(environ).mixed() else parse_request(environ.get(variables.REQUEST, ""))


def line_to_switch_again(environ: "Mapping[str, str]") -> str:
    """Return the line to type that repeats the request of the session in `environ`, or only names its profile."""
    from role_env.shells import hints

    request = request_of_shell(environ)
    return request.line(environ) if request else hints.switch(environ.get("ROLE_ENV_PROFILE", "PROFILE"), environ)


def _object(values: "dict[str, str]") -> str:
    """Return `values`, each in JSON already, as a JSON object on one line. Importing `json` takes 6 ms."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in values.items()) + "}"
