"""What counts as a container, whose kernel keyring belongs to a user ID of the host."""

from collections.abc import Callable
from pathlib import Path

import pytest

from role_env.keyrings import container
from role_env.keyrings.container import is_container

INITIAL = {"pid": "pid:[4026531836]", "user": "user:[4026531837]"}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Make this a machine with these files, namespaces and kernel."""

    def become(*files: str, release: str = "6.18.0", **namespaces: str) -> None:
        links = INITIAL | namespaces
        monkeypatch.setattr(container, "link_of", lambda path: links[path.removeprefix("/proc/self/ns/")])
        monkeypatch.setattr(container, "kernel_release", lambda: release)
        monkeypatch.setattr(container, "FILES", [tmp_path / Path(file).name for file in container.FILES])
        for file in files:
            (tmp_path / file).touch()

    return become


OWN_PID = "pid:[4026532300]"
MACHINES: dict[str, tuple[bool, tuple[str, ...], dict[str, str]]] = {
    "an ordinary one": (False, (), {}),
    "docker's": (True, (".dockerenv",), {}),
    "podman's": (True, (".containerenv",), {}),
    "a PID namespace of its own": (True, (), {"pid": OWN_PID}),
    "WSL": (False, (), {"pid": OWN_PID, "release": "5.15.153.1-microsoft-standard-WSL2"}),
    "a user namespace of its own": (False, (".containerenv",), {"user": "user:[4026532301]", "pid": OWN_PID}),
}
"""Whether each is a container, its files, and its namespaces and kernel."""


@pytest.mark.parametrize("kind", MACHINES)
def test_a_container_is_recognized_by_its_file_or_its_namespaces(machine: Callable[..., None], kind: str) -> None:
    is_one, files, more = MACHINES[kind]
    machine(*files, **more)
    assert is_container({}) is is_one


def test_kubernetes_is_recognized_by_a_variable_and_a_machine_without_proc_is_no_container(
    machine: Callable[..., None],
) -> None:
    machine(release="", pid="", user="")
    assert not is_container({})
    machine()
    assert is_container({"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
