"""The place of the `aliyun` CLI's file, which follows HOME as the CLI does."""

from pathlib import Path

import pytest

from role_env.aliyun.location import config_path
from role_env.errors import ProfileError


def test_a_home_folder_beyond_a_link_is_the_one_that_the_system_finds(tmp_path: Path) -> None:
    home = tmp_path / "disk" / "home"
    (home / "me").mkdir(parents=True)
    (tmp_path / "link").symlink_to(home / "me")
    assert Path(config_path(f"{tmp_path}/link/..")).resolve() == home / ".aliyun" / "config.json"


def test_a_relative_home_folder_is_refused() -> None:
    with pytest.raises(ProfileError, match="without a home folder"):
        config_path("home/me")
