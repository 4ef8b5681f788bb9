"""Read the request of a shell's session from ROLE_ENV_REQUEST, and return the line to type that repeats it.

The variable is untrusted: anyone can set it to anything.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping

from role_env import names, paths, validators, variables
from role_env.credentials import RoleArn
from role_env.dataclass import dataclass
from role_env.environ import agent
from role_env.environ.session import ShellState
from role_env.shells import export as exporters
from role_env.shells import hints, parent

# The options other than the duration, with their checks. A policy from stdin has no file. Nobody types the last two:
# the agent that made the request, and how its profile narrowed it.
_OPTIONS: dict[str, Callable[[str], str]] = {
    "session_name": validators.session_name,
    "region": validators.region,
    "expect_account": validators.account_id,
    "policy": str,
    "policy_file": str,
    "agent": agent.check_name,
    "agents": validators.one_of(agent.KINDS),
}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@+:/-")


@dataclass(frozen=True)
class ShellRequest:
    """A request that was made in this shell, and the session it returned.

    `config` is the absolute path of the profiles file. `duration` (seconds) and `options`, by the names in _OPTIONS,
    are the options that were given. `endpoint` and `session_name` were sent to STS; `shown` are the values of the
    session that the variables show, `role_arn`, `account_id` and `policy` among them. `policy_digest` is the digest of
    the session policy that was sent. `access_key_id` and `token_digest` are of the session that was issued. `seal` is
    empty for a session without a proof, or of an older version.
    """

    profile: str
    config: str
    duration: int | None
    options: Mapping[str, str]
    endpoint: str
    session_name: str
    role_arn: RoleArn
    account_id: str
    policy: str
    shown: str
    policy_digest: str
    access_key_id: str
    token_digest: str
    seal: str

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


def parse(text: str) -> ShellRequest | None:
    """Return the request in a value of ROLE_ENV_REQUEST, or None for text that role-env did not write."""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        found = validators.json_value(text)
        options = dict(found["options"])
        duration, config = options.pop("duration", None), found["config"]
        profile, role_arn, account_id, policy = found["shown"].split(" ")
        session_name = found["session_name"] and validators.session_name(found["session_name"])
        if (role_arn and not names.is_valid_role(RoleArn(role_arn))) or (account_id and not account_id.isdecimal()):
            return None
        if found["profile"] != profile or names.fault(profile):
            return None
        if not os.path.isabs(config) or not config.isprintable() or not isinstance(duration, int | None):  # noqa: PTH117
            return None
        checked = {name: _OPTIONS[name](value) for name, value in options.items()}
        if not "".join(checked.values()).isprintable():
            return None
        shown = (RoleArn(role_arn), account_id, policy, found["shown"])
        made = (validators.host(found["sts_endpoint"]), session_name, *shown)
        issued = [str(found.get(name, "")) for name in ("policy_digest", "access_key_id", "token_digest", "seal")]
        return ShellRequest(profile, config, duration, checked, *made, *issued)
    return None


def of_shell(environ: Mapping[str, str]) -> ShellRequest | None:
    """Return the request of the session in `environ`, or None if the variables do not contain it."""
    return None if ShellState(environ).is_mixed() else parse(environ.get(variables.REQUEST, ""))


def line(request: ShellRequest, environ: Mapping[str, str]) -> str:
    """Return the line to type that repeats `request`, with its file and options."""
    return hints.switch(" ".join((request.profile, *_words(request, environ))), environ)


def switch_again(environ: Mapping[str, str]) -> str:
    """Return the line to type that repeats the request of the session in `environ`, or only names its profile."""
    request = of_shell(environ)
    return line(request, environ) if request else hints.switch(environ.get("ROLE_ENV_PROFILE", "PROFILE"), environ)


def _words(request: ShellRequest, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the options, quoted for the parent shell. The file is left out if it is the default one."""
    form = parent.parent_format()

    def word(value: str) -> str:
        """Return `value` as one word of the shell."""
        return value if _PLAIN.issuperset(value) else exporters.quote(value, form)

    with contextlib.suppress(OSError):
        usual = os.path.abspath(paths.usual_profiles_file(environ))  # noqa: PTH100  as the fast path
        if request.config != usual:
            yield f"--config {word(request.config)}"
    if request.duration is not None:
        yield f"--duration {request.duration}"
    for name, value in request.options.items():
        if name not in ("policy", "policy_file", "agent", "agents"):
            yield f"--{name.replace('_', '-')} {word(value)}"
    policy, file = request.option("policy"), request.option("policy_file")
    if policy == variables.READ_ONLY:
        yield "--read-only"
    elif policy:
        yield f"--policy {word(file) if file else 'FILE'}"
