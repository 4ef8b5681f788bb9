"""Disable core dumps of this process, which could contain a secret."""

import sys

from role_env.errors import ProfileError


def forbid_core_dumps() -> None:
    """Disable core dumps to a file for this process and those that it starts.

    Raises ProfileError if the system does not allow that; a seccomp filter can forbid it.
    """
    if sys.platform == "win32":  # Windows writes no core dumps
        return
    import resource

    try:
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        if soft:
            resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    except (OSError, ValueError) as error:
        raise ProfileError(
            f"this process may not forbid a core dump of itself, which could contain a secret: {error}",
            hint="forbid it in the shell with: ulimit -c 0; then try again",
        ) from None
