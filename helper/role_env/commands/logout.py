"""role-env logout: remove a long-lived access key from the OS keyring."""

from role_env.cli import options
from role_env.cli.invocation import Invocation
from role_env.context import Context
from role_env.fingerprint import Origin
from role_env.keyrings import access_keys
from role_env.profiles import file as profiles


def run(invocation: Invocation, context: Context) -> int:
    """Remove it, if there is one."""
    path = profiles.locate(invocation.config, Origin(context.environ))
    options.check_profile_name(invocation.profile)
    access_keys.forget(path, invocation.profile, context)
    return 0
