"""What a shell remembers of the request for its session, in the words of ROLE_ENV_REQUEST.

`renew` and `use -` repeat the request, and messages show the line to type that does. The fast path writes it, so this
module imports almost nothing.
"""

import os

from role_env import variables
from role_env.credentials import RoleArn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from role_env.credentials import Session
    from role_env.sessions import Request
    from role_env.sessions.record import Record


def session_for(request: "Request", path: str, record: "Record", environ: "Mapping[str, str]") -> "Session":
    """Return the session of `record` as the answer to `request`, made through the profiles file at `path`."""
    base_key = None
    if record.base_key_digest and not record.session.policy_name:
        from role_env.environ.keys import own_key  # the fast path answers no such request

        base_key = own_key(environ)
    return record.session.for_request(
        {**_words_of(request, path, record), "users_region": variables.users_region(environ)},
        region_id=request.region or record.session.region_id,
        base_key=base_key,
    )


def _words_of(request: "Request", path: str, record: "Record") -> "dict[str, str]":
    """Return the words of ROLE_ENV_REQUEST for `request`, made through the profiles file at `path`.

    They are what was asked for, where the word of an option begins with two dashes, and what was then sent to STS.
    """
    narrowing = request.narrowing
    options = {
        "--duration": "" if request.duration is None else str(request.duration),
        "--session-name": request.session_name,
        "--region": request.region,
        "--expect-account": request.expect_account,
        # An agent's session is read-only by the profile's key `agents`: a renewal by a person must keep that.
        "--policy": narrowing.policy_name or record.agents_policy,
        "--policy-file": narrowing.file,
        "--full": request.full,
        "--agent": request.agent,
        "--agents": record.agents_policy,
    }
    sent = {
        "sts_endpoint": record.endpoint,
        "session_name": record.session_name,
        "policy_digest": record.policy_digest,
    }
    return {"config": path, **options, **sent}


class ShellRequest:
    """A request that was made in a shell, and what the session is that it returned.

    `config` is the absolute path of the profiles file, `duration` (seconds) an option that was given, like `option`'s.
    `endpoint` and `session_name` were sent to STS, and `policy_digest` is the digest of the policy that was sent.
    `policy_name` is the session's value of ROLE_ENV_POLICY. Raises KeyError or ValueError for words that lack
    something.
    """

    def __init__(self, words: "Mapping[str, str]") -> None:
        self._words = words
        self.config = words["config"]
        self.profile = words["profile"]
        self.endpoint = words["sts_endpoint"]
        self.session_name = words.get("session_name", "")
        self.policy_digest = words.get("policy_digest", "")
        self.role_arn = RoleArn(words.get("role_arn", ""))
        self.account_id = words.get("account_id", "")
        self.policy_name = words.get("policy", "")
        duration = words.get("--duration")
        self.duration = int(duration) if duration else None

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

    def is_same(self, other: "ShellRequest | None") -> bool:
        """Return whether `other` asks for the same by the same options, through the same file."""
        return other is not None and self.asked == other.asked

    @property
    def asked(self) -> "dict[str, str]":
        """The words of what is asked for."""
        return {name: word for name, word in self._words.items() if name in ("config", "profile") or name[:2] == "--"}

    def option(self, name: str) -> str:
        """Return the option of this name, empty if it was not given."""
        return self._words.get(f"--{name.replace('_', '-')}", "")

    def line(self, environ: "Mapping[str, str]", *more: str) -> str:
        """Return the line to type that repeats the request, with its file and options, and with the words `more`."""
        import shlex  # only for a hint

        return f"``role-env use {shlex.join((self.profile, *self._typed_options(environ), *more))}``"

    def _typed_options(self, environ: "Mapping[str, str]") -> "Iterator[str]":
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


def read_request(text: str) -> ShellRequest | None:
    """Return the request in a value of ROLE_ENV_REQUEST, or None for text that role-env did not write."""
    try:
        return ShellRequest(variables.request_values(text))
    except (KeyError, ValueError):
        return None


def request_of_shell(environ: "Mapping[str, str]") -> ShellRequest | None:
    """Return the request of the session in `environ`; None if the variables do not contain it, or of another one."""
    from role_env.environ.session import ShellState

    return None if ShellState(environ).mixed() else read_request(environ.get(variables.REQUEST, ""))


def line_to_switch_again(environ: "Mapping[str, str]", *more: str) -> str:
    """Return the line to type that repeats the request of the session in `environ`, or only names its profile."""
    request = request_of_shell(environ)
    if request:
        return request.line(environ, *more)
    return f"`role-env use {' '.join((environ.get('ROLE_ENV_PROFILE', 'PROFILE'), *more))}`"
