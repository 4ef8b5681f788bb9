"""A request for a session, and its text in the shell: ROLE_ENV_REQUEST.

The fast path writes that text, so this module imports almost nothing. Only `parse_request` reads it.
"""

import os

from role_env import variables
from role_env.credentials import RoleArn
from role_env.keyrings import Entry, session_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from role_env.profiles.policies import Narrowing
    from role_env.sessions.record import Record

_FORMAT = 1


class Request:
    """A profile and the options. Times are in seconds; an option that is not given is empty or None.

    A session with less than `min_ttl` left is never used. A session with less than `wanted_ttl` left is renewed, but
    still used if STS cannot be reached. `agent` is the agent that makes the request, empty for a person, and None until
    the profile has been read.
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
        narrowing: "Narrowing | None" = None,
        agent: str | None = None,
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
        self.narrowing = narrowing
        self.agent = agent

    @property
    def _policy(self) -> str:
        return self.narrowing.name if self.narrowing else ""

    def accepts(self, found: "Record") -> bool:
        """Return whether the session `found` has enough time left without a renewal."""
        return not found.session.credentials.needs_renewal(max(self.min_ttl, self.wanted_ttl))

    def entry(self, path: str) -> Entry:
        """Return the entry in the keyring for this request with the profiles file at `path`."""
        duration = "" if self.duration is None else self.duration
        options = f"{duration}\0{self.session_name}"
        if self._policy or self.agent:
            options += f"\0{self._policy}"
        if self.agent:
            options += f"\0{self.agent}"
        return session_entry(os.path.realpath(path), self.profile, options)

    def text(self, path: str, found: "Record") -> str:
        """Return the JSON of ROLE_ENV_REQUEST for the session `found`, requested through the profiles file at `path`.

        It begins with the number of its format, and repeats every variable that shows the session: a value of another
        session, or a changed one, is noticed.
        """
        options = {
            "session_name": self.session_name,
            "region": self.region,
            "expect_account": self.expect_account,
            "policy": self._policy,
            "policy_file": self.narrowing.file if self.narrowing else "",
            "agent": self.agent or "",
            "agents": self._policy if self.narrowing and self.narrowing.agent else "",
        }
        given = {} if self.duration is None else {"duration": str(self.duration)}
        given |= {name: _text(value) for name, value in options.items() if value}
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
        asked = {"format": str(_FORMAT), "config": _text(path), "profile": _text(session.profile)}
        issued = {name: _text(value) for name, value in values.items()} | {"issued": str(int(credentials.issued))}
        return _object({**asked, "options": _object(given), **issued})


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
        """Yield the options, quoted for the parent shell. The file is left out if it is the default one."""
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
    import contextlib  # neither these nor their JSON are for the fast path

    from role_env import names, validators

    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        found = validators.json_value(text)
        if found.pop("format") != _FORMAT:
            return None
        options: dict[str, str] = dict(found.pop("options"))
        duration = options.pop("duration", None)
        role_arn, account_id, config = RoleArn(found["role_arn"]), found["account_id"], found["config"]
        if (role_arn and not names.is_valid_role(role_arn)) or (account_id and not account_id.isdecimal()):
            return None
        if names.fault(found["profile"]) or not os.path.isabs(config) or not config.isprintable():  # noqa: PTH117
            return None
        validators.host(found["sts_endpoint"])
        if found["session_name"]:
            validators.session_name(found["session_name"])
        checked = {name: check(options.get(name, "")) for name, check in _checks().items() if options.get(name)}
        if options.keys() != checked.keys() or not "".join(checked.values()).isprintable():
            return None
        return ShellRequest(found, duration=None if duration is None else int(duration), options=checked)
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


def _checks() -> "dict[str, Callable[[str], str]]":
    """Return the options of a request, duration aside, each with the check of its value."""
    from role_env import validators
    from role_env.environ import agent

    return {
        "session_name": validators.session_name,
        "region": validators.region,
        "expect_account": validators.account_id,
        "policy": str,
        "policy_file": str,
        "agent": agent.check_name,
        "agents": validators.one_of(agent.KINDS),
    }


def _object(values: "dict[str, str]") -> str:
    """Return `values`, each in JSON already, as a JSON object on one line. Importing `json` takes 6 ms."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in values.items()) + "}"


def _text(value: str) -> str:
    """Return `value` as JSON without two blanks in a row, which a shell would join if it read them without quotes."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value and "  " not in value:
        return f'"{value}"'
    try:
        from _json import encode_basestring_ascii
    except ImportError:  # an interpreter without the C accelerator
        from json.encoder import encode_basestring_ascii
    return str(encode_basestring_ascii(value)).replace("  ", " \\u0020")
