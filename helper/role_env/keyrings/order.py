"""The keyrings that store what expires, in the order in which they are asked: the system's, then the Linux kernel's."""

from role_env.context import Context
from role_env.keyrings import Entry, kernel
from role_env.keyrings.container import is_container
from role_env.keyrings.system import SystemKeyring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    T = TypeVar("T")

MODE = "ROLE_ENV_CACHE"
"""The variable that chooses between the keyrings."""
MODES = ("auto", "keyring", "kernel", "none")


class OrderedKeyrings:
    """The keyrings that `mode`, a value of ROLE_ENV_CACHE, names; without a mode both.

    `auto` leaves out the kernel's in a container, which could share it with another.
    """

    def __init__(self, context: Context, mode: str = "") -> None:
        has_kernel = mode in ("", "kernel") or (mode == "auto" and not is_container(context.environ))
        self.system = SystemKeyring(context) if mode in ("", "auto", "keyring") else None
        self.kernel = KernelKeyring() if has_kernel else None
        self._keyrings = [keyring for keyring in (self.system, self.kernel) if keyring]

    def texts(
        self, entry: Entry, known: "Mapping[str, str | None] | None" = None, *, is_patient: bool = False
    ) -> "Iterator[str]":
        """Yield the text that each keyring has as `entry`. `known` has texts read from the system's, by entry name.

        With `is_patient` the system's may take as long as on a busy machine.
        """
        for keyring in self._keyrings:
            if keyring is self.system and known and entry.name in known:
                text = known[entry.name]
            else:
                text = keyring.read(entry, is_patient=is_patient)
            if text:
                yield text

    def write(self, entry: Entry, text: str, *, seconds: int) -> bool:
        """Store `text` as `entry` in the first keyring that can be used, and delete an older text in those after it.

        The kernel's deletes it after `seconds`. Return whether it is stored.
        """
        is_stored = False
        for keyring in self._keyrings:
            if is_stored:
                keyring.delete(entry)
            else:
                keyring.write(entry, text, seconds=seconds)
                is_stored = not keyring.reason
        return is_stored

    def delete(self, entry: Entry) -> bool:
        """Delete `entry` from each keyring, and return whether it was in one."""
        was_there = False
        for keyring in self._keyrings:
            was_there |= bool(keyring.read(entry))
            keyring.delete(entry)
        return was_there

    def names(self) -> list[str]:
        """Return the names of all entries, as far as the keyrings can be searched."""
        return [name for keyring in self._keyrings for name in keyring.names()]


class KernelKeyring:
    """The kernel's keyring. After a failure `reason` says why it cannot be used."""

    def __init__(self) -> None:
        self.reason = ""

    def read(self, entry: Entry, *, is_patient: bool = False) -> str | None:
        """Return the text stored as `entry`, or None. It never takes long, `is_patient` or not."""
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
        """Return what `operation` returns, or None and the `reason` if the keyring cannot be used."""
        try:
            return operation()
        except kernel.Unavailable as error:
            self.reason = str(error)
        return None
