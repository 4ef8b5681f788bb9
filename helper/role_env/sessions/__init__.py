"""How a request becomes a session. This module has the request, a `Record` is what is cached.

`obtain.py` takes the steps, in this order:

    locate the profiles file                                profiles/locate.py
    load the record that is cached for the request          store.py
    judge it by files and variables                         record.py
    resolve the chain of the profile, with its options      resolve.py, chain.py, narrow.py
    read the key; judge the record by the chain's digest    chain.py, record.py
    take the lock: of many processes one requests           files/locks.py
    load the record again: another may have stored it       store.py
    assume the chain's roles, each by the session before    obtain.py
    store the record                                        store.py
    answer with its session, and what a shell remembers     shell_request.py

If the fast path has found no session, it has taken the lock already. Then the first load is the second look, and the
lock and the load after it are left out.

The fast path ends where the record's files and variables are as they were. It needs this module, `record.py` and
`shell_request.py`, which therefore import almost nothing.
"""

from role_env import variables
from role_env.fingerprint import sha256
from role_env.keyrings import Entry, session_entry


class Narrowing:
    """The narrowing of a request: by the policy `text` from `file` (empty for stdin), or to reading.

    `is_full_allowed` allows a full request within a narrowed session, or by an agent. `agent` is the agent for which
    the profile, and no option, narrows to reading. Without arguments it narrows nothing. `policy_name` is the session's
    value of ROLE_ENV_POLICY, empty for a full session.
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
        self.policy_name = variables.READ_ONLY if is_read_only else sha256(text) if text else ""


class Request:
    """What is requested: a profile and the options. An option that is not given is empty, zero or None.

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

    def changed(self, **changes: object) -> "Request":
        """Return the request with other values of some attributes."""
        request = object.__new__(Request)
        vars(request).update(vars(self), **changes)
        return request

    def entry(self, path: str) -> Entry:
        """Return the entry in the keyring for this request with the profiles file at `path`.

        An agent has entries of its own, with and without --full. Without the profile's key `agents` its request is a
        person's (`resolve.decide_agent`).
        """
        policy = "" if self.narrowing.agent else self.narrowing.policy_name
        duration = "" if self.duration is None else str(self.duration)
        options = [duration, self.session_name, policy, self.agent, self.full]
        return session_entry(path, self.profile, "\0".join(options))

    @property
    def full(self) -> str:
        """`yes` for an agent's --full, which decides what the session is. A person's only allows it."""
        return "yes" if self.agent and self.narrowing.is_full_allowed else ""
