"""role-env logout: remove a long-lived access key from the OS keyring."""

from role_env.cli import options
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.errors import ProfileError
from role_env.fingerprint import Fingerprint
from role_env.keyrings import access_keys
from role_env.profiles.file import ProfilesFile
from role_env.profiles.locate import locate
from role_env.ui import stdout as output


def run(invocation: Invocation, context: Context) -> int:
    """Remove it if there is one, and print what was removed."""
    name = invocation.profile
    options.check_profile_name(name)
    fingerprint = Fingerprint(context.environ)
    path = locate(invocation.config, fingerprint)
    key = access_keys.load(path, name, context)
    if key is None:
        _check_known(ProfilesFile(path, fingerprint), name)
        output.write(f"{name} has no access key in the keyring\n")
        return 0
    access_keys.forget(path, name, context)
    output.write(f"removed the access key {key.access_key_id} of {name} from the keyring\n")
    return 0


def _check_known(file: ProfilesFile, name: str) -> None:
    """Raise ProfileError, with the closest name, if the file has no profile `name`."""
    if name not in file.names():
        raise ProfileError(
            f"there is no profile {name} in {file.path}, and no access key of it in the keyring",
            hint=options.nearest_profile(name, file.names()),
        )
