"""role-env clear: delete cached sessions."""

import contextlib

from role_env import paths, ui
from role_env.cli import Invocation, line_checks
from role_env.context import Context
from role_env.errors import KeyringError, ProfileError
from role_env.files.dependencies import Dependencies
from role_env.files.private import check_own
from role_env.keyrings import Entry
from role_env.profiles import file as profiles
from role_env.profiles.locate import locate
from role_env.sessions.store import Cache
from role_env.sign_in import isolated


def run(invocation: Invocation, context: Context) -> int:
    """Delete the sessions, and print how many there were. Raises ProfileError in another user's folders."""
    with contextlib.suppress(FileNotFoundError):  # without a state folder, nothing is written
        check_own(paths.state_folder(context.environ))
    cache = Cache(context, everywhere=True)
    found, path = cache.entries(), _path(invocation, context)
    if not invocation.all:
        _check_known(invocation, path, found, context)
        found = cache.entries_of(invocation.profiles, path)
    removed = [entry for entry in found if cache.delete(entry)]
    reason, unreachable = cache.unreachable(found)
    if reason:
        whose = " of " + ", ".join(dict.fromkeys(entry.username for entry in unreachable)) if unreachable else ""
        again = f"`role-env clear {' '.join(invocation.profiles) or '--all'}`"
        raise KeyringError(
            f"cached sessions{whose} may remain: the keyring cannot be used, {reason}",
            hint=f"unlock it, or type in your desktop session: {again}",
        )
    ui.write(_report(invocation, removed))
    if invocation.all:
        if isolated.remove(context.environ):
            ui.write("removed all browser profiles of console --isolated\n")
        return 0
    names = dict.fromkeys(invocation.profiles)
    if browsers := [name for name in names if path and isolated.remove(context.environ, path, name)]:
        ui.write(f"removed the browser profile of {', '.join(browsers)}\n")
    return 0


def _report(invocation: Invocation, removed: list[Entry]) -> str:
    of_profiles = "" if invocation.all else f" of {', '.join(dict.fromkeys(invocation.profiles))}"
    if not removed:
        return f"there was no cached session{of_profiles}\n"
    return f"removed {len(removed)} cached session{'s' if len(removed) > 1 else ''}{of_profiles}\n"


def _check_known(invocation: Invocation, path: str | None, found: list[Entry], context: Context) -> None:
    cached = {entry.username for entry in found}
    cached |= {name for name in invocation.profiles if path and isolated.has_profile(context.environ, path, name)}
    if cached.issuperset(invocation.profiles):
        return
    file = profiles.load(invocation.config, context.environ)
    known = [*file.names(), *cached]
    for name in invocation.profiles:
        if name not in known:
            raise ProfileError(
                f"there is no profile {name} in {file.path}, and no cached session of it",
                hint=line_checks.nearest_profile(name, known),
            )


def _path(invocation: Invocation, context: Context) -> str | None:
    try:
        return locate(invocation.config, Dependencies(context.environ))
    except ProfileError:
        return None
