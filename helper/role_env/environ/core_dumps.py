"""Core dumps of this process, which could contain a secret."""

import sys

from role_env.errors import ProfileError


def forbid_core_dumps() -> None:
    """Write no core dump of this process to a file from now on, as of those that it starts.

    Raises ProfileError if the system does not let a process change that, as a seccomp filter may not.
    """
    if sys.platform == "win32":  # which writes none
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
