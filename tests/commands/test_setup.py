"""role-env setup aliyun-cli: profiles in a file that belongs to others, of which nothing else may change."""

import json
import os
import stat
import subprocess
import sys
from typing import Any

import pytest

from role_env.aliyun import entries
from role_env.errors import ProfileError, UnreachableError
from role_env.files.user_file import UserFile
from support.cli_home import AK, ENTRY, FILES, KEY, ONE, THEIRS, Home, replace, written


def entries_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The profiles, whose key the CLI reads in any case."""
    return next((value for key, value in document.items() if key.lower() == "profiles"), None) or []


@pytest.mark.parametrize("kind", FILES)
def test_two_profiles_are_added_to_any_file_and_nothing_else_changes(home: Home, kind: str) -> None:
    before = FILES[kind]
    home.write(before)
    names = ["profileB", "team/日本:prod"]
    home.setup(*names)
    after = home.config.read_bytes()
    for name in names:
        assert home.entry(name)["mode"] == "External"
        assert home.entry(name)["process_command"] == home.command(name)
    assert home.entry()["region_id"] == "cn-beijing"
    old, new = json.loads(before), json.loads(after)
    listed = next((key for key in old if key.lower() == "profiles"), "profiles")
    assert list(new) == list(old) if old.get(listed) is not None else set(old) <= set(new)
    assert {**new, listed: None, "current": None} == {**old, listed: None, "current": None}
    added = entries_of(old) or [{"name": "default", "mode": "", "output_format": "json", "language": "en"}]
    kept = [e for e in added if e["name" if "name" in e else "Name"] not in names]
    assert [e for e in entries_of(new) if e.get("name") not in names] == kept
    assert [list(entry) for entry in entries_of(new)][: len(kept)] == [list(entry) for entry in kept]
    assert home.backup.read_bytes() == before
    identity = home.config.stat()
    home.setup(*names)
    assert home.config.read_bytes() == after
    assert home.config.stat() == identity
    assert home.backup.read_bytes() == before
    assert not home.leftovers()


@pytest.mark.parametrize("unit", ["\t", "  ", "    "])
def test_the_file_is_written_with_the_indentation_that_it_had(home: Home, unit: str) -> None:
    home.write((json.dumps(written(AK), indent=unit) + "\n").encode())
    home.setup("profileB")
    new = json.loads(home.config.read_text())
    assert home.config.read_text() == json.dumps(new, indent=unit) + "\n"


def test_where_there_is_no_file_one_is_made_for_the_user_alone(home: Home) -> None:
    home.setup("profileB")
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.config.parent.stat().st_mode) == 0o700
    document = json.loads(home.config.read_text())
    # A plain `aliyun` goes on as without a file: with an empty profile that the variables fill.
    assert document["current"] == "default"
    assert home.entry("default")["mode"] == ""
    assert home.entry()["process_command"] == home.command()
    assert not home.backup.exists()
    assert not home.leftovers()


# ---- what is refused ----


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        (FILES["AK"][:-40], ""),
        (FILES["AK"] + b"}", ""),
        (b"", ""),
        (b"null", ""),
        (b"[]", ""),
        (b"not JSON", ""),
        (b"\xff\xfe{\0}\0", ""),
        (b'{"profiles": {}}', ""),
        (b'{"profiles": ["the-secret"]}', ""),
        (b"[" * 100_000, ""),
        (b"\xef\xbb\xbf" + ONE, "byte order mark"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"profiles": [{"name": "x"}], "current": "y"}', "current is y, and no profile has that name"),
        (b'{"profiles": [{"name": "x"}]}', ""),
        (b'{"profiles": [{"name": "default"}], "current": ""}', ""),
        (ONE + b" // a comment", ""),
        (b'{\n // mine\n"profiles": []}', "line 2: not JSON (a comment"),
        (b'{\n"profiles": [] /* mine */}', "line 2: not JSON (a comment"),
        (b'{"profiles": [{"name": "default"}],\n "later": 1,\n "later": 2}', "the key later appears twice"),
        (b'{"profiles": [{"name": "default",\n "A": {},\n "a": [{}]}]}', "the key a appears twice"),
        (b'{"profiles": [{"name": "default"}], "Profiles": []}', ""),
    ],
)
def test_a_file_that_the_cli_cannot_use_or_that_would_lose_something_is_not_touched(
    home: Home, content: bytes, reported: str
) -> None:
    home.write(content)
    done = home.setup("profileB", status=3, said=reported)
    assert str(home.config) in done.stderr
    assert home.config.read_bytes() == content
    assert not home.backup.exists()
    assert not home.leftovers()


def test_a_read_only_file_is_not_touched(home: Home) -> None:
    home.write(written(), 0o400)
    before = home.config.read_bytes()
    home.setup("profileB", status=3, said="read-only")
    assert home.config.read_bytes() == before
    assert not home.backup.exists()


@pytest.mark.parametrize("kind", ["folder", "pipe", "file in the folder's place"])
def test_what_is_no_file_is_reported_and_not_waited_for(home: Home, kind: str) -> None:
    if kind == "file in the folder's place":
        home.config.parent.write_text("")
    else:
        home.config.parent.mkdir()
        os.mkfifo(home.config) if kind == "pipe" else home.config.mkdir()
    home.setup("profileB", status=3)


@pytest.mark.parametrize("theirs", THEIRS)
def test_a_profile_that_role_env_has_not_written_is_not_touched(home: Home, theirs: dict[str, Any]) -> None:
    home.write(written(theirs))
    before = home.config.read_bytes()
    with pytest.raises(ProfileError, match="has a profile profileB that role-env did not write"):
        replace(home)
    assert home.config.read_bytes() == before
    assert not home.backup.exists()


@pytest.mark.parametrize("arguments", [["profileB"], ["team/日本:prod", "profileB"], ["profileB", "--dry-run"]])
def test_one_profile_that_is_not_our_own_keeps_all_that_were_named_from_being_written(
    home: Home, arguments: list[str]
) -> None:
    home.write(written(THEIRS[0]))
    before = home.config.read_bytes()
    home.setup(*arguments, status=3, said="has a profile profileB that role-env did not write")
    assert home.config.read_bytes() == before


def test_with_all_the_others_are_written_and_what_cannot_be_is_reported(home: Home) -> None:
    home.write(written({"name": "profileB", "mode": "AK", **KEY}))
    done = home.setup("--all", said="profileB that role-env did not write; it stays")
    assert "broken" in done.stderr
    assert home.entry() == {"name": "profileB", "mode": "AK", **KEY}
    assert home.entry("team/日本:prod")["mode"] == "External"
    assert home.names() == ["profileB", "team/日本:prod"]


@pytest.mark.parametrize(
    ("arguments", "status", "reported"),
    [
        (["nobody"], 3, "no profile nobody"),
        (["source"], 3, "only a source"),
        (["broken"], 3, "role_arn"),
        (["profileB", "broken"], 3, "role_arn"),
    ],
)
def test_what_cannot_be_set_up_is_reported_and_writes_nothing(
    home: Home, arguments: list[str], status: int, reported: str
) -> None:
    home.setup(*arguments, status=status, said=reported)
    assert not home.config.parent.exists()


# ---- beside other writers, on a full disk, and killed half-way ----


def test_what_another_program_writes_meanwhile_is_not_lost(home: Home) -> None:
    home.write(written())
    calls: list[bytes | None] = []

    def disturbed(content: bytes | None) -> bytes:
        calls.append(content)
        if len(calls) == 1:
            home.config.write_bytes(ONE)
        return entries.with_entries(str(home.config), content, ENTRY)

    assert UserFile(str(home.config), home.environ).replace(disturbed)
    assert calls[1] == ONE
    assert home.names() == ["default", "profileB"]
    assert home.backup.read_bytes() == ONE


def test_a_file_that_never_comes_to_rest_is_given_up(home: Home) -> None:
    home.write(written())

    def disturbed(content: bytes | None) -> bytes:
        home.config.write_bytes((content or b"") + b" ")
        return entries.with_entries(str(home.config), content, ENTRY)

    with pytest.raises(UnreachableError, match="being written"):
        UserFile(str(home.config), home.environ).replace(disturbed)
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
