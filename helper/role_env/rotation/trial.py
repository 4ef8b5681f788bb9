"""Try the keys of a rotation at STS: whether a key works yet, whose it is, and whether the profiles can use it."""

import time
from collections.abc import Iterable

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.deadline import Deadline
from role_env.errors import RefusedError, UnreachableError
from role_env.profiles.profile import Profile
from role_env.rotation.ram import cannot_sign
from role_env.sessions.chain import Chain
from role_env.sts import client

SECONDS = 60.0
"""How long a key may take before the rotation reports it and stops until the next call."""
PAUSE_SECONDS = 1.0


def wait_until_usable(key: AccessKey, profile: Profile, context: Context) -> str:
    """Wait until STS accepts `key`, which takes seconds to minutes, and return the ARN of its user.

    Raises StsError, and UnreachableError in the end.
    """
    context.messages.progress(f"{profile.name}: waiting until {key.access_key_id} works")
    end = Deadline(SECONDS)
    while True:
        try:
            return user_of(key, profile, context.with_deadline(end))
        except client.StsError as refusal:
            if not cannot_sign(refusal):
                raise
        if end.remaining() <= PAUSE_SECONDS:
            raise UnreachableError(
                f"the key {key.access_key_id} does not work yet", hint=f"role-env rotate {profile.name}, in a while"
            )
        time.sleep(PAUSE_SECONDS)


def user_of(key: AccessKey, profile: Profile, context: Context) -> str:
    """Return the ARN of the user whose key this is. Raises StsError, UnreachableError."""
    return str(client.caller_identity(key, endpoint=profile.endpoint, context=context)["Arn"])


def use(key: AccessKey, profile: Profile, dependents: Iterable[Chain], context: Context) -> None:
    """Request a session of a dependent profile, signed with `key`.

    Without one, or if its role refuses, request the caller's identity. Raises StsError, UnreachableError.
    """
    if role := next((one for chain in dependents for one in chain.profiles if one.role_arn), None):
        try:
            client.assume_role(role.hop, key, context.restarted())
        except RefusedError as refused:  # only this role may refuse
            if isinstance(refused, client.StsError) and cannot_sign(refused):
                raise
        else:
            return
    user_of(key, profile, context.restarted())
