"""The shell integration: real files that a linter reads and the wheel carries; and which shell is the parent."""

import os
from pathlib import Path

SHELLS = ("bash", "zsh", "fish")


def integration(shell: str, options: str = "") -> str:
    """The text of `role-env init SHELL [OPTIONS]`, for one of SHELLS; it depends on nothing else."""
    return (_folder() / f"role-env.{shell}").read_text("utf-8").replace("@OPTIONS@", options)


def _folder() -> Path:
    """Beside the modules in an installed wheel; in a checkout, where an editable install points, at its top."""
    installed = Path(__file__).with_name("shell")
    return installed if installed.is_dir() else Path(__file__).parents[2] / "shell"


def parent_name() -> str:
    """The name of the parent process, such as `fish`; empty where it cannot be told."""
    try:
        return Path(f"/proc/{os.getppid()}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return _parent_name_by_ps()


def parent_format() -> str:
    """The format for the parent process: fish when it is fish, else POSIX."""
    return "fish" if parent_name() == "fish" else "sh"


def _parent_name_by_ps() -> str:
    """For systems without /proc, such as macOS, where a login shell is called `-fish`."""
    import subprocess  # costs more than the rest of many a command

    try:
        told = subprocess.run(  # noqa: S603  a number is the only argument
            ["/bin/ps", "-o", "comm=", "-p", str(os.getppid())], capture_output=True, timeout=2, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return Path(told.stdout.decode("utf-8", "replace").strip()).name.lstrip("-")
