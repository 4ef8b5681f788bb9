"""Determine a profile's STS endpoint and default session name, and the endpoints that variables name."""

from collections.abc import Mapping
from functools import cache

from role_env import validators
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies

_VARIABLE = "ALIBABA_CLOUD_STS_ENDPOINT"
_DIRECTORY_VARIABLE = "ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT"
_DIRECTORIES = {"china": "resourcedirectory.aliyuncs.com", "international": "resourcedirectory-intl.aliyuncs.com"}
# The variables that `getpass.getuser` reads, in its order.
_USER_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def sts_endpoint(dependencies: Dependencies, *, endpoint: str = "", region: str = "") -> str:
    """Return STS's `host[:port]`: `endpoint`, the variable's, the region's or the default. Raises ProfileError."""
    of_variable = dependencies.variable(_VARIABLE)  # always recorded, since the session depends on it
    if endpoint:
        return endpoint
    if of_variable:
        return _checked(_VARIABLE, of_variable)
    return f"sts.{region}.aliyuncs.com" if region else "sts.aliyuncs.com"


def directory_endpoint(environ: Mapping[str, str], site: str) -> str:
    """Return the variable's `host[:port]`, else that of `site`, `china` or `international`. Raises ProfileError."""
    return named_endpoint(environ, _DIRECTORY_VARIABLE, default=_DIRECTORIES[site])


def named_endpoint(environ: Mapping[str, str], variable: str, *, default: str) -> str:
    """Return the `host[:port]` that `variable` names, else `default`. Raises ProfileError for an invalid one."""
    named = environ.get(variable)
    return _checked(variable, named) if named else default


@cache  # each profile of a file asks for the same one
def _checked(name: str, endpoint: str) -> str:
    try:
        return validators.host(endpoint)
    except ValueError as error:
        raise ProfileError(f"the variable {name} {error}", hint="correct the variable, or unset it") from None


def default_session_name(dependencies: Dependencies) -> str:
    """Return user@host, reduced to the 2 to 64 characters that STS allows."""
    host = dependencies.host_name().split(".")[0]
    user = next(filter(None, map(dependencies.variable, _USER_VARIABLES)), "") or _login_name()
    allowed = (c if c.isascii() and (c.isalnum() or c in ".@_-") else "-" for c in f"{user}@{host}")
    return "".join(allowed)[:64].ljust(2, "-")


def _login_name() -> str:
    import os
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # no entry for this uid, as in many containers
        return f"uid-{os.getuid()}"
