"""The reasons why the system's keyring cannot be used."""

import enum
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADLESS = "see `role-env help headless`"
INSTALL = "install gnome-keyring or KeePassXC and log in to a session with a D-Bus session bus"
OTHER_BACKEND = "choose another backend in keyringrc.cfg"
"""What to do about a keyring that does not store what it is given."""


class KeyringFault(enum.Enum):
    """A reason why the keyring cannot be used: the `text` for messages, the names of `exceptions` that mean it."""

    def __init__(self, text: str, *exceptions: str) -> None:
        self.text = text
        self.exceptions = exceptions

    NONE_ON_SYSTEM = "there is none on this system", "NoKeyringError"
    NONE_ON_BUS = "there is none on this session bus", "SecretServiceNotAvailableException"
    PLAIN_TEXT = "the only one here writes to a file, unencrypted", "PlainTextBackend"
    FOREIGN_BUS = ("DBUS_SESSION_BUS_ADDRESS leads to the session bus of another user",)
    LOCKED = "it is locked", "KeyringLocked", "PromptDismissedException"
    LOCKED_OR_STOPPED = "it is locked, or does not start", "InitError"
    TIMED_OUT = "it timed out; is it locked, or hung?", "TimeoutError"
    AVOIDED = ("it timed out within the last minute",)
    NO_COLLECTION = "it has no default collection", "ItemNotFoundException"
    REFUSED = "it does not accept the entry", "PasswordSetError"
    NO_BACKEND = (
        "the backend that PYTHON_KEYRING_BACKEND or keyringrc.cfg names does not exist",
        "ModuleNotFoundError",
    )
    BROKEN = ("it failed",)

    @property
    def is_absence(self) -> bool:
        """Whether no keyring for secrets exists."""
        return self in (self.NONE_ON_SYSTEM, self.NONE_ON_BUS, self.PLAIN_TEXT)

    @property
    def is_timeout(self) -> bool:
        """Whether the keyring timed out, now or within the last minute."""
        return self in (self.TIMED_OUT, self.AVOIDED)


_FAULTS = {name: fault for fault in KeyringFault for name in fault.exceptions}


def fault_of(error: BaseException) -> KeyringFault:
    """Return the fault for an exception that `keyring` or one of its backends raised.

    Classes are compared by name, since the libraries of a backend may not be installed or imported.
    """
    below = error.__cause__ if type(error).__name__ == "InitError" else None
    if below and type(below).__name__ in _FAULTS:  # InitError is also raised for a service that has ended
        error = below
    return _FAULTS.get(type(error).__name__, KeyringFault.BROKEN)


def fix_of(fault: KeyringFault, environ: "Mapping[str, str]") -> str:
    """Return what to do about a fault: one sentence for each cause."""
    if sys.platform == "darwin" and fault in (KeyringFault.LOCKED, KeyringFault.LOCKED_OR_STOPPED):
        return "unlock the login keychain (security unlock-keychain) and try again"
    if fault in (KeyringFault.LOCKED, KeyringFault.LOCKED_OR_STOPPED):
        if sys.platform == "linux" and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
            return f"unlock it: log in to the desktop; without a desktop, {_HEADLESS}"
        return "unlock it: log in to the desktop again, or open its program"
    if fault is KeyringFault.FOREIGN_BUS:
        return f"log in as yourself rather than with su or sudo, or unset DBUS_SESSION_BUS_ADDRESS and {_HEADLESS}"
    if fault.is_timeout:
        return "restart its service: killall gnome-keyring-daemon, or log in again"
    if fault is KeyringFault.NO_BACKEND:
        return "unset PYTHON_KEYRING_BACKEND, or correct keyringrc.cfg"
    if fault is KeyringFault.NONE_ON_SYSTEM and not environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return f"this session has no D-Bus session bus, as over ssh, in WSL or on a server: {_HEADLESS}"
    return f"{INSTALL}; without a desktop, {_HEADLESS}" if fault.is_absence else OTHER_BACKEND
