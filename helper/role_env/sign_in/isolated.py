"""Keep a browser profile for each role-env profile, so that several consoles stay open side by side.

Each is a folder in the state folder. It contains the cookies of its console, so only this user can open it.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import PurePath

from role_env import paths
from role_env.errors import ProfileError
from role_env.keyrings import profile_entry
from role_env.sign_in import browser

_FAMILIES = {
    "chrome": ("google-chrome", "google-chrome-stable", "Google Chrome"),
    "chromium": ("chromium", "chromium-browser", "Chromium"),
    "edge": ("microsoft-edge", "microsoft-edge-stable", "Microsoft Edge"),
    "firefox": ("firefox", "firefox-esr"),
}
_PROGRAMS = {program: family for family, programs in _FAMILIES.items() for program in programs}
# A browser whose program is a script that starts it in a sandbox, which cannot reach the state folder.
_CONFINED = (b"/snap/", b"flatpak")
_SCRIPT_BYTES = 4096


def command(path: str, profile: str, environ: Mapping[str, str]) -> list[str] | None:
    """Return the command that starts a browser in a browser profile of its own.

    The browser profile is created for `profile` of the file at `path`. Return None if no browser supports that. Raises
    OSError if the folder cannot be created.
    """
    names = [words[0] for words in browser.commands(environ)]
    if browser.has_display(environ):
        names += [*_PROGRAMS, *(f"/Applications/{name}.app/Contents/MacOS/{name}" for name in _PROGRAMS)]
    for name in names:
        family = _PROGRAMS.get(PurePath(name).name)
        program = shutil.which(name, path=environ.get("PATH"))
        if not family or not program or _is_confined(program):
            continue
        folder = f"{_folder(environ, path, profile)}/{family}"
        paths.make_private(folder)
        if family == "firefox":
            return [program, "--profile", folder]
        return [program, f"--user-data-dir={folder}", "--no-first-run", "--no-default-browser-check"]
    return None


def has_profile(environ: Mapping[str, str], path: str = "", profile: str | None = None) -> bool:
    """Return whether there is a browser profile of `profile` in the file at `path`, without `profile` any."""
    try:
        return os.path.isdir(_folder(environ, path, profile))
    except FileNotFoundError:
        return False


def remove(environ: Mapping[str, str], path: str = "", profile: str | None = None) -> bool:
    """Remove a browser profile, without `profile` all; return whether there was one. Raises ProfileError."""
    if not has_profile(environ, path, profile):
        return False
    folder = _folder(environ, path, profile)
    try:
        shutil.rmtree(folder)
    except OSError as error:  # also while a browser adds or removes files
        raise ProfileError(
            f"the browser profile {folder} could not be removed: {error.strerror or error}",
            hint=f"close that browser, and type again: `role-env clear {profile or '--all'}`",
        ) from None
    return True


def _folder(environ: Mapping[str, str], path: str, profile: str | None) -> str:
    """Return the folder of a browser profile, without `profile` that of all of them.

    Its name is a digest, since a profile's name may contain a slash. Raises FileNotFoundError without a state folder.
    """
    name = profile_entry("", path, profile).service if profile is not None else ""
    return f"{paths.state_folder(environ)}/browsers/{name}"


def _is_confined(program: str) -> bool:
    real = os.path.realpath(program)
    if PurePath(real).name in ("snap", "flatpak") or real.startswith("/snap/"):
        return True
    with open(real, "rb") as file:
        head = file.read(_SCRIPT_BYTES)
    return head.startswith(b"#!") and any(text in head for text in _CONFINED)
