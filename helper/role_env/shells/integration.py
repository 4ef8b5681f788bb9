"""The shell integration: real files that a linter reads and the wheel carries."""

from role_env import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path  # 5 ms in Python 3.11: only who needs it pays for it


def integration(shell: str, options: str = "") -> str:
    """Return the text of `role-env init SHELL [OPTIONS]`; it depends on nothing else but the version.

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
