"""Detect whether the person who signs in has a browser here, and open a page in it."""

import contextlib
import sys
import threading
import webbrowser
from collections.abc import Mapping

_SSH = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def has_browser(environ: Mapping[str, str]) -> bool:
    """Return whether the person has a graphical browser here, which excludes ssh and browsers in the terminal."""
    if any(environ.get(name) for name in _SSH):
        return False
    if sys.platform.startswith("linux") and not any(environ.get(name) for name in (*_DISPLAYS, "BROWSER")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def open_page(address: str) -> None:
    """Open `address` in the browser without waiting, since some browsers return only when they are closed."""
    threading.Thread(target=_open, args=(address,), daemon=True).start()


def _open(address: str) -> None:
    with contextlib.suppress(Exception):  # any browser of the person's; the terminal shows the address too
        webbrowser.open(address)
