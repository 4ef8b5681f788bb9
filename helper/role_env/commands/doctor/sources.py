"""Check what profiles get their credentials from: whose each access key is and its age, and the end of sign-ins."""

import time
from concurrent.futures import ThreadPoolExecutor

from role_env.commands.doctor.finding import FAIL, LONGEST_CHECK, OK, WARN, Finding, Surroundings
from role_env.context import Context
from role_env.credentials import AccessKey, format_utc
from role_env.errors import KeyringError, RoleEnvError
from role_env.keyrings.access_keys import ROTATE_AFTER_DAYS, age
from role_env.keyrings.sign_ins import StoredSignIn
from role_env.sessions.chain import Chain
from role_env.sources.base import FAULTS_OF_THE_KEY
from role_env.sts import client

# A sign-in that has less left is reported (seconds).
_ENDS_SOON = 3600
# The time for all keys together (seconds), and the most that are asked about at once.
_KEYS_SECONDS = 5.0
_MOST_AT_ONCE = 20


def check_sign_ins(at: Surroundings) -> list[Finding]:
    """Check each sign-in once: whether it exists, and whether it has expired or expires within the hour."""
    found: dict[str, tuple[str, StoredSignIn]] = {}
    for chain in at.chains():
        if sign_in := chain.source.sign_in:
            found.setdefault(sign_in.entry.name, (chain.source.profile, sign_in))
    return [_of_sign_in(profile, sign_in, at) for profile, sign_in in found.values()]


def _of_sign_in(profile: str, sign_in: StoredSignIn, at: Surroundings) -> Finding:
    fix = f"role-env login {profile}"
    try:
        found = sign_in.load(at.context(LONGEST_CHECK / 2), prompts=False)
    except KeyringError as error:
        return Finding("sign-in", WARN, f"profile {profile}: its sign-in cannot be read: {error.message}", error.hint)
    if found is None:
        return Finding("sign-in", WARN, f"profile {profile}: there is no sign-in", fix)
    end = int(found.expiration)
    left = end - time.time()
    if left <= 0:
        return Finding("sign-in", WARN, f"profile {profile}: the sign-in has expired", fix)
    what = f"profile {profile}: signed in until {format_utc(end)}"
    return Finding("sign-in", WARN, what, fix) if left < _ENDS_SOON else Finding("sign-in", OK, what)


def check_keys(at: Surroundings) -> list[Finding]:
    """Check each access key that can be read, once: whose it is by STS, and its age if that is known."""
    found: dict[str, tuple[Chain, AccessKey]] = {}
    context = at.context(_KEYS_SECONDS).without_prompts()
    for chain in at.chains():
        if key := chain.source.stored_key(context):
            found.setdefault(key.access_key_id, (chain, key))
    with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
        findings = list(pool.map(lambda one: _of_key(one[0], one[1], context), found.values()))
    return [finding for finding in findings if finding]


def _of_key(chain: Chain, key: AccessKey, context: Context) -> Finding | None:
    """Return the finding about a key; None if nothing is known about it. Another check reports on STS itself."""
    profile, known, fix = chain.source.profile, [], ""
    what = f"profile {profile}: {key.access_key_id}"
    try:
        identity = client.caller_identity(key, endpoint=chain.profiles[0].endpoint, context=context)
        known.append(f"of {identity['Arn']}")
    except client.StsError as refusal:
        if refusal.code.startswith(FAULTS_OF_THE_KEY):
            where = chain.source.location(context.environ)
            return Finding(
                "access key", FAIL, f"{what}: {refusal.message} ({where})", refusal.hint or "use another key"
            )
    except RoleEnvError:
        pass
    if (days := age(key)) is not None:
        created = format_utc(key.created)
        known.append(f"{days} day{'' if days == 1 else 's'} old (created {created})")
        fix = f"role-env rotate {profile}" if days >= ROTATE_AFTER_DAYS else ""
    return Finding("access key", WARN if fix else OK, f"{what} is {' and '.join(known)}", fix) if known else None
