"""Profiles that are appended to a profiles file: nothing that is there changes, whatever happens meanwhile."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from role_env.errors import ProfileError, UsageError
from role_env.profiles import ini
from role_env.profiles.append import NewProfile, append

NEW = NewProfile("new", {"role_arn": "acs:ram::1:role/x", "source_profile": "a"})
TEXT = "[new]\nrole_arn = acs:ram::1:role/x\nsource_profile = a\n"


@pytest.fixture
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of a user whose state folder is elsewhere."""
    return {"XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_missing_file_is_made_for_the_user_alone_with_its_folders(tmp_path: Path, environ: dict[str, str]) -> None:
    path = tmp_path / "config" / "role-env" / "profiles.ini"
    append(str(path), [NEW], environ)
    assert path.read_text() == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("before", "gap"),
    [
        (b"", b""),
        (b"[a]\n", b"\n"),
        (b"[a]\naccess_key_id = x", b"\n\n"),
        (b"\xef\xbb\xbf[a]\nk = v\n  more\n", b"\n"),
        (b"[a]\r\nk = v\r\n", b"\r\n"),
        ("# 生产\n[a]\npolicy =\n  {}\n# end".encode(), b"\n\n"),
        (b"[a]\rk = v\r", b"\n"),
    ],
)
def test_what_is_there_stays_byte_for_byte(tmp_path: Path, environ: dict[str, str], before: bytes, gap: bytes) -> None:
    path = tmp_path / "profiles.ini"
    path.write_bytes(before)
    path.chmod(0o640)
    append(str(path), [NEW, NewProfile("other", {"region_id": "cn-beijing"})], environ)
    after = path.read_bytes()
    added = (TEXT + "\n[other]\nregion_id = cn-beijing\n").encode()
    assert after == before + gap + (added.replace(b"\n", b"\r\n") if b"\r\n" in before else added)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    sections = ini.parse(str(path), after)
    assert sections["new"].values == NEW.values
    assert [name for name in sections if name not in ("new", "other")] == list(ini.parse(str(path), before))


@pytest.mark.parametrize("before", [b"[new]\n", b"[a]\n[new]\nregion_id = x\n"])
def test_a_profile_of_that_name_is_refused_and_nothing_changes(
    tmp_path: Path, environ: dict[str, str], before: bytes
) -> None:
    path = tmp_path / "profiles.ini"
    path.write_bytes(before)
    with pytest.raises(UsageError, match=r"profile new already exists .*line "):
        append(str(path), [NewProfile("first", {}), NEW], environ)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["profiles.ini"]


def test_what_is_no_profiles_file_is_not_touched(tmp_path: Path, environ: dict[str, str]) -> None:
    path = tmp_path / "profiles.ini"
    path.write_bytes(b"no section here\n")
    with pytest.raises(ProfileError, match="line 1"):
        append(str(path), [NEW], environ)
    assert path.read_bytes() == b"no section here\n"


def test_many_at_once_lose_nothing(tmp_path: Path, environ: dict[str, str]) -> None:
    path = tmp_path / "profiles.ini"
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: append(str(path), [NewProfile(f"p{number}", {"a": "b"})], environ), range(16)))
    assert sorted(ini.parse(str(path), path.read_bytes())) == sorted(f"p{number}" for number in range(16))
    assert names(tmp_path) == ["profiles.ini"]
