"""The profiles file: where it is found, whose it may be, Alibaba's own, and what the command says of it."""

import os
import tempfile
import time
from pathlib import Path

import pytest

from role_env.files.dependencies import LARGEST_FILE
from support.profiles_folder import SECRET, A, B, Folder, failure, needs_root

# ---- the file ----


def test_a_file_is_chosen_by_option_variable_own_folder_and_then_alibabas(folder: Folder) -> None:
    assert "there is no profiles file" in failure(folder.located)
    last = folder.alibaba("credentials", "")
    assert folder.located() == last
    first = folder.alibaba("credentials.ini", "")
    assert folder.located() == first
    folder.set_variable("ALIBABA_CLOUD_CREDENTIALS_FILE", str(folder.home / "named"))
    assert folder.located() == first
    (folder.home / "named").touch()
    assert folder.located() == folder.home / "named"
    folder.file.touch()
    assert folder.located() == folder.file
    folder.set_variable("ROLE_ENV_CONFIG", "")
    assert folder.located() == folder.file
    folder.set_variable("ROLE_ENV_CONFIG", str(last))
    assert folder.located() == last
    assert folder.located(str(first)) == first


@pytest.mark.parametrize("by", ["--config", "ROLE_ENV_CONFIG"])
def test_a_file_that_is_named_and_absent_is_not_replaced_by_another(folder: Folder, by: str) -> None:
    folder.file.touch()
    folder.set_variable("ROLE_ENV_CONFIG", "absent" if by == "ROLE_ENV_CONFIG" else "")
    assert f"{by} names absent" in failure(lambda: folder.located("absent" if by == "--config" else ""))


def test_a_relative_path_counts_from_the_working_folder(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.file.touch()
    monkeypatch.chdir(folder.file.parent)
    assert folder.located("profiles.ini") == folder.file
    gone = folder.home / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert folder.located() == folder.file
    assert "--config names" in failure(lambda: folder.located("profiles.ini"))


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling"])
def test_an_own_file_that_is_none_is_an_error_and_alibabas_is_not_read_instead(folder: Folder, kind: str) -> None:
    folder.alibaba("credentials.ini", A)
    if kind == "folder":
        folder.file.mkdir()
    elif kind == "pipe":
        os.mkfifo(folder.file)
    else:
        folder.file.symlink_to("nowhere")
    assert folder.located() == folder.file
    assert f"the profiles file {folder.file} cannot be read" in failure(folder.load)


@needs_root
def test_an_own_file_in_a_folder_that_may_not_be_entered_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        folder = Folder(Path(home), monkeypatch)
        folder.alibaba("credentials.ini", A).chmod(0o644)
        folder.read(B)
        for mode in (0o755, 0o700):  # the file, then its folder too
            folder.file.parent.chmod(mode)
            os.seteuid(12345)
            try:
                path = folder.located()
                assert path == folder.file
                reported = failure(folder.load)
            finally:
                os.seteuid(0)
            assert f"the profiles file {folder.file} cannot be read: Permission denied" in reported


def test_a_users_folder_for_settings_is_found_without_and_with_xdg(folder: Folder) -> None:
    folder.file.touch()
    for ignored in ("", "relative"):
        folder.set_variable("XDG_CONFIG_HOME", ignored)
        assert folder.located() == folder.file
    other = folder.home / "x d g" / "role-env" / "profiles.ini"
    other.parent.mkdir(parents=True)
    other.touch()
    folder.set_variable("XDG_CONFIG_HOME", str(folder.home / "x d g"))
    assert folder.located() == other


def test_a_user_without_a_home_folder_can_still_name_a_file(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(*_: object, **__: object) -> str:
        raise RuntimeError

    path = folder.home / "named.ini"
    monkeypatch.setattr("platformdirs.user_config_dir", homeless)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.delenv("HOME")
    assert failure(folder.located) == "there is no profiles file | name one with --config, or set HOME"
    assert folder.read(A + B, path=path).names() == ["a", "b"]
    assert folder.located(str(path)) == path
    folder.set_variable("ALIBABA_CLOUD_CREDENTIALS_FILE", str(path))
    assert folder.located() == path


def test_a_symlink_is_followed(folder: Folder) -> None:
    folder.read(A + B, path=folder.home / "elsewhere.ini")
    folder.file.symlink_to(folder.home / "elsewhere.ini")
    assert folder.load(folder.located()).names() == ["a", "b"]


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o622, 0o666])
def test_a_file_that_others_can_write_is_refused(folder: Folder, mode: int) -> None:
    folder.read(B)
    folder.file.chmod(mode)
    assert "others can write" in failure(folder.load)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644])
@pytest.mark.parametrize("where", ["[a]", "[DEFAULT]"])
def test_a_file_that_others_can_read_may_hold_no_secret(folder: Folder, mode: int, where: str) -> None:
    folder.read(B)
    folder.file.chmod(mode)
    assert folder.load().names() == ["b"]
    for key in ("access_key_secret", "security_token"):
        folder.read(f"{where}\n{key} = {SECRET}\n")
        folder.file.chmod(mode)
        reported = failure(folder.load)
        assert f"chmod 600 {folder.file}" in reported


@needs_root
def test_a_file_of_another_user_is_refused_and_one_of_roots_is_not(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.read(A)
    os.chown(folder.file, 12345, 12345)
    assert "belongs to another user (uid 12345)" in failure(folder.load)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert folder.load().names() == ["a"]
    os.chown(folder.file, 0, 0)
    assert folder.load().names() == ["a"]


def test_a_huge_file_is_refused_before_it_is_parsed(folder: Folder) -> None:
    began = time.process_time()
    assert f"larger than {LARGEST_FILE} bytes" in failure(lambda: folder.read(b"# x\n" * 2_500_000))
    assert time.process_time() - began < 5


def test_the_largest_file_there_may_be_is_read_in_seconds_whatever_is_in_it(folder: Folder) -> None:
    def read(line: str) -> None:
        folder.read("[a]\npolicy = \n" + line * (LARGEST_FILE // len(line) - 10))

    for check in (lambda: read(" x\n"), lambda: read("#\n"), lambda: failure(lambda: read("k=\n"))):
        began = time.process_time()
        check()
        assert time.process_time() - began < 10


# ---- Alibaba's own file ----


def test_the_own_file_stays_strict_where_the_sdks_read_it_too(folder: Folder) -> None:
    folder.set_variable("ALIBABA_CLOUD_CREDENTIALS_FILE", str(folder.file))
    assert "unknown key polcy" in failure(lambda: folder.with_keys("polcy = {}"))
