"""Show a long text a screen at a time."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import PurePath

from role_env import ui
from role_env.ui.table import has_colors

# Without PAGER, the first of these that is installed.
_USUAL = ("less", "more")
# The options of less unless the user has set LESS: a text that fits the screen is printed and stays there.
_LESS = "FRX"


def show(text_of: Callable[[bool], str], environ: Mapping[str, str]) -> None:
    """Show what `text_of` returns, with styles or without, in a pager; print it without a terminal or pager."""
    command = _pager(environ) if sys.stdout is not None and sys.stdout.isatty() else []
    text = text_of(has_colors(environ, sys.stdout) and _passes_styles(command, environ))
    if not command:
        ui.write(text)
        return
    try:
        # The pager is the user's own setting, and it runs until the person at the terminal leaves it.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": _LESS, **environ})  # noqa: S603
    except OSError:
        ui.write(text)
        return
    while True:
        try:
            process.communicate(text.encode("utf-8", "surrogateescape"))
            return
        except KeyboardInterrupt:  # Ctrl-C is for the pager, which ends a search and continues
            text = ""


def _passes_styles(command: list[str], environ: Mapping[str, str]) -> bool:
    """Return whether the pager passes styles to the terminal. Other pagers may show the escape sequences as text."""
    if not command:
        return True
    options = [environ.get("LESS", _LESS), *(word for word in command[1:] if word.startswith("-"))]
    return PurePath(command[0]).name == "less" and any("R" in option for option in options)


def _pager(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the pager; empty if there is none, or if the terminal cannot move the cursor."""
    if environ.get("TERM", "dumb") == "dumb":
        return []
    if "PAGER" in environ:
        try:
            return shlex.split(environ["PAGER"])
        except ValueError:
            return []
    path = environ.get("PATH")
    return next(([name] for name in _USUAL if shutil.which(name, path=path)), [])
