"""The request of the session that a shell has: read from ROLE_ENV_REQUEST, which `Request.json` writes.

`renew` and `use -` repeat it, and messages show the line to type that does.
"""

import contextlib
import os

from role_env import validators, variables
from role_env.credentials import RoleArn
from role_env.sessions import REQUEST_FORMAT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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
        from role_env import paths
        from role_env.shells import hints

        with contextlib.suppress(OSError):
            usual = os.path.abspath(paths.usual_profiles_file(environ))
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
    with contextlib.suppress(ValueError, TypeError, KeyError):
        found = validators.json_value(text)
        if found["format"] == REQUEST_FORMAT:
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
