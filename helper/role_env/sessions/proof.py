"""Store and load proofs of the user's own requests, and seal the sessions that were issued for them.

Variables can be planted, and a prompt calls `renew` without a person. A proof shows that a session was obtained here
with the same file, profile, options, endpoint and chain. It is stored beside the session and outlives it. The backends
that have stored a proof are pinned in the state folder, so that a planted setting cannot choose another one.

A proof contains a random key, which gives nobody a session. With this key, role-env makes a seal of the issued session
and puts it into ROLE_ENV_REQUEST. The seal shows that exactly this session was issued for the request.
"""

import contextlib
import os
from collections.abc import Mapping

from role_env import paths
from role_env.context import Context
from role_env.files.entry_lock import EntryLock
from role_env.fingerprint import sha256
from role_env.keyrings import PROOF_SERVICE, Entry, backends, hashed_entry
from role_env.sessions.store import Cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.environ.request import ShellRequest
    from role_env.sessions.record import Record

_HEAD = "role-env proof 2"
# How long a proof lasts in the kernel keyring, whose entries expire (seconds).
_LIFETIME = 30 * 24 * 3600
# The variables that choose the backend.
_CHOOSING = ("ROLE_ENV_CACHE", "PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS")
_CHOOSING_PREFIX = "KEYRING_PROPERTY_"
# The file of the pins is emptied beyond this size (bytes).
_PINS, _LARGEST = "proofs", 16 * 1024
_KEY_BYTES, _SEAL_DIGITS = 16, 32
_LOCK_SECONDS = 2.0


class Proof:
    """The proof for the sessions of the entry `session` (its file, profile and options), requested at `endpoint`.

    `chain` is the digest of the resolved chain, empty without a proof.
    """

    def __init__(self, session: Entry, endpoint: str) -> None:
        self.chain = ""
        self._key = ""
        self._entry = hashed_entry(PROOF_SERVICE, session.username, session.name, _HEAD)
        self._service, self._endpoint = session.service, endpoint

    def store(self, chain: str, context: Context, cache: Cache) -> None:
        """Store the proof with the digest of the resolved chain, unless it is stored already. It keeps its key."""
        lock = EntryLock(self._entry.name, context.environ)
        with lock.hold(seconds=_LOCK_SECONDS, waiting=contextlib.nullcontext()):  # only one process chooses the key
            self._store(chain, context, cache)

    def _store(self, chain: str, context: Context, cache: Cache) -> None:
        stored, is_pinned = cache.load_text(self._entry) or "", _is_pinned(context.environ)
        *_, self._key = self._read(stored)
        self.chain, self._key = chain, self._key or os.urandom(_KEY_BYTES).hex()
        text = "\n".join((_HEAD, self._service, self._endpoint, chain, self._key))
        if is_pinned and stored == text:
            return
        if not cache.store_text(self._entry, text, seconds=_LIFETIME):
            self._key = ""
        elif not is_pinned:
            with contextlib.suppress(OSError):  # without the pin, a prompt renews nothing
                paths.append_line(context.environ, _PINS, _backend(context.environ), largest=_LARGEST)

    def load(self, context: Context) -> None:
        """Load the proof, if there is one. Open no backend without a pin."""
        if _is_pinned(context.environ):
            text = Cache(context, prompts=False).load_text(self._entry) or ""
            endpoint, chain, self._key = self._read(text)
            self.chain = chain if endpoint == self._endpoint else ""

    def _read(self, text: str) -> list[str]:
        """Return the endpoint, the chain's digest and the key in the text of a proof; empty ones if it is damaged."""
        head, service, *values = text.split("\n") if text.count("\n") == 4 else ("", "")
        return values if (head, service) == (_HEAD, self._service) else ["", "", ""]

    def seal(self, issued: "Record | ShellRequest") -> str:
        """Return the seal of the session `issued`; empty if no proof is stored or loaded."""
        if not self._key:
            return ""
        import hmac  # loads OpenSSL, as a connection to STS does

        request = (self._endpoint, issued.session_name, issued.policy_digest)
        text = "\n".join(map(repr, (*request, issued.shown, issued.access_key_id, issued.token_digest)))
        return hmac.new(self._key.encode(), text.encode("utf-8", "replace"), "sha256").hexdigest()[:_SEAL_DIGITS]


def _is_pinned(environ: Mapping[str, str]) -> bool:
    return _backend(environ) in paths.state_lines(environ, _PINS)


def _backend(environ: Mapping[str, str]) -> str:
    """Return a digest of the variables, and of the file, that choose the backend."""
    chosen = {name: environ.get(name, "") for name in _CHOOSING}
    chosen |= {name: value for name, value in environ.items() if name.startswith(_CHOOSING_PREFIX)}
    with contextlib.suppress(OSError):
        chosen["keyringrc.cfg"] = backends.settings_file().read_text("utf-8", "replace")
    return sha256("\0".join(f"{name}={value}" for name, value in sorted(chosen.items())))
