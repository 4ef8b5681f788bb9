"""What counts as a container, whose kernel keyring belongs to a user ID of the host."""

from pathlib import Path

import pytest

from role_env.keyrings.container import is_container

INITIAL = {"pid": "pid:[4026531836]", "user": "user:[4026531837]"}


def root(folder: Path, *files: str, release: str = "6.18.0", **namespaces: str) -> str:
    """Return the root folder of a machine with these files, namespaces and kernel."""
    (folder / "proc/self/ns").mkdir(parents=True)
    (folder / "proc/sys/kernel").mkdir(parents=True)
    (folder / "proc/sys/kernel/osrelease").write_text(f"{release}\n")
    for name, target in (INITIAL | namespaces).items():
        (folder / "proc/self/ns" / name).symlink_to(target)
    for file in files:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).touch()
    return f"{folder}/"


def test_an_ordinary_machine_is_none(tmp_path: Path) -> None:
    assert not is_container({}, root(tmp_path))


@pytest.mark.parametrize("file", [".dockerenv", "run/.containerenv"])
def test_docker_and_podman_leave_a_file(tmp_path: Path, file: str) -> None:
    assert is_container({}, root(tmp_path, file))


def test_kubernetes_sets_a_variable(tmp_path: Path) -> None:
    assert is_container({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, root(tmp_path))


def test_a_pid_namespace_of_its_own_is_one(tmp_path: Path) -> None:
    assert is_container({}, root(tmp_path, pid="pid:[4026532300]"))


def test_wsl_and_a_user_namespace_of_its_own_are_exempt(tmp_path: Path) -> None:
    wsl = root(tmp_path / "wsl", pid="pid:[4026532300]", release="5.15.153.1-microsoft-standard-WSL2")
    rootless = root(tmp_path / "rootless", "run/.containerenv", user="user:[4026532301]", pid="pid:[4026532300]")
    assert not is_container({}, wsl)
    assert not is_container({}, rootless)


def test_a_machine_without_proc_is_none(tmp_path: Path) -> None:
    assert not is_container({}, f"{tmp_path}/")
