"""Detect a container, whose kernel keyring belongs to a user ID of the host.

Two containers that run as the same user ID, without a user namespace or a seccomp profile, share a kernel keyring.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FILES = ("/.dockerenv", "/run/.containerenv")
"""The files that docker and podman put into a container."""
_KUBERNETES = "KUBERNETES_SERVICE_HOST"
# The initial namespaces have fixed numbers: PROC_PID_INIT_INO and PROC_USER_INIT_INO, linux/proc_ns.h.
_INITIAL_PID, _INITIAL_USER = "pid:[4026531836]", "user:[4026531837]"


def is_container(environ: "Mapping[str, str]") -> bool:
    """Return whether this is a container without its own user namespace. WSL does not count."""
    if link_of("/proc/self/ns/user") not in ("", _INITIAL_USER) or "microsoft" in kernel_release().lower():
        return False
    if environ.get(_KUBERNETES) or any(map(os.path.exists, FILES)):
        return True
    return link_of("/proc/self/ns/pid") not in ("", _INITIAL_PID)


def link_of(path: str) -> str:
    """Return what the symlink `path` has, empty if it cannot be read."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def kernel_release() -> str:
    """Return the release of the kernel, empty if it is not known."""
    try:
        with open("/proc/sys/kernel/osrelease", encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
