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


OWN_PID = "pid:[4026532300]"
MACHINES: dict[str, tuple[bool, tuple[str, ...], dict[str, str]]] = {
    "an ordinary one": (False, (), {}),
    "docker's": (True, (".dockerenv",), {}),
    "podman's": (True, ("run/.containerenv",), {}),
    "a PID namespace of its own": (True, (), {"pid": OWN_PID}),
    "WSL": (False, (), {"pid": OWN_PID, "release": "5.15.153.1-microsoft-standard-WSL2"}),
    "a user namespace of its own": (False, ("run/.containerenv",), {"user": "user:[4026532301]", "pid": OWN_PID}),
}
"""Whether each is a container, its files, and its namespaces and kernel."""


@pytest.mark.parametrize("kind", MACHINES)
def test_a_container_is_recognized_by_its_file_or_its_namespaces(tmp_path: Path, kind: str) -> None:
    is_one, files, more = MACHINES[kind]
    assert is_container({}, root(tmp_path, *files, **more)) is is_one


def test_kubernetes_is_recognized_by_a_variable_and_a_machine_without_proc_is_no_container(tmp_path: Path) -> None:
    assert not is_container({}, f"{tmp_path}/")
    assert is_container({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, root(tmp_path))
