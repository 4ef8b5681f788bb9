"""role-env clear: delete cached sessions."""

from pathlib import Path

from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.errors import KeyringError, ProfileError
from role_env.fingerprint import Origin
from role_env.keyrings.entry import Entry
from role_env.profiles import file as profiles
from role_env.sessions.obtain import Request
from role_env.sessions.store import Cache


def run(invocation: Invocation, context: Context) -> int:
    """Delete them."""
    cache = Cache(context, everywhere=True)
    entries = [entry for entry in cache.entries() if invocation.all or entry.username in invocation.profiles]
    for entry in [*entries, *_default_entries(invocation, context)]:
        cache.forget(entry)
    if cache.fault:
        raise KeyringError(f"not every session could be forgotten: the keyring cannot be used, {cache.fault}")
    return 0


def _default_entries(invocation: Invocation, context: Context) -> list[Entry]:
    """Return the entries of the profiles as they are named without options, in case the index has lost them."""
    try:
        path: Path = profiles.locate(invocation.config, Origin(context.environ))
    except ProfileError:
        return []
    return [Request(name).entry(path) for name in invocation.profiles]
