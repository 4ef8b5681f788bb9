"""Disable core dumps of this process, which could contain a secret."""

from role_env.errors import ProfileError

# The limit that `restore_core_dumps` restores, once there is one.
_former: list[int] = []


def forbid_core_dumps() -> None:
    """Disable core dumps to a file for this process and those that it starts, before it reads a long-lived secret.

    Raises ProfileError if the system does not allow that; a seccomp filter can forbid it.
    """
    import resource

    try:
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        if soft:
            resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
            _former.append(soft)
    except (OSError, ValueError) as error:
        raise ProfileError(
            f"this process may not forbid a core dump of itself, which could contain a secret: {error}",
            hint="forbid it in the shell with: ulimit -c 0; then try again",
        ) from None


def restore_core_dumps() -> None:
    """Allow the core dumps that were allowed before, for a command that takes the place of this process."""
    if _former:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (_former.pop(), resource.getrlimit(resource.RLIMIT_CORE)[1]))
