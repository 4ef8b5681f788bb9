"""Locate the `aliyun` CLI's file. It is read by another module, which few chains import."""

import os

from role_env import paths
from role_env.errors import ProfileError


def config_path(home: str) -> str:
    """Return the absolute path of the CLI's file, which may not exist. Raises ProfileError without a home folder."""
    home = home or os.path.expanduser("~")
    if not os.path.isabs(home):
        raise ProfileError("the aliyun CLI's file is not found without a home folder", hint="set HOME")
    return paths.absolute(os.path.join(home, ".aliyun", "config.json"))
