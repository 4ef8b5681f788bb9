"""The wheel and the sdist: what is in them, and what the installed one says of itself."""

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from importlib.metadata import metadata
from pathlib import Path

import nox
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import role_env
from role_env.command_table import INTEGRATED_SHELLS

TOP = Path(__file__).parents[1]
NAME = f"role_env-{role_env.__version__}"
MADE = "helper/role_env/shell/"
"""The integrations of shells, which building makes in the checkout too."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an sdist of the checkout, and of the wheel that is built from that sdist."""
    folder = tmp_path_factory.mktemp("built")
    run("hatchling", "build", "--target", "sdist", "--directory", str(folder))
    offline = ("--no-index", "--no-deps", "--no-build-isolation")
    run("pip", "wheel", *offline, "--wheel-dir", str(folder), str(folder / f"{NAME}.tar.gz"))
    return folder


def run(module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def files(*folders: str) -> set[str]:
    """The files of the checkout below `folders`, as they are called from its top, without what running it leaves."""
    found = (path for folder in folders for path in (TOP / folder).rglob("*"))
    names = {str(path.relative_to(TOP)) for path in found if path.is_file() and "__pycache__" not in path.parts}
    return {name for name in names if not name.startswith(MADE)}


def moved(names: Iterable[str], before: str, after: str) -> set[str]:
    return {after + name.removeprefix(before) for name in names}


def test_the_sdist_has_what_is_needed_to_build_read_and_test_it_and_nothing_else(built: Path) -> None:
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        names = {member.name for member in archive if member.isfile()}
    texts = {"CHANGELOG.md", "LICENSE", "README.md", "README.ja.md", "pyproject.toml", ".gitignore", "PKG-INFO"}
    assert names == moved(files(".github", "helper", "shell", "tests") | texts, "", f"{NAME}/")


def test_the_wheel_has_the_modules_the_integrations_and_the_man_page_and_nothing_else(built: Path) -> None:
    names = set(zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl").namelist())
    reported = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    modules = moved(files("helper/role_env"), "helper/", "")
    assert "role_env/py.typed" in modules
    others = {f"{NAME}.data/data/share/man/man1/role-env.1", *moved(reported, "", f"{NAME}.dist-info/")}
    integrations = {f"role_env/shell/init.{shell}" for shell in INTEGRATED_SHELLS}
    assert names == modules | integrations | others


def test_what_is_installed_says_what_it_is() -> None:
    reported = metadata("role-env")
    assert reported["Version"] == role_env.__version__
    assert reported["License-Expression"] == "MIT"
    assert reported["Requires-Python"] == ">=3.10"
    assert reported["Description-Content-Type"] == "text/markdown"
    assert reported["Description"].startswith("# role-env\n")
    needed = {line.partition(">=")[0] for line in reported.get_all("Requires-Dist", ())}
    assert needed == {"aliyun-python-sdk-core", "aliyun-python-sdk-sts", "keyring", "platformdirs"}


def test_each_pinned_tool_is_wanted_on_the_pythons_that_it_runs_on_and_on_no_other() -> None:
    project = nox.project.load_toml(TOP / "pyproject.toml")
    pythons = [text.rpartition(" ")[2] for text in project["project"]["classifiers"] if ":: 3." in text]
    assert pythons[0] == project["project"]["requires-python"].removeprefix(">=")
    group = [Requirement(line) for line in project["dependency-groups"]["lint"]]
    pinned = [tool for tool in group if "==" in str(tool.specifier) and (tool.marker is None or tool.marker.evaluate())]
    for tool in pinned:
        runs_on = SpecifierSet(metadata(tool.name)["Requires-Python"] or "")
        wanted = [
            python for python in pythons if tool.marker is None or tool.marker.evaluate({"python_version": python})
        ]
        assert wanted == [python for python in pythons if runs_on.contains(f"{python}.99")], (
            f"{tool}, in pyproject.toml"
        )
