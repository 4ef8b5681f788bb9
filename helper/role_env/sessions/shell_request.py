"""What a shell remembers of the request for its session: ROLE_ENV_REQUEST is written and read here.

`renew` and `use -` repeat the request, and messages show the line to type that does. The fast path writes it, so this
module imports almost nothing.
"""

import os

from role_env import variables
from role_env.credentials import RoleArn
from role_env.variables import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from role_env.credentials import Session
    from role_env.sessions import Request
    from role_env.sessions.record import Record

_FORMAT = 1


def answer(request: "Request", path: str, record: "Record", environ: "Mapping[str, str]") -> "Session":
    """Return the session of `record` as the answer to `request`, made through the profiles file at `path`."""
    base_key = None
    if record.base_key_digest and not record.session.policy:
        from role_env.environ.keys import own_key  # the fast path answers no such request

        base_key = own_key(environ)
    return record.session.exported(
        request_json=request_text(request, path, record),
        region_id=request.region or record.session.region_id,
        base_key=base_key,
    )


def request_text(request: "Request", path: str, record: "Record") -> str:
    """Return the value of ROLE_ENV_REQUEST for the session of `record`, requested through the profiles file at `path`.

    It begins with the number of its format, and repeats every variable that shows the session: a value of another
    session, or a changed one, is noticed.
    """
    narrowing = request.narrowing
    options = {
        "session_name": request.session_name,
        "region": request.region,
        "expect_account": request.expect_account,
        "policy": narrowing.name or record.agents,
        "policy_file": narrowing.file,
        "agent": request.agent,
        "agents": record.agents,
        "full": request.full,
    }
    given = {} if request.duration is None else {"duration": str(request.duration)}
    given |= {name: json_text(value) for name, value in options.items() if value}
    session, credentials = record.session, record.session.credentials
    values = {
        "sts_endpoint": record.endpoint,
        "session_name": record.session_name,
        "policy_digest": record.policy_digest,
        "role_arn": session.role_arn,
        "account_id": session.account_id,
        "policy": session.policy,
        "families": " ".join(variables.families(session)),
        "color": session.shown.get("color", ""),
        "access_key_id": credentials.access_key_id,
        "expiration": str(credentials.expiration),
        "server": "",
    }
    asked = {"format": str(_FORMAT), "config": json_text(path), "profile": json_text(session.profile)}
    issued = {name: json_text(value) for name, value in values.items()} | {"issued": str(int(credentials.issued))}
    return _object({**asked, "options": _object(given), **issued})


def _object(values: "dict[str, str]") -> str:
    """Return `values`, each in JSON already, as a JSON object on one line. Importing `json` takes 6 ms."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in values.items()) + "}"


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
        import shlex  # only for a hint

        return f"``role-env use {shlex.join((self.profile, *self._words(environ)))}``"

    def _words(self, environ: "Mapping[str, str]") -> "Iterator[str]":
        """Yield the options of the line, as far as they differ from what would be used without them."""
        import contextlib

        from role_env import paths

        with contextlib.suppress(OSError):
            usual = os.path.abspath(paths.usual_profiles_file(environ))
            if self.config != usual:
                yield from ("--config", self.config)
        if self.duration is not None:
            yield from ("--duration", str(self.duration))
        for name in ("session_name", "region", "expect_account"):
            if self.option(name):
                yield from (f"--{name.replace('_', '-')}", self.option(name))
        policy, file = self.option("policy"), self.option("policy_file")
        if policy == variables.READ_ONLY:
            yield "--read-only"
        elif policy:
            yield from ("--policy", file or "FILE")


def parse_request(text: str) -> ShellRequest | None:
    """Return the request in a value of ROLE_ENV_REQUEST, or None for text that role-env did not write."""
    from role_env import json_reader  # only for a shell that has a session

    try:
        found = json_reader.json_value(text)
        if found["format"] != _FORMAT:
            return None
        options: dict[str, str] = dict(found["options"])
        duration = options.pop("duration", None)
        return ShellRequest(found, duration=None if duration is None else int(duration), options=options)
    except (ValueError, TypeError, KeyError):
        return None


def request_of_shell(environ: "Mapping[str, str]") -> ShellRequest | None:
    """Return the request of the session in `environ`; None if the variables do not contain it, or of another one."""
    from role_env.environ.session import ShellState

    return None if ShellState(environ).mixed() else parse_request(environ.get(variables.REQUEST, ""))


def line_to_switch_again(environ: "Mapping[str, str]") -> str:
    """Return the line to type that repeats the request of the session in `environ`, or only names its profile."""
    request = request_of_shell(environ)
    return request.line(environ) if request else f"`role-env use {environ.get('ROLE_ENV_PROFILE', 'PROFILE')}`"
