"""The shell integration: real files that a linter reads and the wheel carries; and which shell is the parent."""

import os

from role_env import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path  # 5 ms in Python 3.11: only who needs it pays for it

SHELLS = ("bash", "zsh", "fish")


def integration(shell: str, options: str = "") -> str:
    """The text of `role-env init SHELL [OPTIONS]`, for one of SHELLS; it depends on nothing else but the version.

    It is one group, like all that a shell reads from us: cut off anywhere it does nothing.
    """
    text = (
        (_folder() / f"role-env.{shell}").read_text("utf-8").replace("@OPTIONS@", f"{__version__} {options}".rstrip())
    )
    return f"begin\n{text}end\n" if shell == "fish" else f"{{\n{text}}}\n"


def _folder() -> "Path":
    """Beside the modules in an installed wheel; in a checkout, where an editable install points, at its top."""
    from pathlib import Path

    package = Path(__file__).parents[1]
    installed = package / "shell"
    return installed if installed.is_dir() else package.parents[1] / "shell"


def lost_to_old_bash() -> bool:
    """Whether the parent, who has closed the pipe that it was to read, is a bash before 4, as macOS has it: there
    `source <(…)` reads nothing, and says nothing.
    """
    return parent_name() == "bash" and is_old_bash(_parent_program())


def is_old_bash(program: str) -> bool:
    """Whether `program` calls itself a bash of a version before 4."""
    import subprocess

    try:
        told = subprocess.run([program, "--version"], capture_output=True, timeout=2, check=False)  # noqa: S603
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return told.stdout.startswith((b"GNU bash, version 2.", b"GNU bash, version 3."))


def _parent_program() -> str:
    """The file that the parent, a bash, runs."""
    try:
        return os.readlink(f"/proc/{os.getppid()}/exe")  # noqa: PTH115
    except OSError:
        name = _told_by_ps()
        return name if name.startswith("/") else "/bin/bash"


def parent_name() -> str:
    """The name of the parent process, such as `fish`; empty where it cannot be told."""
    try:
        with open(f"/proc/{os.getppid()}/comm", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read().strip()
    except OSError:
        return _parent_name_by_ps()


def parent_format() -> str:
    """The format for the parent process: fish when it is fish, else POSIX."""
    return "fish" if parent_name() == "fish" else "sh"


def _parent_name_by_ps() -> str:
    """For systems without /proc, such as macOS, where a login shell is called `-fish`."""
    return os.path.basename(_told_by_ps()).lstrip("-")  # noqa: PTH119


def _told_by_ps() -> str:
    """What the parent was started as, such as `/bin/bash` or `-bash`."""
    import subprocess  # costs more than the rest of many a command

    try:
        told = subprocess.run(  # noqa: S603  a number is the only argument
            ["/bin/ps", "-o", "comm=", "-p", str(os.getppid())], capture_output=True, timeout=2, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.stdout.decode("utf-8", "replace").strip()
