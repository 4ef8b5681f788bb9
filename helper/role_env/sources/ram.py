"""RAM where the environment says it is, and what it says of an access key."""

from role_env import validators
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.errors import ProfileError, RoleEnvError
from role_env.sts.ram import Ram

_PUBLIC_ENDPOINT = "ram.aliyuncs.com"
# How long a login waits for the creation date of a key, which it can do without (seconds).
_DATE_SECONDS = 5.0


def ram(context: Context, *, seconds: float | None = None) -> Ram:
    """Return RAM, each call of which may take `seconds`. Raises ProfileError for an invalid endpoint."""
    try:
        endpoint = validators.host(context.environ.get("ALIBABA_CLOUD_RAM_ENDPOINT") or _PUBLIC_ENDPOINT)
    except ValueError as error:
        raise ProfileError(f"the variable ALIBABA_CLOUD_RAM_ENDPOINT {error}") from None
    return Ram(endpoint, context, seconds=seconds)


def find_creation(key: AccessKey, context: Context) -> int:
    """Return when `key` was created (epoch seconds); 0 if RAM does not say it, or not within seconds."""
    try:
        with context.messages.waiting_for("RAM"):
            states = ram(context, seconds=_DATE_SECONDS).list_keys(key)
    except RoleEnvError as error:
        context.messages.decided(f"the age of {key.access_key_id} is unknown: {error.message}")
        return 0
    return next((state.created for state in states if state.access_key_id == key.access_key_id), 0)
