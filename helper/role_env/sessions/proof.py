"""Store and load proofs: records, without secrets, of the user's own requests. An unasked `renew` requires one.

Variables can be planted, and a prompt calls `renew` without a person. A proof shows that a session was obtained here
with the same file, profile, options, endpoint and chain. It is stored beside the session and outlives it. The backends
that have stored a proof are pinned in the state folder, so that a planted setting cannot choose another one.
"""

import contextlib
from collections.abc import Mapping

from role_env import paths
from role_env.context import Context
from role_env.fingerprint import sha256
from role_env.keyrings import backends
from role_env.keyrings.entry import PROOF_SERVICE, Entry, hashed_entry
from role_env.sessions.store import Cache

_HEAD = "role-env proof 1"
# How long a proof lasts in the kernel keyring, whose entries expire (seconds).
_LIFETIME = 30 * 24 * 3600
# The variables that choose the backend.
_CHOOSING = ("ROLE_ENV_CACHE", "PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS")
_CHOOSING_PREFIX = "KEYRING_PROPERTY_"
# The file of the pins is emptied beyond this size (bytes).
_PINS, _LARGEST = "proofs", 16 * 1024


class Proof:
    """The proof for the session of the entry `session` (its file, profile and options), requested at `endpoint`."""

    def __init__(self, session: Entry, endpoint: str) -> None:
        self._entry = hashed_entry(PROOF_SERVICE, session.username, session.name)
        self._lines = (_HEAD, session.service, endpoint)

    def store(self, chain: str, context: Context, cache: Cache) -> None:
        """Store the proof with the digest of the resolved chain, unless it is stored already."""
        text, is_pinned = "\n".join((*self._lines, chain)), _is_pinned(context.environ)
        if is_pinned and cache.load_text(self._entry) == text:
            return
        if cache.store_text(self._entry, text, seconds=_LIFETIME) and not is_pinned:
            with contextlib.suppress(OSError):  # without the pin, nothing is renewed unasked
                paths.append_line(context.environ, _PINS, _backend(context.environ), largest=_LARGEST)

    def load(self, context: Context) -> str | None:
        """Return the chain's digest, or None if there is no proof. Open no backend without a pin."""
        if not _is_pinned(context.environ):
            return None
        *lines, chain = (Cache(context, prompts=False).load_text(self._entry) or "").split("\n")
        return chain if tuple(lines) == self._lines else None


def _is_pinned(environ: Mapping[str, str]) -> bool:
    return _backend(environ) in paths.state_lines(environ, _PINS)


def _backend(environ: Mapping[str, str]) -> str:
    """Return a digest of the variables, and of the file, that choose the backend."""
    chosen = {name: environ.get(name, "") for name in _CHOOSING}
    chosen |= {name: value for name, value in environ.items() if name.startswith(_CHOOSING_PREFIX)}
    with contextlib.suppress(OSError):
        chosen["keyringrc.cfg"] = backends.settings_file().read_text("utf-8", "replace")
    return sha256("\0".join(f"{name}={value}" for name, value in sorted(chosen.items())))
