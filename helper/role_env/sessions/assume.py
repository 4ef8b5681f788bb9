"""What STS, or the source, gives for one hop of a chain; what it refuses is told of the hop's profile and its place."""

import contextlib
import json
from collections.abc import Iterator

from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.errors import ProfileError, RefusedError, UnreachableError
from role_env.profiles.file import Profile
from role_env.sessions.chain import Chain
from role_env.sources.base import OidcToken
from role_env.sts import client as sts


def lent(chain: Chain, key: AccessKey, context: Context) -> Credentials:
    """The source's own session `key`, for a profile without a role: it has to tell its end, and be of the account.

    Raises ProfileError, RefusedError, UnreachableError.
    """
    target = chain.target
    if not isinstance(key, Credentials) or not key.security_token:
        raise ProfileError(
            f"profile {target.name}: its source gives a key that does not end, and there is no role_arn"
            f" ({target.where})",
            hint="role-env hands out temporary credentials only; add the role_arn to assume",
        )
    if target.expected_account_id:
        with _told_of(target):
            identity = sts.caller_identity(key, endpoint=target.endpoint, context=context)
        check_account(target, identity["AccountId"], target.expected_account_id)
    return key


def assume(hop: Profile, key: AccessKey, context: Context) -> Credentials:
    """The credentials of the role of `hop`, asked for with `key`. Raises RefusedError, UnreachableError."""
    with _told_of(hop):
        try:
            return sts.assume_role(
                key,
                endpoint=hop.endpoint,
                role_arn=hop.role_arn,
                session_name=hop.role_session_name,
                duration_seconds=hop.duration_seconds,
                external_id=hop.external_id,
                policy=hop.policy,
                source_identity=hop.source_identity,
                context=context,
            )
        except sts.StsError as failure:
            if failure.code != "NoPermission":
                raise
            raise _no_permission(hop, key, context, failure) from None


def assume_with_token(hop: Profile, source: OidcToken, context: Context) -> Credentials:
    """The credentials of the role of `hop`, asked for with the token of `source` and no key. Raises as `assume`."""
    token = source.token(context)
    with _told_of(hop):
        return sts.assume_role_with_oidc(
            token,
            endpoint=hop.endpoint,
            provider_arn=source.provider_arn,
            role_arn=hop.role_arn,
            session_name=hop.role_session_name,
            duration_seconds=hop.duration_seconds,
            policy=hop.policy,
            context=context,
        )


@contextlib.contextmanager
def _told_of(hop: Profile) -> Iterator[None]:
    """Within it, what STS refuses and that it is not reached is told of `hop`."""
    try:
        yield
    except sts.StsError as failure:
        message = f"profile {hop.name}: {failure.message} ({hop.where})"
        raise sts.StsError(message, code=failure.code, hint=failure.hint) from None
    except UnreachableError as failure:
        raise UnreachableError(f"profile {hop.name}: {failure.message}", hint=failure.hint) from None


def _no_permission(hop: Profile, key: AccessKey, context: Context, failure: sts.StsError) -> RefusedError:
    """Which identity asked for which role, and what it lacks. Who one is can be asked without any permission."""
    asked, trusted = f"the key {key.access_key_id}", "its account"
    soon = context.with_deadline(context.deadline.soonest(3))
    with contextlib.suppress(RefusedError, UnreachableError):
        identity = sts.caller_identity(key, endpoint=hop.endpoint, context=soon)
        asked, trusted = identity["Arn"], f"acs:ram::{identity['AccountId']}:root"
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": hop.role_arn}
    policy = json.dumps({"Version": "1", "Statement": [statement]})
    return RefusedError(
        f"profile {hop.name}: {asked} may not assume {hop.role_arn}: {failure.message} ({hop.where})",
        hint=f"it needs the policy {policy}, the role's trust policy must name {trusted}, and external_id must be"
        " the one that it asks for",
    )


def check_account(hop: Profile, account: str, expected: str) -> None:
    """Raises RefusedError when `account` is not the one that `hop` has to be of."""
    if account != expected:
        raise RefusedError(
            f"profile {hop.name}: it is of account {account}, not of {expected} ({hop.where})",
            hint="nothing was exported; check role_arn and the expected account",
        )
