"""role-env logout: remove a long-lived access key, or a sign-in, from the OS keyring."""

from role_env import ui
from role_env.cli import Invocation, line_checks
from role_env.context import Context
from role_env.errors import ProfileError
from role_env.keyrings import access_keys
from role_env.profiles import file as profiles
from role_env.profiles.file import ProfilesFile
from role_env.rotation.holders import Holders
from role_env.sessions import chain as chains
from role_env.sources.access_key import KeyringKey
from role_env.sources.signed_in import SignedInSource


def run(invocation: Invocation, context: Context) -> int:
    """Remove the key or sign-in, if there is one, and print what was removed."""
    name = invocation.profile
    line_checks.check_profile_name(name)
    file = profiles.load(invocation.config, context.environ)
    if source := _signed_in_source(file, name):
        return _sign_out(source, context)
    holders = Holders(file.path, name, context)
    with holders.unrotated():
        if stored := holders.shown_key():
            access_keys.delete(holders.entry, context)
            ui.write(f"removed the access key {stored} of {name} from the keyring\n")
            if dependents := _dependents(file, name):
                needed = f"profiles that need a key of {name}: {dependents}; store one: `role-env login {name}`\n"
                ui.write(context.messages.shown(needed))
        else:
            _check_known(file, name)
            ui.write(f"{name} has no access key in the keyring\n")
    return 0


def _dependents(file: ProfilesFile, name: str) -> str:
    with_role = (chain for chain in chains.resolve_valid(file) if chain.target.role_arn)
    found = [
        each.target.name for each in with_role if isinstance(each.source, KeyringKey) and each.source.profile == name
    ]
    return ", ".join(found[:10]) + (f" and {len(found) - 10} more" if found[10:] else "")


def _signed_in_source(file: ProfilesFile, name: str) -> SignedInSource | None:
    try:
        source = file.profile(name).source
    except ProfileError:  # the access key is found by the profile's name
        return None
    return source if isinstance(source, SignedInSource) else None


def _sign_out(source: SignedInSource, context: Context) -> int:
    from role_env.sign_in import flow  # imports a web server, which removing a key does not need

    found, sessions = flow.sign_out(source, context)
    if found is None:
        ui.write(f"{source.profile} has no sign-in at {source.issuer_host}\n")
        return 0
    cached = f" and {sessions} cached session{'s' if sessions > 1 else ''}" if sessions else ""
    ui.write(f"removed the sign-in of {source.profile} at {source.issuer_host}{cached}\n")
    return 0


def _check_known(file: ProfilesFile, name: str) -> None:
    if name not in file.names():
        raise ProfileError(
            f"there is no profile {name} in {file.path}, and no access key of it in the keyring",
            hint=line_checks.nearest_profile(name, file.names()),
        )
