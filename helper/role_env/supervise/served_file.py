"""Make the read-only file for Terraform's and Pulumi's provider: a profile of mode External, without a secret.

The provider runs the profile's command when its session is about to expire. Its library then tries to write the session
back: it opens the file for writing, writes a file beside it with a longer name, and renames that. A sealed file in
memory refuses the first step. On systems without such files, the file is on disk and its name has the greatest length.
"""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from role_env import variables
from role_env.files.sealed import sealed

_LONGEST_NAME = 246
"""A file name that leaves no room for `.tmp-` and a number in the 255 bytes of a name."""


class ServedFile:
    """The file with a profile that runs `command`. `path` is empty if the file could not be made: programs use the URI.

    A file in memory lasts until `close` or the end of this process. `descriptor` must stay open.
    """

    def __init__(self, command: str) -> None:
        name = variables.SERVED_PROFILE
        profile = {"name": name, "mode": "External", "process_command": command}
        content = json.dumps({"current": name, "profiles": [profile]}, separators=(",", ":")).encode()
        self.path = ""
        self.descriptor: int | None = None
        self._folder: Path | None = None
        with contextlib.suppress(OSError):
            self.descriptor = sealed(content)
            path = Path(f"/proc/{os.getpid()}/fd/{self.descriptor}")
            if path.read_bytes() == content:  # False if /proc is missing or belongs to another PID namespace
                self.path = str(path)
                return
        self._write(content)

    def _write(self, content: bytes) -> None:
        with contextlib.suppress(OSError):
            self._folder = Path(tempfile.mkdtemp(prefix="role-env-"))
            path = self._folder / f"{variables.SERVED_PROFILE}-".ljust(_LONGEST_NAME, "0")
            path.touch(0o600)
            path.write_bytes(content)
            path.chmod(0o400)
            self._folder.chmod(0o500)
            self.path = str(path)

    def close(self) -> None:
        """Remove the file. A second call does nothing."""
        if self.descriptor is not None:
            os.close(self.descriptor)
        if self._folder:
            with contextlib.suppress(OSError):  # it has been removed already
                self._folder.chmod(0o700)
                for path in self._folder.iterdir():
                    path.unlink()
                self._folder.rmdir()
        self.descriptor = self._folder = None
