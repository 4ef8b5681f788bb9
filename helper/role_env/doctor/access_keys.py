"""Check the age of the access keys in the keyring."""

import contextlib

from role_env import timestamps
from role_env.credentials import AccessKey
from role_env.doctor.finding import LONGEST_CHECK, OK, WARN, Finding, Surroundings
from role_env.errors import ProfileError
from role_env.fingerprint import Fingerprint
from role_env.keyrings.access_keys import ROTATE_AFTER_DAYS, age
from role_env.profiles import file as profiles

_NAME = "access key"


def check(at: Surroundings) -> list[Finding]:
    """Check each key whose age is known once, whichever profiles have it."""
    found: dict[str, Finding] = {}
    context = at.context(LONGEST_CHECK / 2)
    with contextlib.suppress(ProfileError):  # another check reports it
        file = profiles.load(at.config, Fingerprint(at.environ))
        for name in file.names():
            with contextlib.suppress(ProfileError):
                source = file.profile(name).source
                key = source.stored_key(context) if source else None
                if key and key.created:
                    found.setdefault(key.access_key_id, _finding(name, key))
    return list(found.values())


def _finding(profile: str, key: AccessKey) -> Finding:
    days = age(key) or 0
    created = timestamps.format_utc(key.created)
    what = f"profile {profile}: {key.access_key_id} is {days} day{'' if days == 1 else 's'} old (created {created})"
    if days < ROTATE_AFTER_DAYS:
        return Finding(_NAME, OK, what)
    return Finding(_NAME, WARN, what, f"role-env rotate {profile}")
