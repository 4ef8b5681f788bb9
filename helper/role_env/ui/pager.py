"""A long text, shown to a person a screen at a time."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import PurePath

from role_env.ui import stdout as output
from role_env.ui.table import has_colors

# Without PAGER the first of these that is installed.
_USUAL = ("less", "more")
# For less, where the user has not set LESS: a text that fits the screen is printed as it is, and stays there.
_LESS = "FRX"


def show(text_of: Callable[[bool], str], environ: Mapping[str, str]) -> None:
    """Show a text in the pager of `environ`; print it if stdout is no terminal, or there is no pager.

    `text_of` returns the text, with styles or without.
    """
    command = _pager(environ) if sys.stdout is not None and sys.stdout.isatty() else []
    text = text_of(has_colors(environ, sys.stdout) and _passes_styles(command, environ))
    if not command:
        output.write(text)
        return
    try:
        # The pager is the user's own setting, and it stays until the person at the terminal leaves it.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": _LESS, **environ})  # noqa: S603
    except OSError:
        output.write(text)
        return
    while True:
        try:
            process.communicate(text.encode("utf-8", "surrogateescape"))
            return
        except KeyboardInterrupt:  # for the pager, which ends a search with it and goes on
            text = ""


def _passes_styles(command: list[str], environ: Mapping[str, str]) -> bool:
    """Return whether a style that is sent to the pager reaches the terminal: others may show its characters."""
    if not command:
        return True
    options = [environ.get("LESS", _LESS), *(word for word in command[1:] if word.startswith("-"))]
    return PurePath(command[0]).name == "less" and any("R" in option for option in options)


def _pager(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the pager, empty if there is none or the terminal cannot be moved about on."""
    if environ.get("TERM", "dumb") == "dumb":
        return []
    if "PAGER" in environ:
        try:
            return shlex.split(environ["PAGER"])
        except ValueError:
            return []
    path = environ.get("PATH")
    return next(([name] for name in _USUAL if shutil.which(name, path=path)), [])
