"""Determine a profile's STS endpoint and default session name, and the endpoints that variables name."""

from collections.abc import Callable, Mapping
from functools import cache

from role_env import validators
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies

_VARIABLE = "ALIBABA_CLOUD_STS_ENDPOINT"
# The SDKs' variables: the region is that of a profile without one, and VPC counts only beside a region.
_REGION_VARIABLE, _VPC_VARIABLE = "ALIBABA_CLOUD_STS_REGION", "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"
_DIRECTORY_VARIABLE = "ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT"
_DIRECTORIES = {"china": "resourcedirectory.aliyuncs.com", "international": "resourcedirectory-intl.aliyuncs.com"}
# The variables that `getpass.getuser` reads, in its order.
_USER_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")


def sts_endpoint(
    dependencies: Dependencies, *, endpoint: str = "", region: str = "", is_within_vpc: bool = False
) -> str:
    """Return STS's `host[:port]`: `endpoint`, the variable's, the region's or the default. Raises ProfileError.

    The region is `region`, else the variable's. Its endpoint is the one for a VPC if `is_within_vpc` or a variable says
    so.
    """
    # All are recorded, since the session depends on them.
    of_variable, other_region = dependencies.variable(_VARIABLE), dependencies.variable(_REGION_VARIABLE)
    is_within_vpc = dependencies.variable(_VPC_VARIABLE).lower() == "true" or is_within_vpc
    if endpoint:
        return endpoint
    if of_variable:
        return _checked(_VARIABLE, of_variable, validators.host)
    if not region and other_region:
        region = _checked(_REGION_VARIABLE, other_region, validators.region)
    if not region:
        return "sts.aliyuncs.com"
    return f"{'sts-vpc' if is_within_vpc else 'sts'}.{region}.aliyuncs.com"


def directory_endpoint(environ: Mapping[str, str], site: str) -> str:
    """Return the variable's `host[:port]`, else that of `site`, `china` or `international`. Raises ProfileError."""
    return named_endpoint(environ, _DIRECTORY_VARIABLE, default=_DIRECTORIES[site])


def named_endpoint(environ: Mapping[str, str], variable: str, *, default: str) -> str:
    """Return the `host[:port]` that `variable` names, else `default`. Raises ProfileError for an invalid one."""
    named = environ.get(variable)
    return _checked(variable, named, validators.host) if named else default


@cache  # each profile of a file asks for the same one
def _checked(name: str, value: str, check: Callable[[str], str]) -> str:
    try:
        return check(value)
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
