"""Detect a container, whose kernel keyring belongs to a user ID of the host.

Two containers that run as the same user ID, without a user namespace or a seccomp profile, share a kernel keyring.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_FILES = ("/.dockerenv", "/run/.containerenv")
_KUBERNETES = "KUBERNETES_SERVICE_HOST"
# The initial namespaces have fixed numbers: PROC_PID_INIT_INO and PROC_USER_INIT_INO, linux/proc_ns.h.
_INITIAL_PID, _INITIAL_USER = "pid:[4026531836]", "user:[4026531837]"


def is_container(environ: "Mapping[str, str]") -> bool:
    """Return whether this is a container without its own user namespace. WSL does not count."""
    if _link("/proc/self/ns/user") not in ("", _INITIAL_USER) or "microsoft" in _release().lower():
        return False
    if environ.get(_KUBERNETES) or any(map(os.path.exists, _FILES)):
        return True
    return _link("/proc/self/ns/pid") not in ("", _INITIAL_PID)


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  pathlib costs 5 ms
    except OSError:
        return ""


def _release() -> str:
    try:
        with open("/proc/sys/kernel/osrelease", encoding="utf-8") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""
