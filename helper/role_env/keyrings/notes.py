"""Notes in the state folder about the keyring, from one process to the next."""

import os
import time

from role_env.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# After a keyring was late, no process waits for it again for so long (seconds).
AVOID_SECONDS = 60.0


def late_mark(environ: "Mapping[str, str]") -> str:
    """The name of the file in the state folder whose time tells when the keyring on this session bus was late."""
    return "keyring-late-" + sha256(environ.get("DBUS_SESSION_BUS_ADDRESS", ""))[:16]


def was_late(mark: str) -> bool:
    """Whether the file `mark` tells that the keyring was late within the last AVOID_SECONDS."""
    try:
        return 0 <= time.time() - os.stat(mark).st_mtime < AVOID_SECONDS  # noqa: PTH116  pathlib costs 5 ms
    except OSError:
        return False
