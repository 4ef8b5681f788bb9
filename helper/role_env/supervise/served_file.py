"""The file for Terraform's and Pulumi's provider: a profile of mode External, without a secret, that nobody can write.

The provider runs the profile's command whenever its session is about to end. Its library then writes the session back
into the file: it opens it for writing, writes a file beside it, with a longer name, and renames that. A sealed file in
memory refuses the first step. Elsewhere the file is on the disk, with a name to which nothing can be added.
"""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from role_env import variables
from role_env.files.sealed import sealed

_LONGEST_NAME = 246
"""What leaves no room for `.tmp-` and a number in the 255 bytes of a name."""


class ServedFile:
    """The file, whose profile runs `command`. Its `path` is empty if it could not be made: then programs ask the URI.

    In memory it is this process's, and lasts until `close` or the end of the process. `descriptor` has to stay open.
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
            if path.read_bytes() == content:  # not where /proc is missing, or another's
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
        """End the file. Does nothing the second time."""
        if self.descriptor is not None:
            os.close(self.descriptor)
        if self._folder:
            with contextlib.suppress(OSError):  # somebody has removed it
                self._folder.chmod(0o700)
                for path in self._folder.iterdir():
                    path.unlink()
                self._folder.rmdir()
        self.descriptor = self._folder = None
