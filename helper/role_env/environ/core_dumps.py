"""Core dumps of this process, which could contain a secret."""


def forbid_core_dumps() -> None:
    """Write no core dump of this process to a file from now on, as of those that it starts."""
    try:
        import resource
    except ImportError:  # Windows, which writes none
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
