"""Store entries in the Linux kernel's user keyring: in memory only, and the kernel deletes each when it expires.

It is for machines without another keyring. System calls and flags: keyctl(2), add_key(2), keyrings(7).
"""

import errno
import os
import sys
import time

try:
    import ctypes
except ImportError:  # a Python built without libffi
    ctypes = None  # type: ignore[assignment]

# libc has no wrapper for add_key and keyctl, and some machines lack libkeyutils.
NUMBERS = {"x86_64": (248, 250), "aarch64": (217, 219), "riscv64": (217, 219), "ppc64le": (269, 271)}
_UPDATE, _SETPERM, _DESCRIBE, _LINK, _UNLINK, _SEARCH, _READ, _TIMEOUT = 2, 5, 6, 8, 9, 10, 11, 15
_PROCESS, _USER = -2, -4
# Each process of the owner may do anything. A possessor may do nothing: below `su`, another user possesses the keys of
# the login's session keyring, and can also add keys of his own to the user's keyring.
_PERMISSIONS = 0x003F0000
_PREFIX = "role-env:"
# Python's errno has these names only on Linux.
_ENOKEY, _EKEYEXPIRED, _EKEYREVOKED = 126, 127, 128
_GONE = (_ENOKEY, _EKEYEXPIRED, _EKEYREVOKED)
# The texts for messages. If a user's quota is used up, the user's keyring cannot be created and is missing.
_REASONS = {
    errno.EPERM: "the kernel keyring is blocked here, as in many containers",
    errno.ENOSYS: "this kernel has no keyring",
    errno.EDQUOT: "the kernel keyring has no room left for this user",
    _ENOKEY: "the kernel keyring has no room left for this user",
}
# The limit of a key (bytes). A record has about 3,000.
_LARGEST = 32767
# The kernel keeps 32 bits of a timeout (seconds).
_LONGEST = 2**31 - 1


class Unavailable(Exception):
    """The kernel keyring cannot be used: missing on this system, blocked, or full. `number` is the errno."""

    def __init__(self, number: int) -> None:
        super().__init__(_REASONS.get(number) or os.strerror(number))
        self.number = number


def read(name: str) -> str | None:
    """Return the text stored as `name`, or None. Raises Unavailable."""
    try:
        return content_of(_find(name)).decode("utf-8").partition("\n")[2]
    except Unavailable as error:
        if error.number not in _GONE:
            raise
        return None
    except ValueError:
        return None


def write(name: str, text: str, *, seconds: int) -> None:
    """Store `text` as `name` for `seconds`, if necessary in the place of older entries. Raises Unavailable."""
    # The expiration comes first, to find the oldest entry: the kernel's list has no order.
    content = f"{int(time.time()) + seconds}\n{text}".encode()
    while True:
        try:
            key = add(name, content)
            break
        except Unavailable as error:
            if error.number != errno.EDQUOT or not _drop_oldest():
                raise
    # Only this process can reach the key until it is complete. The link replaces an earlier entry.
    keyctl(_SETPERM, key, _PERMISSIONS)
    keyctl(_TIMEOUT, key, min(max(1, seconds), _LONGEST))
    keyctl(_LINK, key, _USER)
    keyctl(_UNLINK, key, _PROCESS)


def delete(name: str) -> None:
    """Delete `name` if it exists. Raises Unavailable."""
    try:
        keyctl(_UNLINK, _find(name), _USER)
    except Unavailable as error:
        if error.number not in _GONE:
            raise


def names() -> list[str]:
    """Return the names of role-env's entries. Raises Unavailable."""
    return [name for _, name in _ours()]


def _find(name: str) -> int:
    """Return the number of the key `name`. Raises Unavailable, also for one that another user has put there."""
    key = keyctl(_SEARCH, _USER, b"user", _description(name), 0)
    if not _own_description(key):
        raise Unavailable(_ENOKEY)
    return key


def _description(name: str) -> bytes:
    return (_PREFIX + name).encode("utf-8", "surrogateescape")


def content_of(key: int) -> bytes:
    """Return what a key contains, of a keyring the numbers of its keys. Raises Unavailable."""
    buffer = ctypes.create_string_buffer(_LARGEST)
    length = keyctl(_READ, key, buffer, _LARGEST)
    return buffer.raw[: min(length, _LARGEST)]


def _own_description(key: int) -> str:
    """Return the description of `key`, or an empty text if another user owns it."""
    buffer = ctypes.create_string_buffer(4096)
    keyctl(_DESCRIBE, key, buffer, 4096)
    _, owner, _, _, description = buffer.value.decode("utf-8", "surrogateescape").split(";", 4)
    return description if int(owner) == os.geteuid() else ""


def _ours() -> list[tuple[int, str]]:
    """Return the numbers and names of role-env's keys in the user's keyring."""
    content = content_of(_USER)
    found = []
    for start in range(0, len(content) // 4 * 4, 4):
        key = int.from_bytes(content[start : start + 4], "little", signed=True)
        try:
            name = _own_description(key)
        except Unavailable:  # it expired meanwhile, or is another user's
            continue
        if name.startswith(_PREFIX):
            found.append((key, name.removeprefix(_PREFIX)))
    return found


def _drop_oldest() -> bool:
    """Make room by deleting role-env's entry that expires first. Return False if there is none."""
    ends = []
    for key, _ in _ours():
        try:
            ends.append((content_of(key).partition(b"\n")[0], key))
        except Unavailable:  # it expired meanwhile, and its room is free
            return True
    if ends:
        oldest = min(ends)[1]
        # The kernel counts a deleted key until its next sweep. Shortening a key frees room at once.
        keyctl(_UPDATE, oldest, b"-", ctypes.c_size_t(1))
        keyctl(_UNLINK, oldest, _USER)
    return bool(ends)


def add(name: str, content: bytes) -> int:
    """Return a new key that only this process reaches. Raises Unavailable."""
    return _system_call(0, b"user", _description(name), content, ctypes.c_size_t(len(content)), _PROCESS)


def keyctl(operation: int, *arguments: object) -> int:
    """Make the system call of this name, and return its result. Raises Unavailable."""
    return _system_call(1, operation, *arguments)


def _system_call(which: int, *arguments: object) -> int:
    """Make one of the two system calls of NUMBERS, and return its result. Raises Unavailable."""
    numbers = NUMBERS.get(os.uname().machine) if sys.platform == "linux" else None
    # For a 32-bit Python on such a machine, these numbers are other system calls.
    if numbers is None or ctypes is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        raise Unavailable(errno.ENOSYS)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
    except OSError:  # a statically linked interpreter
        raise Unavailable(errno.ENOSYS) from None
    libc.syscall.restype = ctypes.c_long
    converted = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = libc.syscall(ctypes.c_long(numbers[which]), *converted)
    if result < 0:
        raise Unavailable(ctypes.get_errno())
    return int(result)
