"""`setup aliyun-cli --remove` takes back what setup wrote, and nothing else."""

import json
from typing import Any

import pytest

from support.cli_home import AK, FILES, KEY, OURS, THEIRS, Home, profile, written


@pytest.mark.parametrize("kind", sorted(FILES.keys() - {"ours by hand", "no profiles", "empty", "null"}))
def test_remove_leaves_the_file_as_it_was_before_setup(home: Home, kind: str) -> None:
    home.write(FILES[kind])
    home.setup("profileB")
    home.setup()
    done = home.setup("--remove")
    assert json.loads(home.config.read_bytes()) == json.loads(FILES[kind])
    assert list(home.config.parent.iterdir()) == [home.config]
    assert '-  "process_command": "role-env process --session",' in done.stdout
    assert home.setup("--remove").stdout == f"{home.config} has nothing that setup wrote\n"


@pytest.mark.parametrize("content", [None, b"{}", b'{"current": "", "profiles": []}', b'{"profiles": null}'])
def test_remove_takes_the_empty_default_that_had_to_be_added_too(home: Home, content: bytes | None) -> None:
    if content is not None:
        home.write(content)
    home.setup("profileB", "team/日本:prod")
    document = json.loads(home.config.read_text())
    document["profiles"][0] |= {"region_id": "", "retry_timeout": 0, "verified": ""}  # as the CLI saves it
    home.write(document)
    home.setup("--remove")
    assert not home.config.parent.exists()


def test_remove_takes_a_symlink_along_with_a_file_that_has_nothing_else(home: Home) -> None:
    elsewhere = home.path / "elsewhere"
    elsewhere.mkdir()
    home.config.parent.mkdir()
    home.config.symlink_to(elsewhere / "aliyun.json")
    home.setup()
    assert home.config.is_symlink()
    assert home.names() == ["default", "role-env"]
    home.setup("--remove")
    assert not list(elsewhere.iterdir())
    assert not home.config.parent.exists()


def test_remove_takes_only_the_profiles_that_are_named(home: Home) -> None:
    home.setup("profileB", "team/日本:prod")
    home.setup()
    home.setup("--remove", "profileB")
    assert home.names() == ["default", "team/日本:prod", "role-env"]
    home.setup("--remove", "profileB", status=3, said="has no profile profileB that setup wrote")
    home.setup("--remove", "--all")
    assert not home.config.exists()


@pytest.mark.parametrize("theirs", THEIRS)
def test_remove_leaves_profiles_that_setup_did_not_write(home: Home, theirs: dict[str, Any]) -> None:
    home.write(written(theirs, profile("AK", **KEY)))
    before = home.config.read_bytes()
    home.setup("--remove")
    home.setup("--remove", "profileB", status=3)
    assert home.config.read_bytes() == before


def test_remove_of_the_current_profile_makes_another_one_current(home: Home) -> None:
    home.write(written(AK, {**OURS}, current="profileB"))
    assert "current is default now" in home.setup("--remove").stdout
    assert json.loads(home.config.read_text())["current"] == "default"


def test_remove_without_a_file_of_the_cli_has_nothing_to_do(home: Home) -> None:
    assert home.setup("--remove").stderr == ""
    assert not home.config.parent.exists()
