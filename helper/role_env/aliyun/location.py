"""Locate the `aliyun` CLI's file. It is read by another module, which few chains import."""

import os
from pathlib import Path

from role_env.errors import ProfileError


def config_path(home: str) -> Path:
    """Return the absolute path of the CLI's file, which may not exist; `home` is the variable HOME.

    Raises ProfileError if there is no home folder.
    """
    home = home or os.path.expanduser("~")  # noqa: PTH111  Path's raises where there is no home folder
    if not Path(home).is_absolute():
        raise ProfileError("the aliyun CLI's file is not found without a home folder", hint="set HOME")
    return Path(home, ".aliyun", "config.json")
