"""Where a chain begins, and what a session was made from: the environment's keys; files and variables that change."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from role_env.credentials import AccessKey
from role_env.environ import keys as environment_variables
from role_env.errors import ProfileError
from role_env.fingerprint import Fingerprint, is_current, read_file
from role_env.profiles.file import load
from role_env.sources.base import key_digest
from role_env.sources.environment import EnvironmentKey
from support.contexts import context, fails, values
from support.files import settle
from support.machine import Machine
from support.shells import environment

SOURCE = EnvironmentKey("ci", "profiles.ini, line 1")
FAMILIES = [
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"),
    ("ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_SECURITY_TOKEN"),
    ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_SECURITY_TOKEN"),
    ("ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECURITY_TOKEN"),
]
BASE = ("ROLE_ENV_BASE_ACCESS_KEY_ID", "ROLE_ENV_BASE_ACCESS_KEY_SECRET", "ROLE_ENV_BASE_SECURITY_TOKEN")


def own_key(environ: dict[str, str]) -> AccessKey:
    """The key of a profile with credential_source = environment."""
    return SOURCE.key(context(environ))


def asked(environ: dict[str, str]) -> Callable[[], object]:
    """The look at the variables, which is yet to be taken."""
    return lambda: own_key(environ)


def key_in(names: tuple[str, str, str], tag: str) -> dict[str, str]:
    """The variables of one key, with `tag` in each value."""
    return {name: f"{tag}-{part}" for name, part in zip(names, ("id", "secret", "token"), strict=True)}


# ---- the environment's key ----


@pytest.mark.parametrize("first", range(len(FAMILIES)))
def test_the_first_family_that_is_set_counts_with_its_own_token(first: int) -> None:
    environ: dict[str, str] = {}
    for names in reversed(FAMILIES[first:]):
        environ |= key_in(names, names[0])
    expected = tuple(key_in(FAMILIES[first], FAMILIES[first][0]).values())
    assert values(own_key(environ)) == expected
    assert values(environment_variables.current_key(environ)) == expected


def test_families_that_one_tool_reads_and_the_bare_names_are_no_source() -> None:
    names = [("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"), ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET")]
    names += [("AccessKeyId", "AccessKeySecret"), ("ALIYUN_LOG_CLI_ACCESSID", "ALIYUN_LOG_CLI_ACCESSKEY")]
    environ = {name: "x" for pair in names for name in pair}
    assert environment_variables.own_key(environ) is None
    assert environment_variables.current_key(environ) is None


@pytest.mark.parametrize("names", [*FAMILIES, BASE])
@pytest.mark.parametrize("absent", [0, 1])
def test_a_half_set_pair_is_refused_and_both_variables_named(names: tuple[str, str, str], absent: int) -> None:
    environ = {names[1 - absent]: "set", names[absent]: "", names[2]: "token"}
    message = f"the variable {names[1 - absent]} is set and {names[absent]} is not"
    assert fails(ProfileError, asked(environ)).message == message


@pytest.mark.parametrize("value", ["a b", "a\nb", "ключ", "\udc80"])
def test_a_value_that_no_key_has_is_refused_and_not_reported(value: str) -> None:
    for name in FAMILIES[0]:
        message = f"the variable {name} is not printable ASCII without spaces"
        assert fails(ProfileError, asked(key_in(FAMILIES[0], "x") | {name: value})).message == message


def test_a_session_of_role_envs_own_is_never_a_source_but_the_key_it_was_made_with() -> None:
    session = key_in(FAMILIES[0], "STS.session") | {"ROLE_ENV_ACCESS_KEY_ID": "STS.session-id", "ROLE_ENV_PROFILE": "b"}
    failed = fails(ProfileError, asked(session), "source_profile", "role-env off")
    assert "has only the session of b, which is role-env's own" in failed.message
    assert "profiles.ini, line 1" in failed.message
    assert values(own_key(session | key_in(BASE, "base"))) == tuple(key_in(BASE, "base").values())
    assert values(environment_variables.current_key(session)) == tuple(key_in(FAMILIES[0], "STS.session").values())


def test_a_key_that_the_user_set_over_a_session_counts() -> None:
    environ = key_in(FAMILIES[0], "mine") | key_in(BASE, "base") | {"ROLE_ENV_ACCESS_KEY_ID": "STS.session-id"}
    assert values(own_key(environ)) == ("mine-id", "mine-secret", "mine-token")


def test_an_environment_without_a_key_is_reported_as_what_it_is() -> None:
    fails(ProfileError, asked({}), "has no access key", "set ALIBABA_CLOUD_ACCESS_KEY_ID and")
    fails(ProfileError, asked({"ROLE_ENV_NO_ACCOUNT": "1"}), "has no account since a switch failed", "role-env off")


def test_the_digest_of_a_key_differs_with_each_part_and_reveals_none() -> None:
    keys = [("a", "b", "c"), ("a", "b", ""), ("ab", "", "c"), ("a", "bc", ""), ("A", "b", "c")]
    assert len({key_digest(AccessKey(*parts)) for parts in keys}) == len(keys)
    assert "secret" not in key_digest(AccessKey("id", "secret"))


def write_environment_profiles(machine: Machine) -> dict[str, str]:
    """Adds profileE (the environment's key) and profileF (no source of its own but profileE); gives the user's key."""
    machine.add(f"[profileE]\nrole_arn = {machine.sts.role_arn}\ncredential_source = environment\n")
    key = (machine.sts.access_key_id, machine.sts.access_key_secret)
    return dict(zip(FAMILIES[0], key, strict=False))


def test_a_renewal_in_the_same_shell_asks_with_the_base_key_and_not_with_the_roles(machine: Machine) -> None:
    line = 'eval "$(role-env profileE --format sh {} || echo false)"'
    script = "\n".join(["set -e", line.format(""), line.format("--refresh"), line.format(""), "env -0"])
    done = machine.shell("dash", script, **write_environment_profiles(machine))
    assert done.returncode == 0, done.stderr
    calls = machine.sts.calls_of("AssumeRole")
    assert [call.access_key_id for call in calls] == [machine.sts.access_key_id] * 2
    found = environment(done.stdout)
    assert found[BASE[0]] == machine.sts.access_key_id
    assert found[BASE[1]] == machine.sts.access_key_secret
    assert BASE[2] not in found
    assert found["ALIBABA_CLOUD_ACCESS_KEY_ID"] == machine.sts.issued[1].id


def test_the_base_key_is_exported_for_a_profile_of_the_environment_only(machine: Machine) -> None:
    key = write_environment_profiles(machine)
    done = machine.shell("dash", 'eval "$(role-env profileB --format sh || echo false)"; env -0', **key)
    assert not set(BASE) & set(environment(done.stdout))


def test_a_container_is_not_handed_the_base_key(machine: Machine) -> None:
    done = machine.role_env("profileE", "--format", "dotenv", **write_environment_profiles(machine))
    assert machine.sts.issued[-1].id in done.stdout
    assert "ROLE_ENV_BASE" not in done.stdout


def test_another_key_in_the_environment_is_another_session(machine: Machine) -> None:
    key = write_environment_profiles(machine)
    machine.settle()
    assert machine.role_env("profileE", "--format", "json", **key).returncode == 0
    assert machine.role_env("profileE", "--format", "json", **key).returncode == 0
    assert len(machine.sts.calls_of("AssumeRole")) == 1
    done = machine.role_env("profileE", "--format", "json", **key | {FAMILIES[0][1]: "another"})
    assert done.returncode == 4
    half = machine.role_env("profileE", "--format", "json", **key | {FAMILIES[0][1]: ""})
    assert half.returncode == 3
    assert f"the variable {FAMILIES[0][0]} is set and {FAMILIES[0][1]} is not" in half.stderr
    assert half.stdout == ""


def test_a_session_without_its_base_is_no_source_and_the_command_says_what_to_do(machine: Machine) -> None:
    key = write_environment_profiles(machine)
    script = (
        'eval "$(role-env profileE --format sh)"; unset ROLE_ENV_BASE_ACCESS_KEY_ID ROLE_ENV_BASE_ACCESS_KEY_SECRET'
    )
    done = machine.shell("dash", script + "; role-env profileE --format json", **key)
    assert done.returncode == 3
    assert "only the session of profileE, which is role-env's own" in done.stderr
    assert "role-env: hint: use source_profile" in done.stderr


# ---- what a session was made from ----


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
        fingerprint = Fingerprint({})
        assert fingerprint.read(file)[0] == b"content"
        (line,) = fingerprint.lines()
        assert "\n" not in line
        assert is_current([line], {})
        assert is_current([line], {})
        CHANGES[change](file)
        assert not is_current([line], {}), change


def test_a_file_younger_than_two_seconds_is_read_again_by_the_next_call(file: Path) -> None:
    fingerprint = Fingerprint({})
    fingerprint.read(file)
    assert not is_current(fingerprint.lines(), {})
    settle(file)
    fingerprint.read(file)
    assert is_current(fingerprint.lines(), {})
    os.utime(file, (time.time() - 100, time.time() - 100))  # a time of modification says nothing by itself
    fingerprint.read(file)
    assert not is_current(fingerprint.lines(), {})


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
    fingerprint = Fingerprint({})
    assert not fingerprint.exists(path)
    assert is_current(fingerprint.lines(), {})
    COMINGS[kind](path)
    assert Fingerprint({}).exists(path)
    assert not is_current(fingerprint.lines(), {})


def test_a_symlink_that_is_turned_elsewhere_is_a_change(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("same")
    link = tmp_path / "link"
    link.symlink_to("a")
    settle(tmp_path / "a")
    fingerprint = Fingerprint({})
    fingerprint.read(link)
    assert is_current(fingerprint.lines(), {})
    link.unlink()
    link.symlink_to("b")
    assert not is_current(fingerprint.lines(), {})


@pytest.mark.parametrize("value", ["", " ", "a b", "%0A", "%250A", "a\nb\r", "-", "file - x", "\udcff"])
def test_a_variable_that_was_looked_at_and_then_changed_is_a_change(value: str) -> None:
    environ = {"X": value}
    fingerprint = Fingerprint(environ)
    assert fingerprint.variable("X") == value
    (line,) = fingerprint.lines()
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


def test_reading_leaves_no_descriptor_open(file: Path) -> None:
    free = os.dup(0)  # the lowest number that is free
    os.close(free)
    for path in (file, file.parent):
        for _ in range(3):
            with contextlib.suppress(OSError):
                read_file(path)
    again = os.dup(0)
    os.close(again)
    assert again == free


def test_a_file_replaced_while_it_is_read_is_content_and_stamp_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "profiles.ini"
    texts = [b"[a]\n" + b"#" * size for size in (1000, 200_000)]
    path.write_bytes(texts[0])
    ended = threading.Event()

    def swap() -> None:
        while not ended.is_set():
            for text in texts:
                other = tmp_path / "other"
                other.write_bytes(text)
                other.replace(path)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(500):
            content, status = read_file(path)
            assert len(content) == status.st_size
    finally:
        ended.set()
        thread.join()


def test_a_file_written_to_while_it_is_read_does_not_stand(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdopen

    def fdopen(*arguments: object, **options: object) -> object:
        file.write_text("CONTENT")  # between the stat and the read
        return real(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("os.fdopen", fdopen)
    fingerprint = Fingerprint({})
    fingerprint.read(file)
    assert not is_current(fingerprint.lines(), {})


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
    fingerprint = Fingerprint(environ)
    load("", fingerprint).chain("b")
    lines = fingerprint.lines()
    assert is_current(lines, environ)
    names = (
        "ROLE_ENV_CONFIG",
        "ALIBABA_CLOUD_CREDENTIALS_FILE",
        "ALIBABA_CLOUD_STS_ENDPOINT",
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
