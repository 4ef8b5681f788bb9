"""Check the age of the access keys in the keyring."""

from role_env import timestamps
from role_env.credentials import AccessKey
from role_env.doctor.finding import LONGEST_CHECK, OK, WARN, Finding, Surroundings
from role_env.keyrings.access_keys import ROTATE_AFTER_DAYS, age
from role_env.sources.keyring import KeyringKey


def check(at: Surroundings) -> list[Finding]:
    """Check each key of known age once, even if several profiles use it."""
    found: dict[str, Finding] = {}
    context = at.context(LONGEST_CHECK / 2)
    for source in at.sources():
        key = source.stored_key(context) if isinstance(source, KeyringKey) else None
        if key and key.created:
            found.setdefault(key.access_key_id, _finding(source.profile, key))
    return list(found.values())


def _finding(profile: str, key: AccessKey) -> Finding:
    days = age(key) or 0
    created = timestamps.format_utc(key.created)
    what = f"profile {profile}: {key.access_key_id} is {days} day{'' if days == 1 else 's'} old (created {created})"
    if days < ROTATE_AFTER_DAYS:
        return Finding("access key", OK, what)
    return Finding("access key", WARN, what, f"role-env rotate {profile}")
