"""The reasons why the system's keyring cannot be used."""

import enum


class KeyringFault(enum.Enum):
    """A reason why the keyring cannot be used; its value is the text for messages."""

    NONE_ON_SYSTEM = "there is none on this system"
    NONE_ON_BUS = "there is none on this session bus"
    PLAIN_TEXT = "the only one here writes to a file, unencrypted"
    LOCKED = "it is locked"
    LOCKED_OR_STOPPED = "it is locked, or does not start"
    TIMED_OUT = "it timed out; is it locked, or hung?"
    AVOIDED = "it timed out within the last minute"
    NO_COLLECTION = "it has no default collection"
    REFUSED = "it does not accept the entry"
    TOO_LONG = "it has no room for a text of this length"
    NO_BACKEND = "the backend that PYTHON_KEYRING_BACKEND or keyringrc.cfg names does not exist"
    CONFIGURED = "a setting chooses its backend, which is imported only for a person who asks"
    NO_THREAD = "this process cannot start more threads"
    BROKEN = "it failed"

    @property
    def is_absence(self) -> bool:
        """Whether there is no keyring for secrets at all."""
        return self in (self.NONE_ON_SYSTEM, self.NONE_ON_BUS, self.PLAIN_TEXT)

    @property
    def is_timeout(self) -> bool:
        """Whether the keyring timed out, now or within the last minute."""
        return self in (self.TIMED_OUT, self.AVOIDED)


_FAULTS = {
    "NoKeyringError": KeyringFault.NONE_ON_SYSTEM,
    "SecretServiceNotAvailableException": KeyringFault.NONE_ON_BUS,
    "PlainTextBackend": KeyringFault.PLAIN_TEXT,
    "KeyringLocked": KeyringFault.LOCKED,
    "PromptDismissedException": KeyringFault.LOCKED,
    "ItemNotFoundException": KeyringFault.NO_COLLECTION,
    "TimeoutError": KeyringFault.TIMED_OUT,
    "InitError": KeyringFault.LOCKED_OR_STOPPED,
    "PasswordSetError": KeyringFault.REFUSED,
    "TooLong": KeyringFault.TOO_LONG,
    "ModuleNotFoundError": KeyringFault.NO_BACKEND,
    "ConfiguredBackend": KeyringFault.CONFIGURED,
    "NoThread": KeyringFault.NO_THREAD,
}


def fault_of(error: BaseException) -> KeyringFault:
    """Return the fault for an exception that `keyring` or one of its backends raised.

    Classes are compared by name, since the libraries of a backend may not be installed or imported.
    """
    below = error.__cause__ if type(error).__name__ == "InitError" else None
    if below and type(below).__name__ in _FAULTS:  # InitError is also raised for a service that has ended
        error = below
    return _FAULTS.get(type(error).__name__, KeyringFault.BROKEN)
