"""The names of entries in a keyring, and notes about the system's keyring for later processes.

Who calls whom, from the sessions and the keys down to the bus:

    sessions/store.py, the cached sessions                  order.py, index.py
    sign_ins.py, the sign-ins, with tokens that expire      order.py
    access_keys.py, the access keys                         vault.py
    order.py, the system's keyring and then the kernel's    system.py, kernel.py, container.py
    vault.py, the system's keyring and no other             system.py, index.py
    system.py, with a deadline for each use                 secret_service.py to read, backends.py for everything else
    secret_service.py, which the fast path calls too        dbus.py

The notes are in the state folder: `secret-service` lists the installations (their `sys.prefix`, one a line) whose
`keyring` chose the Secret Service: choosing costs `keyring` 40 ms. The time of `keyring-avoided-…` is when the keyring
on that session bus timed out.
"""

import os
import sys
import time

from role_env import paths
from role_env.fingerprint import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SESSION_SERVICE = "role-env session "
"""The prefix of the service of every cached session's entry."""
NO_OPTIONS = "\0\0\0\0"
"""The options of the entry of a person's request without an option that changes it."""


class Entry:
    """The name of an entry, which a keyring browser shows; `name` is that of the index and the kernel keyring."""

    def __init__(self, service: str, username: str) -> None:
        self.service = service
        self.username = username
        self.name = f"{service}\t{username}"


def session_entry(path: str, profile: str, options: str = NO_OPTIONS) -> Entry:
    """Return the entry of `profile`'s session, in the profiles file at `path`, requested with `options`."""
    return hashed_entry(SESSION_SERVICE, profile, os.path.realpath(path), profile, options)


def profile_entry(service: str, path: str, profile: str) -> Entry:
    """Return the entry of `service` for `profile` in the profiles file at `path`."""
    return hashed_entry(service, profile, os.path.realpath(path), profile)


def hashed_entry(service: str, username: str, *parts: str) -> Entry:
    """Return an entry whose service is `service` with a digest of `parts`."""
    return Entry(service + sha256("\0".join(parts))[:24], username)


# After a keyring timed out, no process uses it for this time (seconds).
AVOID_SECONDS = 60.0
_CHOSEN = "secret-service"

# The times of the timeouts that this process has noted, by path.
_timeouts: "dict[str, float]" = {}


class KeyringNotes:
    """The notes about the keyring that `environ` leads to."""

    def __init__(self, environ: "Mapping[str, str]") -> None:
        self._environ = environ
        self._settings = paths.xdg_folder(environ, paths.CONFIG)
        try:
            self._folder = f"{paths.state_folder(environ)}/"
        except OSError:  # a timeout is then noted only for this process
            self._folder = ""

    def has_default_backend(self) -> bool:
        """Return whether `keyring` tries the Secret Service, because no setting chooses a backend or a collection."""
        environ = self._environ
        if not self._settings or "PYTHON_KEYRING_BACKEND" in environ:
            return False
        # On KDE `keyring` prefers KWallet. KEYRING_PROPERTY_* can name another collection.
        if "KDE" in environ.get("XDG_CURRENT_DESKTOP", ""):
            return False
        if any(name.startswith("KEYRING_PROPERTY_") for name in environ):
            return False
        return not os.path.exists(f"{self._settings}/python_keyring/keyringrc.cfg")

    def is_secret_service(self) -> bool:
        """Return whether this installation's `keyring` chose the Secret Service, and no setting chooses another."""
        return self.has_bus() and self.has_default_backend() and self._lists_us()

    def has_bus(self) -> bool:
        """Return whether there is a session bus."""
        return bool(self._bus)

    def is_avoided(self) -> bool:
        """Return whether the keyring timed out within the last AVOID_SECONDS."""
        path = self._folder + self._avoided
        try:
            age = time.time() - os.stat(path).st_mtime
        except OSError:
            age = time.time() - _timeouts.get(path, 0)
        return 0 <= age < AVOID_SECONDS

    def note_secret_service(self) -> None:
        """Record that this installation's `keyring` chose the Secret Service."""
        import contextlib  # not for the warm path

        if self.has_default_backend() and not self._lists_us():
            with contextlib.suppress(OSError):  # then the next process finds it out again
                paths.append_line(self._environ, _CHOSEN, sys.prefix)

    def note_absence(self) -> None:
        """Record that there is no keyring, until a process finds one."""
        if self._lists_us():
            self._forget(_CHOSEN)

    def avoid(self) -> None:
        """Avoid the keyring for AVOID_SECONDS, in every process if that can be recorded."""
        import contextlib  # not for the warm path

        _timeouts[self._folder + self._avoided] = time.time()
        with contextlib.suppress(OSError):
            paths.touch(self._environ, self._avoided)

    def use_again(self) -> None:
        """Undo `avoid`."""
        _timeouts.pop(self._folder + self._avoided, None)
        self._forget(self._avoided)

    def _forget(self, name: str) -> None:
        """Remove the note `name`, if there is one."""
        import contextlib  # not for the warm path

        with contextlib.suppress(OSError):  # it does not exist, or the next process finds it out again
            os.unlink(self._folder + name)

    @property
    def _bus(self) -> str:
        return self._environ.get("DBUS_SESSION_BUS_ADDRESS", "")

    @property
    def _avoided(self) -> str:
        return f"keyring-avoided-{sha256(self._bus)[:16]}"

    def _lists_us(self) -> bool:
        return sys.prefix in paths.state_lines(self._environ, _CHOSEN)
