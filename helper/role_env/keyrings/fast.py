"""The fast read of a cached session's entry, from the place that ROLE_ENV_CACHE names, without `keyring`."""

from role_env.keyrings import secret_service
from role_env.keyrings.notes import KeyringNotes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.keyrings.entry import Entry


def read(entry: "Entry", environ: "Mapping[str, str]") -> "str | None":
    """Return what is stored as `entry` if that can be read within milliseconds; else None, whatever is stored."""
    mode = environ.get("ROLE_ENV_CACHE") or "auto"
    if mode == "kernel":
        return _read_kernel(entry)
    if mode not in ("auto", "keyring"):
        return None
    notes = KeyringNotes(environ)
    if notes.is_secret_service() and not notes.is_avoided():
        try:
            return secret_service.read(entry.service, entry.username, environ)
        except secret_service.AskKeyring:
            return None
    if mode == "auto" and notes.is_usual() and (notes.is_avoided() or notes.is_absent()):
        from role_env.keyrings.container import is_container

        return None if is_container(environ) else _read_kernel(entry)
    return None


def _read_kernel(entry: "Entry") -> "str | None":
    from role_env.keyrings import kernel  # its ctypes costs as much as everything else

    try:
        return kernel.read(entry.name)
    except kernel.Unavailable:
        return None
