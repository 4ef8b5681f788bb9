"""Sessions of a source that a profile without a role passes through, and the accounts that they are of.

The accounts of key IDs are remembered in the state folder: GetCallerIdentity is called once for each.
"""

import contextlib

from role_env import paths
from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.digests import sha256
from role_env.errors import ProfileError, RefusedError
from role_env.profiles.profile import Profile

# The file of the accounts, which is started anew beyond this size (bytes): a line has about 85.
_ACCOUNTS, _LARGEST = "accounts", 64 * 1024


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
    digest = sha256(credentials.access_key_id)
    if is_cached and (account := _remembered(digest, context)):
        return account
    from role_env.sources.assume_role import error_context  # TLS, which a cached session can do without
    from role_env.sts import client as sts

    with error_context(target), context.messages.waiting_for(f"STS at {target.endpoint}"):
        identity = sts.caller_identity(credentials, endpoint=target.endpoint, context=context)
    account = str(identity["AccountId"])
    if is_cached:
        with contextlib.suppress(OSError):  # then STS is asked again
            paths.append_line(context.environ, _ACCOUNTS, f"{digest} {account}", largest=_LARGEST)
    return account


def _remembered(digest: str, context: Context) -> str:
    """Return the account of the key ID with this digest, or an empty text."""
    pairs = [line.split(" ") for line in paths.state_lines(context.environ, _ACCOUNTS)]
    return next((pair[1] for pair in pairs if len(pair) == 2 and pair[0] == digest and pair[1].isdigit()), "")


def check_account(hop: Profile, account: str, expected: str) -> None:
    """Raise RefusedError if `account` is not the one that `hop` must be of."""
    if account != expected:
        raise RefusedError(
            f"profile {hop.name} is of account {account}, not of {expected} ({hop.where})",
            hint="check the role and expected_account_id, or --expect-account; nothing was exported",
        )
