"""What a session was made from: each file and variable that was looked at, and that a change of one is seen."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from role_env.files.dependencies import Dependencies, read_file
from role_env.fingerprint import is_current
from role_env.profiles.file import load
from support.files import settle


def names_with_signs(folder: Path) -> Path:
    """A path with what could break a record's line."""
    odd = folder / "a b%0A%25\nc\rd %\u2028\x85ж\udcff"
    odd.mkdir(parents=True)
    return odd / "profiles file.ini"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a folder with an odd name."""
    path = names_with_signs(tmp_path)
    path.write_text("content")
    path.chmod(0o600)
    return path


def replace(path: Path) -> None:
    """Puts another file with equal content and times in its place."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    times = path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.chmod(0o600)
    other.replace(path)


def fold(path: Path) -> None:
    """Puts a folder in its place."""
    path.unlink()
    path.mkdir()


CHANGES: dict[str, Callable[[Path], object]] = {
    "replaced by an equal one": replace,
    "touched": os.utime,
    "touched in the last nanosecond": lambda path: os.utime(path, ns=(0, path.stat().st_mtime_ns + 1)),
    "written to": lambda path: path.write_text("CONTENT"),
    "appended to": lambda path: path.write_text("content."),
    "deleted": lambda path: path.unlink(),
    "made writable for others": lambda path: path.chmod(0o666),
    "made a folder": fold,
}


def test_a_file_that_was_read_and_then_changed_is_a_change(tmp_path: Path) -> None:
    files = {change: names_with_signs(tmp_path / str(number)) for number, change in enumerate(CHANGES)}
    for file in files.values():
        file.write_text("content")
        file.chmod(0o600)
    settle(*files.values())
    for change, file in files.items():
        dependencies = Dependencies({})
        assert dependencies.read(file)[0] == b"content"
        (line,) = dependencies.fingerprint()
        assert "\n" not in line
        assert is_current([line], {})
        assert is_current([line], {})
        CHANGES[change](file)
        assert not is_current([line], {}), change


def test_a_file_younger_than_two_seconds_is_read_again_by_the_next_call(file: Path) -> None:
    dependencies = Dependencies({})
    dependencies.read(file)
    assert not is_current(dependencies.fingerprint(), {})
    settle(file)
    dependencies.read(file)
    assert is_current(dependencies.fingerprint(), {})
    os.utime(file, (time.time() - 100, time.time() - 100))  # a time of modification says nothing by itself
    dependencies.read(file)
    assert not is_current(dependencies.fingerprint(), {})


COMINGS: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.touch(),
    "folder": lambda path: path.mkdir(),
    "pipe": os.mkfifo,
    "symlink to nothing": lambda path: path.symlink_to("nowhere"),
    "symlink to a file": lambda path: path.symlink_to(__file__),
}


@pytest.mark.parametrize("kind", COMINGS)
def test_whatever_comes_where_nothing_was_is_a_change(tmp_path: Path, kind: str) -> None:
    path = names_with_signs(tmp_path)
    dependencies = Dependencies({})
    assert not dependencies.exists(str(path))
    assert is_current(dependencies.fingerprint(), {})
    COMINGS[kind](path)
    assert Dependencies({}).exists(str(path))
    assert not is_current(dependencies.fingerprint(), {})


def test_a_symlink_that_is_turned_elsewhere_is_a_change(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("same")
    link = tmp_path / "link"
    link.symlink_to("a")
    settle(tmp_path / "a")
    dependencies = Dependencies({})
    dependencies.read(link)
    assert is_current(dependencies.fingerprint(), {})
    link.unlink()
    link.symlink_to("b")
    assert not is_current(dependencies.fingerprint(), {})


@pytest.mark.parametrize("value", ["", " ", "a b", "%0A", "%250A", "a\nb\r", "-", "file - x", "\udcff"])
def test_a_variable_that_was_looked_at_and_then_changed_is_a_change(value: str) -> None:
    environ = {"X": value}
    dependencies = Dependencies(environ)
    assert dependencies.variable("X") == value
    (line,) = dependencies.fingerprint()
    assert "\n" not in line
    assert is_current([line], environ)
    assert is_current([line], {}) == (value == "")
    for other in ("x", value + " ", value + "%", value + "\n"):
        assert not is_current([line], {"X": other})


@pytest.mark.parametrize("line", ["", "file", "file x", "other x y"])
def test_a_line_that_is_none_is_a_change(line: str) -> None:
    assert not is_current([line], {})


def test_what_is_no_regular_file_is_not_read_and_a_pipe_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/null"), tmp_path / "absent"):
        with pytest.raises(OSError, match=r"regular|No such"):
            read_file(path)


@pytest.mark.parametrize("change", ["written to", "replaced by an equal one"])
def test_a_file_that_changes_while_it_is_read_is_read_again(
    file: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    real = os.fdopen

    def fdopen(*arguments: object, **options: object) -> object:
        CHANGES[change](file)  # between the stat and the read
        return real(*arguments, **options)  # type: ignore[call-overload]

    settle(file)
    dependencies = Dependencies({})
    with monkeypatch.context() as patch:
        patch.setattr("os.fdopen", fdopen)
        content, status = dependencies.read(file)
    assert len(content) == status.st_size
    assert not is_current(dependencies.fingerprint(), {})


def test_the_origin_of_a_profile_is_every_file_and_variable_that_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    path = tmp_path / ".alibabacloud" / "credentials"
    path.parent.mkdir()
    path.write_text("[b]\nrole_arn = acs:ram::1:role/r\ncredential_source = environment\npolicy_file = p.json\n")
    path.chmod(0o600)
    policy = path.with_name("p.json")
    policy.write_text("{}")
    environ = {"HOME": str(tmp_path)}
    settle(path, policy)
    file = load("", environ)
    file.chain("b")
    lines = file.dependencies.fingerprint()
    assert is_current(lines, environ)
    names = (
        "ROLE_ENV_CONFIG",
        "ALIBABA_CLOUD_CREDENTIALS_FILE",
        "ALIBABA_CLOUD_STS_ENDPOINT",
        "ALIBABA_CLOUD_STS_REGION",
        "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED",
        "XDG_CONFIG_HOME",
        "HOME",
    )
    for name in names:
        assert not is_current(lines, environ | {name: "other"})
    (path.parent / "credentials.ini").touch()
    assert not is_current(lines, environ)
    (path.parent / "credentials.ini").unlink()
    assert is_current(lines, environ)
    policy.write_text("[]")
    assert not is_current(lines, environ)
