"""Locate the profiles file: the one that an option or variable names, else the user's own, else the Alibaba SDKs'."""

from role_env import paths
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies

_SET_OR_UNSET = "set ROLE_ENV_CONFIG to the path of a profiles file, or unset it"


def locate(config: str, dependencies: Dependencies) -> str:
    """Return the path of the profiles file: `config`, else ROLE_ENV_CONFIG, else the user's own, else the SDKs'.

    It is absolute. An unreadable file is chosen too, so that reading it fails and no other account is used instead.
    Raises ProfileError if there is no file.
    """
    own = own_file(dependencies)
    for chosen, by in ((config, "--config"), (dependencies.variable("ROLE_ENV_CONFIG"), "ROLE_ENV_CONFIG")):
        if chosen:
            path = _absolute(chosen)
            if path and dependencies.exists(path):
                return path
            hint = f"give {by} the path of a profiles file, or leave it out" if by == "--config" else _SET_OR_UNSET
            if chosen.startswith("~/"):
                hint = f'the shell has left ~ as it is, as it does in quotes: write "$HOME{chosen[1:]}"'
            raise ProfileError(f"{by} names {chosen}, which does not exist", hint=hint)
    if own and dependencies.exists(own):
        return own
    if path := existing_sdk_file(dependencies):
        return path
    if own is None:
        raise ProfileError("there is no profiles file", hint="name one with --config, or set HOME")
    raise ProfileError(
        f"there is no profiles file: {own} does not exist",
        hint="create it with: `role-env configure`; or name another with --config",
    )


def own_file(dependencies: Dependencies) -> str | None:
    """Return the path of role-env's own profiles file, which may not exist; None for a user without a home folder."""
    environ = {name: dependencies.variable(name) for name in ("HOME", "XDG_CONFIG_HOME")}
    folder = paths.own_folder(environ, paths.CONFIG)
    return paths.absolute(f"{folder}/profiles.ini") if folder else None


def sdk_files(dependencies: Dependencies) -> list[str]:
    """Return the paths of the Alibaba SDKs' own file, first choice first."""
    for name in ("HOME", "ALIBABA_CLOUD_CREDENTIALS_FILE"):
        dependencies.variable(name)
    return list(filter(None, map(_absolute, paths.sdk_files(dependencies.environ))))


def existing_sdk_file(dependencies: Dependencies) -> str | None:
    """Return the file that the Alibaba SDKs use, or None. role-env reads it if it has no file of its own."""
    return next(filter(dependencies.exists, sdk_files(dependencies)), None)


def _absolute(path: str) -> str | None:
    try:
        return paths.absolute(path)
    except OSError:
        return None
