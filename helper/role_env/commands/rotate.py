"""role-env rotate: replace the access key in the keyring by a new one, in steps that survive a crash."""

from role_env import validators
from role_env.cli import Invocation, line_checks
from role_env.context import Context
from role_env.errors import UsageError
from role_env.profiles import file as profiles
from role_env.rotation.holders import Holders
from role_env.rotation.rotation import Goal, rotate


def run(invocation: Invocation, context: Context) -> int:
    """Take the rotation as far as the options say, and print its state."""
    line_checks.check_profile_name(invocation.profile)
    asked = {Goal.STATUS: invocation.status, Goal.FINISH: invocation.finish, Goal.ABORT: invocation.abort}
    goal = next((command for command, is_asked in asked.items() if is_asked), Goal.ROTATE)
    endpoint = _ram_endpoint(invocation)
    file = profiles.load(invocation.config, context.environ)
    holders = Holders(file.path, invocation.profile, context, ram_endpoint=endpoint)
    rotate(holders, file, goal, context, endpoint=endpoint, force=invocation.force)
    return 0


def _ram_endpoint(invocation: Invocation) -> str:
    try:
        return validators.host(invocation.ram_endpoint) if invocation.ram_endpoint else ""
    except ValueError as error:
        raise UsageError(f"--ram-endpoint {error}", hint="name a host, or host:port, of RAM") from None
