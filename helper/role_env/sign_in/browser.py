"""Open a page in the person's graphical browser.

Browsers that run in the terminal are left out, and no browser gets access to the terminal.
"""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from role_env.deadline import Worker

_SSH = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_IN_TERMINAL = frozenset(("lynx", "links", "links2", "elinks", "w3m", "www-browser", "browsh", "carbonyl"))
# Programs that open the person's own choice of browser, then browsers.
_USUAL = ("xdg-open", "x-www-browser", "firefox", "firefox-esr", "google-chrome", "chromium", "microsoft-edge")


def has_browser(environ: Mapping[str, str]) -> bool:
    """Return whether the person who signs in has a graphical browser here. Over ssh it would be on another machine."""
    return not any(environ.get(name) for name in _SSH) and bool(commands(environ))


def has_display(environ: Mapping[str, str]) -> bool:
    """Return whether a graphical program can show a window."""
    return sys.platform == "darwin" or any(environ.get(name) for name in _DISPLAYS)


def open_in_background(address: str, environ: Mapping[str, str]) -> None:
    """Open `address` without waiting, since some browsers return only when they are closed."""
    Worker(lambda: open_page(address, environ))


def open_page(address: str, environ: Mapping[str, str]) -> bool:
    """Open `address` in the first browser that can; return whether one could, perhaps only when it is closed."""
    return any(start(command, address, environ) for command in commands(environ))


def start(command: Sequence[str], address: str, environ: Mapping[str, str]) -> bool:
    """Run a browser with `address` in the place of %s, else at the end. Return whether it succeeds."""
    words = [word.replace("%s", address) for word in command]
    words += [] if words != list(command) else [address]
    # xdg-open may run what BROWSER names.
    chosen = {"BROWSER": os.pathsep.join(map(shlex.join, _chosen(environ)))}
    with contextlib.suppress(OSError):
        null = subprocess.DEVNULL
        # In a session of its own it has no terminal.
        browser = subprocess.Popen(  # noqa: S603  the person's own browser
            words, stdin=null, stdout=null, stderr=null, start_new_session=True, env={**environ, **chosen}
        )
        return browser.wait() == 0
    return False


def commands(environ: Mapping[str, str]) -> list[list[str]]:
    """Return the commands of the graphical browsers on PATH, the person's own choice first."""
    found = _chosen(environ)
    if sys.platform == "darwin":
        found.append(["open"])
    elif has_display(environ):
        found += [[name] for name in _USUAL]
    return [words for words in found if shutil.which(words[0], path=environ.get("PATH"))]


def _chosen(environ: Mapping[str, str]) -> list[list[str]]:
    found = []
    for text in environ.get("BROWSER", "").split(os.pathsep):
        with contextlib.suppress(ValueError):  # a quote that is not closed
            words = [word for word in shlex.split(text) if word != "&"]
            if words and PurePath(words[0]).name not in _IN_TERMINAL:
                found.append(words)
    return found
