"""The result of a check, and what all checks share."""

import functools
import threading
from collections.abc import Callable

from role_env.cli import Invocation
from role_env.context import Context
from role_env.dataclass import dataclass
from role_env.errors import ProfileError
from role_env.profiles import file as profiles
from role_env.sessions import chain as chains
from role_env.sessions.chain import Chain

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Finding:
    """The result of a check: `status` is OK, WARN or FAIL; `fix` is an instruction, empty if all is well."""

    check: str
    status: str
    message: str
    fix: str = ""


Check = Callable[[Invocation, Context], list[Finding]]
"""A check of the environment of a silent context. An error that it raises is its finding."""


_resolving = threading.Lock()


def valid_chains(invocation: Invocation, context: Context) -> list[Chain]:
    """Return the chains of the valid profiles, resolved once for all checks; another check reports on the others."""
    with _resolving:
        return _resolve(invocation.config, context)


@functools.cache
def _resolve(config: str, context: Context) -> list[Chain]:
    try:
        return list(chains.resolve_valid(profiles.load(config, context.environ)))
    except ProfileError:
        return []
