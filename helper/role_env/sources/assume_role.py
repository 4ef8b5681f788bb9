"""AssumeRole for one role of a chain. What STS refuses is reported with the profile and its location."""

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.errors import RefusedError, UnreachableError
from role_env.sts import client as sts

if TYPE_CHECKING:
    from role_env.profiles.profile import Profile

_IDENTITY_SECONDS = 3.0


def assume_role(hop: "Profile", key: AccessKey, context: Context) -> Credentials:
    """Request a session of the role of `hop` with `key`. Raises RefusedError and UnreachableError."""
    context.messages.decided(f"{hop.name}: AssumeRole of {hop.role_arn} at {hop.endpoint}")
    with error_context(hop), context.messages.waiting_for(f"STS at {hop.endpoint}"):
        try:
            return sts.assume_role(hop, key, context)
        except sts.StsError as failure:
            if failure.code != "NoPermission":
                raise
            raise _explain_no_permission(hop, key, context, failure) from None


@contextlib.contextmanager
def error_context(hop: "Profile") -> Iterator[None]:
    """Add the profile and its location to errors of STS."""
    try:
        yield
    except sts.StsError as failure:
        message = f"profile {hop.name}: {failure.message} ({hop.where})"
        raise sts.StsError(message, code=failure.code, hint=failure.hint) from None
    except UnreachableError as failure:
        raise UnreachableError(f"profile {hop.name}: {failure.message}", hint=failure.hint) from None


def _explain_no_permission(hop: "Profile", key: AccessKey, context: Context, failure: sts.StsError) -> RefusedError:
    """Return an error that says which identity requested which role, and what it lacks.

    GetCallerIdentity needs no permission.
    """
    caller, trusted = f"the key {key.access_key_id}", "its account"
    with contextlib.suppress(RefusedError, UnreachableError):
        short = context.with_deadline(context.deadline.soonest(_IDENTITY_SECONDS))
        identity = sts.caller_identity(key, endpoint=hop.endpoint, context=short)
        caller, trusted = identity["Arn"], f"acs:ram::{identity['AccountId']}:root"
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": hop.role_arn}
    policy = json.dumps({"Version": "1", "Statement": [statement]})
    return RefusedError(
        f"profile {hop.name}: {caller} may not assume {hop.role_arn}: {failure.message} ({hop.where})",
        hint=f"attach the policy {policy} to it, name {trusted} in the role's trust policy, and check external_id",
    )
