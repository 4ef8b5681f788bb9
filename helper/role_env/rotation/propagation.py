"""Ask STS about a new key: whether it works already, which takes seconds to minutes, and whose it is."""

import time

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.deadline import Deadline
from role_env.errors import RefusedError, UnreachableError
from role_env.rotation.ram import cannot_sign
from role_env.sts import client

SECONDS = 60.0
"""How long a key may take before the rotation reports it and stops until the next call."""
PAUSE_SECONDS = 1.0


def wait_until_usable(key: AccessKey, profile: str, *, endpoint: str, context: Context) -> None:
    """Wait until STS at `endpoint` accepts `key`. Raises StsError, and UnreachableError after a minute."""
    end = Deadline(SECONDS)
    while True:
        try:
            client.caller_identity(key, endpoint=endpoint, context=context.with_deadline(end))
        except client.StsError as refusal:
            if not cannot_sign(refusal):
                raise
        else:
            return
        if end.remaining() <= PAUSE_SECONDS:
            raise UnreachableError(
                f"the key {key.access_key_id} does not work yet", hint=f"role-env rotate {profile}, in a while"
            )
        time.sleep(PAUSE_SECONDS)


def check_same_user(old: AccessKey, new: AccessKey, profile: str, *, endpoint: str, context: Context) -> None:
    """Raise RefusedError if the new key is another user's: then the server that answers as RAM cannot be trusted.

    If the old key does not work, nothing is compared. Raises UnreachableError.
    """
    try:
        before, after = (
            client.caller_identity(key, endpoint=endpoint, context=context.restarted())["Arn"] for key in (old, new)
        )
    except RefusedError:
        return
    if before != after:
        raise RefusedError(
            f"profile {profile}: the new key {new.access_key_id} is of {after}, not of {before}; nothing was replaced",
            hint=f"check the RAM endpoint; role-env rotate {profile} --status shows the keys that RAM has",
        )
