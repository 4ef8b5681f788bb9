"""Sessions of a source that a profile without a role passes through, and the accounts that they are of."""

from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.errors import ProfileError, RefusedError
from role_env.profiles.profile import Profile
from role_env.sessions import accounts


def pass_through(target: Profile, key: AccessKey) -> Credentials:
    """Return the source's own session `key`. Raises ProfileError if it does not expire."""
    if not isinstance(key, Credentials) or not key.security_token:
        raise ProfileError(
            f"profile {target.name}: its source gives a key that does not expire, and there is no role_arn"
            f" ({target.where})",
            hint="add the role_arn to assume; role-env hands out temporary credentials only",
        )
    return key


def find_account(credentials: Credentials, target: Profile, context: Context, *, is_cached: bool) -> str:
    """Return the account of a session that is passed through. STS is asked once per key ID.

    Raises RefusedError and UnreachableError.
    """
    account = accounts.find(credentials.access_key_id, context.environ) if is_cached else ""
    if not account:
        from role_env.sources.assume_role import error_context  # TLS, which a cached session can do without
        from role_env.sts import client as sts

        with error_context(target), context.messages.waiting_for(f"STS at {target.endpoint}"):
            identity = sts.caller_identity(credentials, endpoint=target.endpoint, context=context)
        account = str(identity["AccountId"])
        if is_cached:
            accounts.remember(credentials.access_key_id, account, context.environ)
    return account


def check_account(hop: Profile, account: str, expected: str) -> None:
    """Raise RefusedError if `account` is not the one that `hop` must be of."""
    if account != expected:
        raise RefusedError(
            f"profile {hop.name} is of account {account}, not of {expected} ({hop.where})",
            hint="check the role and expected_account_id, or --expect-account; nothing was exported",
        )
