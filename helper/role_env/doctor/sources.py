"""Check what profiles get their credentials from: the age of access keys in the keyring, and the end of sign-ins."""

import time

from role_env import timestamps
from role_env.credentials import AccessKey
from role_env.doctor.finding import LONGEST_CHECK, OK, WARN, Finding, Surroundings
from role_env.errors import KeyringError
from role_env.keyrings.access_keys import ROTATE_AFTER_DAYS, age
from role_env.keyrings.sign_ins import StoredSignIn
from role_env.sources.keyring import KeyringKey

# A sign-in that has less left is reported (seconds).
_ENDS_SOON = 3600


def check_sign_ins(at: Surroundings) -> list[Finding]:
    """Check each sign-in once: whether it exists, and whether it has expired or expires within the hour."""
    found: dict[str, tuple[str, StoredSignIn]] = {}
    for source in at.sources():
        if sign_in := source.sign_in:
            found.setdefault(sign_in.entry.name, (source.profile, sign_in))
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
    what = f"profile {profile}: signed in until {timestamps.format_utc(end)}"
    return Finding("sign-in", WARN, what, fix) if left < _ENDS_SOON else Finding("sign-in", OK, what)


def check_keys(at: Surroundings) -> list[Finding]:
    """Check each key of known age once, even if several profiles use it."""
    found: dict[str, Finding] = {}
    context = at.context(LONGEST_CHECK / 2)
    for source in at.sources():
        key = source.stored_key(context) if isinstance(source, KeyringKey) else None
        if key and key.created:
            found.setdefault(key.access_key_id, _of_key(source.profile, key))
    return list(found.values())


def _of_key(profile: str, key: AccessKey) -> Finding:
    days = age(key) or 0
    created = timestamps.format_utc(key.created)
    what = f"profile {profile}: {key.access_key_id} is {days} day{'' if days == 1 else 's'} old (created {created})"
    if days < ROTATE_AFTER_DAYS:
        return Finding("access key", OK, what)
    return Finding("access key", WARN, what, f"role-env rotate {profile}")
