"""The Linux kernel's keyring as the fallback of the system's keyring, for entries that expire."""

from role_env.keyrings import Entry, kernel
from role_env.keyrings.container import is_container
from role_env.keyrings.system import SystemKeyring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")

MODE = "ROLE_ENV_CACHE"
"""The variable that chooses between the keyrings."""
MODES = ("auto", "keyring", "kernel", "none")


class KernelKeyring:
    """The kernel's keyring. After a failure `fault` says why it cannot be used."""

    def __init__(self) -> None:
        self.fault = ""

    def read(self, entry: Entry) -> str | None:
        """Return the text stored as `entry`, or None."""
        return self._use(lambda: kernel.read(entry.name))

    def write(self, entry: Entry, text: str, *, seconds: int) -> None:
        """Store `text` as `entry` for `seconds`."""
        self._use(lambda: kernel.write(entry.name, text, seconds=seconds))

    def delete(self, entry: Entry) -> None:
        """Delete `entry` if it exists."""
        self._use(lambda: kernel.delete(entry.name))

    def names(self) -> list[str]:
        """Return the names of all entries."""
        return self._use(kernel.names) or []

    def _use(self, operation: "Callable[[], T]") -> "T | None":
        """Return what `operation` returns; None if the keyring cannot be used."""
        try:
            return operation()
        except kernel.Unavailable as error:
            self.fault = str(error)
        return None


def kernel_keyring(environ: "Mapping[str, str]") -> KernelKeyring | None:
    """Return the kernel's keyring if ROLE_ENV_CACHE allows it and no other container can share it, else None."""
    mode = environ.get(MODE)
    is_allowed = mode == "kernel" or (mode != "keyring" and not is_container(environ))
    return KernelKeyring() if is_allowed else None


def store(
    system: SystemKeyring | None,
    fallback: KernelKeyring | None,
    entry: Entry,
    text: str,
    *,
    seconds: int,
    check: "Callable[[str | None], None] | None" = None,
) -> bool:
    """Store `text` as `entry` in the system's keyring or, if that cannot be used, for `seconds` in the kernel's.

    Return whether one of them stored it. A keyring that may not be used is None. With `check` the text is read back
    from the system's keyring and passed to `check`.
    """
    if system:
        system.write(entry, text)
        if check:
            stored = system.read(entry)
            if not system.fault:
                check(stored)
    if system and not system.fault:
        if fallback:  # it may have an older text, from a time when the system's keyring could not be used
            fallback.delete(entry)
        return True
    if fallback:
        fallback.write(entry, text, seconds=seconds)
    return fallback is not None and not fallback.fault
