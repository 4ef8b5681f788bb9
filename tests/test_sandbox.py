"""`tests/sandbox` on a machine that lacks something: two lines that say what to install, and no traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SANDBOX = Path(__file__).with_name("sandbox")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the sandbox in it, and as little else as it looks at."""
    for folder in ("tests", "shell"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pyproject.toml").touch()
    shutil.copy(SANDBOX, tmp_path / "tests")
    return tmp_path


def reported(checkout: Path, **environ: str) -> list[str]:
    """The lines on stderr of a run that fails."""
    command = [sys.executable, str(checkout / "tests" / "sandbox")]
    done = subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


def test_without_venv_it_names_the_package_to_install(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "venv.py").write_text("raise ImportError('Debian keeps it in a package of its own')")
    what, hint = reported(checkout, PYTHONPATH=str(tmp_path))
    assert what.endswith("cannot make .venv: it has no venv or no pip")
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in hint


def test_without_a_way_to_packages_it_names_the_command_that_fails(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\n[ "$2" = "import pip" ]\n')  # a venv where all but that fails
    python.chmod(0o700)
    what, hint = reported(checkout)
    assert "pip cannot install role-env" in what
    assert ".venv/bin/python -m pip install . trustme" in hint
