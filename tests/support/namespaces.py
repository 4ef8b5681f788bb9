"""User namespaces for the tests, so that their kernel keyring is neither the user's nor another worker's.

The kernel has a user keyring (`@u`) for each user ID *of each user namespace* (user_namespaces(7), since Linux 5.3).
In a namespace of their own the tests cannot meet the developer's cached sessions there, and `clear --all` cannot delete
them, without any hook in role-env. All IDs stay as they are: of an ordinary user, others appear as nobody.

This file is also the program that starts a worker of pytest-xdist: the Python that runs it, with the same arguments, in
a namespace of its own.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271}
_JOIN_SESSION_KEYRING = 1


_MARK = "TESTS_KERNEL_KEYRING"
"""The variable that says what was done, for the workers of the run too."""


def leave_the_users_kernel_keyring() -> None:
    """Keep this process, and what it starts, away from the user's sessions in the kernel keyring.

    Where no namespace can be made, that keyring is blocked, as containers do it, and the tests that need it are
    skipped. In CI (`CI=true`) the user is the run's own, and nothing is blocked.
    """
    if not sys.platform.startswith("linux") or _MARK in os.environ:
        return
    os.environ[_MARK] = "own" if enter_own_namespace() else "blocked"
    if os.environ[_MARK] == "blocked" and os.environ.get("CI") != "true":
        from support import confined  # which a worker's start, without the folder of the tests on its path, has not

        confined.block(errno.EPERM)


def has_own_kernel_keyring() -> bool:
    """Return whether nobody else's sessions are in this process's kernel keyring."""
    return os.environ.get(_MARK) == "own"


def enter_own_namespace() -> bool:
    """Move this process, and with it all that it starts, into a user namespace and a session keyring of its own.

    Return whether that was possible: before any thread is started, and where it is not forbidden.
    """
    if os.uname().machine not in _KEYCTL:
        return False
    # Tried out in a child first: where a namespace may be made, but not be given IDs, there is no way back.
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if _unshare() else 1)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0 and _unshare()


def _unshare() -> bool:
    """Make the namespace and map the IDs to themselves, by a helper outside, which alone may map all of root's."""
    libc = ctypes.CDLL(None, use_errno=True)
    maps = {name: _identity(name) for name in ("uid_map", "gid_map")}
    ready, reported = os.pipe()
    helper = os.fork()
    if helper == 0:
        try:
            os.close(reported)
            os._exit(0 if os.read(ready, 1) and _write_maps(os.getppid(), maps) else 1)
        except BaseException:
            os._exit(1)
    os.close(ready)
    made = libc.unshare(_CLONE_NEWUSER) == 0
    os.write(reported, b"1" if made else b"")
    os.close(reported)
    mapped = os.waitpid(helper, 0)[1] == 0
    # The session keyring has a link to the user keyring of before.
    return made and mapped and libc.syscall(_KEYCTL[os.uname().machine], _JOIN_SESSION_KEYRING, None) >= 0


def _identity(name: str) -> str:
    """Return the map of each ID to itself: of all that are there, or of an ordinary user's own alone."""
    if os.geteuid() != 0:
        own = os.geteuid() if name == "uid_map" else os.getegid()
        return f"{own} {own} 1"
    ranges = [line.split() for line in Path("/proc/self", name).read_text().splitlines()]
    return "\n".join(f"{first} {first} {count}" for first, _, count in ranges)


def _write_maps(process: int, maps: dict[str, str]) -> bool:
    folder = Path("/proc", str(process))
    if os.geteuid() != 0:
        (folder / "setgroups").write_text("deny")
    for name, text in maps.items():
        (folder / name).write_text(text)
    return True


if __name__ == "__main__":
    if os.environ.get(_MARK) == "own" and not enter_own_namespace():
        sys.exit("tests: a user namespace within the run's own could not be made")
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
