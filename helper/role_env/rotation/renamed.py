"""Find the keys of profiles that a profiles file no longer has. The keyring stores each under its profile's name."""

from collections.abc import Iterable

from role_env.context import Context
from role_env.errors import ProfileError
from role_env.keyrings import access_keys, vault
from role_env.rotation import journal as journals


def rotated(path: str, names: Iterable[str], context: Context) -> list[str]:
    """Return the former profiles of the file at `path`, which now has `names`, whose key is being rotated.

    Raises KeyringError.
    """
    return _missing(vault.profiles_of(journals.SERVICE, path, context), names)


def stored(path: str, names: Iterable[str], context: Context) -> list[str]:
    """Return the former profiles of the file at `path`, which now has `names`, with a key or rotation in the keyring.

    Raises KeyringError.
    """
    with_key = _missing(vault.profiles_of(access_keys.SERVICE, path, context), names)
    return list(dict.fromkeys([*rotated(path, names, context), *with_key]))


def line(profiles: Iterable[str], path: str) -> str:
    """Return a sentence on the keys of `profiles`, which the file at `path` no longer has."""
    return f"the keyring has the key of {' and '.join(profiles)}, which {path} no longer has"


def way_back(profile: str, path: str) -> str:
    """Return the first part of a hint: what to do before the key of `profile` can be used."""
    return f"name the profile {profile} again in {path}"


def check(profile: str, path: str, names: Iterable[str], context: Context) -> None:
    """Raise ProfileError if `profile` has no key in the keyring but a profile that may have been renamed to it has one.

    Raises KeyringError.
    """
    others = stored(path, names, context)
    if others:
        raise ProfileError(
            f"profile {profile} has no access key in the keyring; {line(others, path)}",
            hint=f"if it was renamed, {way_back(others[0], path)}; or store its key: role-env login {profile}",
        )


def _missing(profiles: Iterable[str], names: Iterable[str]) -> list[str]:
    known = set(names)
    return [profile for profile in profiles if profile not in known]
