"""`setup aliyun-cli` beside other writers of the file, on a full disk, and killed half-way."""

import os
import subprocess
import sys

import pytest

from role_env.aliyun import entries
from role_env.errors import ProfileError, UnreachableError
from role_env.files.user_file import UserFile
from support.cli_home import AK, ENTRY, FILES, ONE, Home, replace, written


def test_what_another_program_writes_meanwhile_is_not_lost(home: Home) -> None:
    home.write(written())
    calls: list[bytes | None] = []

    def disturbed(content: bytes | None) -> bytes:
        calls.append(content)
        if len(calls) == 1:
            home.config.write_bytes(ONE)
        return entries.with_entries(str(home.config), content, ENTRY)

    assert UserFile(str(home.config)).replace(disturbed)
    assert calls[1] == ONE
    assert home.names() == ["default", "profileB"]
    assert home.backup.read_bytes() == ONE


def test_a_file_that_never_comes_to_rest_is_given_up(home: Home) -> None:
    home.write(written())

    def disturbed(content: bytes | None) -> bytes:
        home.config.write_bytes((content or b"") + b" ")
        return entries.with_entries(str(home.config), content, ENTRY)

    with pytest.raises(UnreachableError, match="being written"):
        UserFile(str(home.config)).replace(disturbed)
    assert not home.leftovers()


def test_a_full_disk_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(written())
    before = home.config.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProfileError, match="No space left"):
        replace(home)
    assert home.config.read_bytes() == before
    assert not home.leftovers()
    assert not home.backup.exists()


def test_a_setup_that_is_killed_half_way_leaves_the_file_unchanged_and_its_leftovers_are_removed(home: Home) -> None:
    """It is killed just before it puts the new file in place; another one's has become a link since."""
    home.write(written(AK))
    code = (
        "import os, pathlib, signal, sys\n"
        "pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.argv = ['role-env', 'setup', 'aliyun-cli', 'profileB']\n"
        "from role_env.__main__ import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], env=home.environ, capture_output=True, timeout=60, check=False)
    assert done.returncode == -9
    assert home.config.read_bytes() == FILES["AK"]
    left = home.config.with_name(home.config.name + ".role-env-new")
    left.unlink()
    left.symlink_to(home.path / "elsewhere")
    home.setup("profileB")
    assert not home.leftovers()
    assert not (home.path / "elsewhere").exists()
