"""Pass through the session of a source for a profile without a role, and find out whose it is.

What STS says of a key ID is recorded in the state folder, so that GetCallerIdentity is called once for each.
"""

import contextlib

from role_env import paths
from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.errors import ProfileError
from role_env.fingerprint import sha256
from role_env.sessions.chain import Chain
from role_env.sessions.resolve import check_account

# The file of the identities is emptied beyond this size (bytes). A line has about 130.
_IDENTITIES, _LARGEST = "identities", 64 * 1024


def pass_through(
    chain: Chain, key: AccessKey, context: Context, *, min_ttl: int, is_cached: bool
) -> tuple[Credentials, str, str]:
    """Return `key`, the session that `chain` passes through, with its account and its name, which STS reports.

    The name is what follows the account in the ARN, such as assumed-role/ROLE/SESSION: a renewal compares it. Raises
    ProfileError for a key that does not expire, and for a session that has less than `min_ttl` seconds left, which only
    its source can renew; RefusedError, also for a session of another person than the one who signed in;
    UnreachableError.
    """
    target = chain.target
    if not isinstance(key, Credentials) or not key.security_token:
        raise ProfileError(
            f"profile {target.name}: its source gives a key that does not expire, and there is no role_arn"
            f" ({target.where})",
            hint="add the role_arn to assume; role-env hands out temporary credentials only",
        )
    left = int(key.remaining())
    if left < min_ttl:
        raise ProfileError(
            f"profile {target.name}: its source's session has {left} seconds left, and --min-ttl is {min_ttl}"
            f" ({target.where})",
            hint="renew the session at its source, or give a smaller --min-ttl",
        )
    account, name = _find_identity(key, chain, context, is_cached=is_cached)
    if target.expected_account_id:
        check_account(target, account, target.expected_account_id)
    return key, account, name


def _find_identity(credentials: Credentials, chain: Chain, context: Context, *, is_cached: bool) -> tuple[str, str]:
    """Return the account and the name of a session that is passed through.

    STS is asked once per key ID, and for each person.
    """
    target, source, digest = chain.target, chain.source, sha256(credentials.access_key_id)
    for line in paths.state_lines(context.environ, _IDENTITIES) if is_cached and not source.person else ():
        known, _, rest = line.partition(" ")
        account, _, name = rest.partition(" ")
        if known == digest and account.isdigit() and name:
            return account, name
    from role_env.sts import client as sts  # imports TLS, which a cached session does not need

    with sts.waiting_for_sts(target.hop, context):
        identity = sts.caller_identity(credentials, endpoint=target.endpoint, context=context)
    source.check_person(str(identity["Arn"]))
    account, name = str(identity["AccountId"]), str(identity["Arn"]).split(":")[-1]
    if is_cached:
        with contextlib.suppress(OSError):  # STS is then asked again next time
            paths.append_line(context.environ, _IDENTITIES, f"{digest} {account} {name}", largest=_LARGEST)
    return account, name
