"""Read access keys from environment variables: the user's own key, and the key in effect."""

from collections.abc import Mapping

from role_env import validators, variables
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.variables import Key

CLOUD, OLDER, TERRAFORM = (variables.FAMILIES[name].keys[0] for name in ("alibaba_cloud", "alibabacloud", "alicloud"))
ALICLOUD = Key("ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECURITY_TOKEN")
# In order of precedence: the `aliyun` CLI's order, and in the last family Terraform's name before the CLI's.
_ENVIRONMENT = (CLOUD, OLDER, TERRAFORM, ALICLOUD)


def own_key(environ: Mapping[str, str]) -> AccessKey | None:
    """Return the user's own key in the environment, or None. A session of role-env is not the user's own.

    If the variables contain such a session, return the key that it was made with (ROLE_ENV_BASE_*). Raises ProfileError
    if a key is incomplete.
    """
    names = own_names(environ)
    return _whole(names, environ) if names else None


def own_names(environ: Mapping[str, str]) -> Key | None:
    """Return the variables of the user's own key, complete or not; None if there is none."""
    names, session_id = _first(environ), variables.session_key_id(environ)
    if names and (not session_id or environ.get(names.access_key_id) != session_id):
        return names
    return variables.BASE if _is_set(variables.BASE, environ) else None


def current_key(environ: Mapping[str, str]) -> AccessKey | None:
    """Return the key in the environment, the user's or role-env's, or None. Raises ProfileError if it is incomplete."""
    names = _first(environ)
    return _whole(names, environ) if names else None


def _first(environ: Mapping[str, str]) -> Key | None:
    return next((names for names in _ENVIRONMENT if _is_set(names, environ)), None)


def _is_set(names: Key, environ: Mapping[str, str]) -> bool:
    absent = ("", *variables.RESERVED_PROFILES)
    return any(environ.get(name, "") not in absent for name in (names.access_key_id, names.access_key_secret))


def _whole(key: Key, environ: Mapping[str, str]) -> AccessKey:
    pair = (key.access_key_id, key.access_key_secret)
    for name, other in (pair, pair[::-1]):
        if not environ.get(name):
            raise ProfileError(f"the variable {other} is set and {name} is not", hint="set both, or neither")
    values = []
    for name in key.names:
        value, check = environ.get(name, ""), validators.key_id if name == key.access_key_id else validators.key_part
        try:
            values.append(check(value) if value else "")
        except ValueError as error:
            raise ProfileError(f"the variable {name} {error}", hint="correct the variable, or unset it") from None
    return AccessKey(*values)
