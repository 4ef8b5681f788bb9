"""Run a command as on systems with restrictions.

usage: python tests/support/confined.py KIND COMMAND…
  EPERM, ENOSYS      the kernel's keyring is blocked by seccomp, as in Docker and in podman
  no-memfd           as on a system without files in memory
  no-pidfd           as on Linux before 5.3, which has no descriptors of processes
  no-locks           as on a file system without locks
  new-session        with a session keyring of its own, as `keyctl session` and `su` give
  user:UID           as an ordinary user, if we are root; all files can still be read
  full:UID           the same, whose share of the kernel's keyring others have filled
"""

import ctypes
import errno
import os
import struct
import sys

FLOCK = {"x86_64": 73}.get(os.uname().machine, 32)
MEMFD_CREATE = {"x86_64": 319}.get(os.uname().machine, 279)
PIDFD_OPEN = 434
ADD_KEY, REQUEST_KEY, KEYCTL = {"x86_64": (248, 249, 250)}.get(os.uname().machine, (217, 218, 219))
_PR_SET_KEEPCAPS, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 8, 22, 38, 47
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> int:
    """Return the result of a system call. Raises OSError."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def block(number: int, *calls: int) -> None:
    """Make the system `calls` fail with the error `number`, by a seccomp filter."""
    # struct sock_filter: code, jump if true, jump if false, operand. linux/filter.h, linux/seccomp.h.
    load, jump, answer = 0x20, 0x15, 0x06
    program = [struct.pack("HBBI", load, 0, 0, 0)]
    program += [struct.pack("HBBI", jump, len(calls) - place, 0, call) for place, call in enumerate(calls)]
    program += [struct.pack("HBBI", answer, 0, 0, 0x7FFF0000), struct.pack("HBBI", answer, 0, 0, 0x00050000 | number)]
    filters = ctypes.create_string_buffer(b"".join(program))
    described = struct.pack("HxxxxxxP", len(program), ctypes.addressof(filters))
    checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    checked(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.create_string_buffer(described), 0, 0))


def become(user: int) -> None:
    """Become an ordinary user, if we are root; what may be read stays, since the interpreter may be in root's home."""
    if os.geteuid():
        return
    kept = (1 << _CAP_DAC_OVERRIDE) | (1 << _CAP_DAC_READ_SEARCH)
    os.setgroups([])
    os.setgid(user)
    checked(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setuid(user)
    header = struct.pack("Ii", 0x20080522, 0)
    checked(libc.capset(header, struct.pack("6I", kept, kept, kept, 0, 0, 0)))
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        checked(libc.prctl(_PR_CAP_AMBIENT, 2, capability, 0, 0))


def fill() -> None:
    """Use up the user's quota with keys of the session's own, which end with it."""
    checked(libc.syscall(KEYCTL, 1, None))
    for size in (4000, 400, 40, 1):
        for number in range(200):
            if libc.syscall(ADD_KEY, b"user", f"{size} {number}".encode(), b"x" * size, size, -3) < 0:
                break


def main(kind: str, command: list[str]) -> None:
    """Become the command."""
    kind, _, user = kind.partition(":")
    if user:
        become(int(user))
    if kind == "full":
        fill()
    elif kind == "new-session":
        checked(libc.syscall(KEYCTL, 1, None))
    elif kind == "no-locks":
        block(errno.ENOLCK, FLOCK)
    elif kind == "no-memfd":
        block(errno.ENOSYS, MEMFD_CREATE)
    elif kind == "no-pidfd":
        block(errno.ENOSYS, PIDFD_OPEN)
    elif kind != "user":
        block(getattr(errno, kind), ADD_KEY, REQUEST_KEY, KEYCTL)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
