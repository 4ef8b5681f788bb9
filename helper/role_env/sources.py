"""Where a chain begins: a key in the file, or the one in the environment."""

import hashlib
from collections.abc import Mapping

from role_env import variables
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.profiles import Profile

# The families that hold an account for every tool, in the order in which the `aliyun` CLI reads them.
_ENVIRONMENT = tuple(
    key for family in ("alibaba_cloud", "alibabacloud", "alicloud") for key in variables.FAMILIES[family].keys
)


def access_key(profile: Profile, environ: Mapping[str, str]) -> AccessKey:
    """The access key with which the chain that begins at `profile` signs its first request.

    Raises ProfileError when there is none.
    """
    if profile.access_key:
        return profile.access_key
    key = environment_key(environ)
    if key is None:
        raise ProfileError(_nothing(profile, environ), hint=_NOTHING_HINT)
    return key


def environment_key(environ: Mapping[str, str]) -> AccessKey | None:
    """The user's own key in the environment, never a session of role-env's own: where the variables hold one, the key
    that it was made with (ROLE_ENV_BASE_*). None when there is none. Raises ProfileError when it is not whole.
    """
    ours = environ.get("ROLE_ENV_ACCESS_KEY_ID")
    for names in _ENVIRONMENT:
        if environ.get(names.access_key_id) not in (None, "", ours):
            return _whole(names, environ)
    if environ.get(variables.BASE.access_key_id):
        return _whole(variables.BASE, environ)
    return None


def current_key(environ: Mapping[str, str]) -> AccessKey | None:
    """The key that the environment's variables hold, whoever put it there; None when there is none."""
    for names in _ENVIRONMENT:
        if environ.get(names.access_key_id):
            return _whole(names, environ)
    return None


def digest(key: AccessKey) -> str:
    """A digest by which the same key is known again; it does not tell the secret."""
    text = "\0".join((key.access_key_id, key.access_key_secret, key.security_token))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _whole(names: variables.Key, environ: Mapping[str, str]) -> AccessKey:
    secret = environ.get(names.access_key_secret, "")
    if not secret:
        raise ProfileError(
            f"the variable {names.access_key_id} is set and {names.access_key_secret} is not",
            hint="set both, or neither",
        )
    token = environ.get(names.security_token, "") if names.security_token else ""
    return AccessKey(environ[names.access_key_id], secret, token)


_NOTHING_HINT = "use source_profile instead of the environment, or end the session with role-env off"


def _nothing(profile: Profile, environ: Mapping[str, str]) -> str:
    holds = "no access key"
    if environ.get("ROLE_ENV_PROFILE"):
        holds = f"only the session of {environ['ROLE_ENV_PROFILE']}, which is role-env's own"
    elif environ.get("ROLE_ENV_NO_ACCOUNT"):
        holds = "no account since a switch failed"
    return f"profile {profile.name}: credential_source = environment, but the environment holds {holds}"
