"""A request for a session: a profile and the options of every command that obtains a session.

The fast path uses it too, so it imports almost nothing.
"""

import os

from role_env.keyrings import Entry, session_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.profiles.policies import Narrowing
    from role_env.sessions.record import Record


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

        It repeats values of the session's other variables, so that a mix of two sessions is noticed. The seal shows
        that the session with this token was issued for this request.
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
        return _object(
            {
                "config": _text(path),
                "profile": _text(self.profile),
                "options": _object(given),
                "sts_endpoint": _text(found.endpoint),
                "session_name": _text(found.session_name),
                "policy_digest": _text(found.policy_digest),
                "access_key_id": _text(found.access_key_id),
                "shown": f'"{found.shown}"',  # the shell compares it
                "token_digest": _text(found.token_digest),
                "seal": _text(found.seal),
                "issued": str(int(found.session.credentials.issued)),
            }
        )


def _object(values: "dict[str, str]") -> str:
    """Return `values`, each in JSON already, as a JSON object on one line. Importing `json` takes 6 ms."""
    return "{" + ",".join(f'"{name}":{value}' for name, value in values.items()) + "}"


def _text(value: str) -> str:
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    try:
        from _json import encode_basestring_ascii
    except ImportError:  # an interpreter without the C accelerator
        from json.encoder import encode_basestring_ascii
    return str(encode_basestring_ascii(value))
