"""Make the files of a wheel besides its modules: the man page and the shells' programs. Hatchling calls the hook."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

import man_page
import shell_programs

_PROGRAMS = Path(__file__).parent / "role_env" / "shell"


class WheelHook(BuildHookInterface[Any]):
    """A hook that adds `share/man/man1/role-env.1`, and writes `role_env/shell/`, also for an editable installation."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files; the man page into a folder that lasts until the wheel is complete."""
        if self.target_name != "wheel":
            return
        _PROGRAMS.mkdir(exist_ok=True)
        for name, text in shell_programs.made().items():
            (_PROGRAMS / name).write_text(text, "utf-8")
        build_data["artifacts"].append("/helper/role_env/shell/")
        if version != "editable":
            self._folder = tempfile.TemporaryDirectory(prefix="role-env-man-")
            page = Path(self._folder.name, "role-env.1")
            page.write_text(man_page.man_page(), "ascii")
            build_data["shared_data"][str(page)] = "share/man/man1/role-env.1"
