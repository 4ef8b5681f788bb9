"""The reasons why the system's keyring cannot be used."""

import enum

FOREIGN_BUS_FIX = (
    "log in as yourself rather than with su or sudo, or unset DBUS_SESSION_BUS_ADDRESS and see `role-env help headless`"
)
"""What to do about a session bus of another user."""


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
