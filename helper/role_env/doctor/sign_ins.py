"""Check the sign-ins that profiles get their credentials from."""

import time

from role_env import timestamps
from role_env.doctor.finding import LONGEST_CHECK, OK, WARN, Finding, Surroundings
from role_env.keyrings.sign_ins import StoredSignIn

_NAME = "sign-in"
# A sign-in that has less left is reported (seconds).
_ENDS_SOON = 3600


def check(at: Surroundings) -> list[Finding]:
    """Check each sign-in once: whether it exists, and whether it has expired or expires within the hour."""
    found: dict[str, tuple[str, StoredSignIn]] = {}
    for source in at.sources():
        if sign_in := source.sign_in:
            found.setdefault(sign_in.entry.name, (source.profile, sign_in))
    return [_finding(profile, sign_in, at) for profile, sign_in in found.values()]


def _finding(profile: str, sign_in: StoredSignIn, at: Surroundings) -> Finding:
    """Return the finding for a sign-in that `profile` uses."""
    fix = f"role-env login {profile}"
    end = sign_in.expiration(at.context(LONGEST_CHECK / 2))
    if end is None:
        return Finding(_NAME, WARN, f"profile {profile}: there is no sign-in", fix)
    left = end - time.time()
    if left <= 0:
        return Finding(_NAME, WARN, f"profile {profile}: the sign-in has expired", fix)
    what = f"profile {profile}: signed in until {timestamps.format_utc(end)}"
    return Finding(_NAME, WARN, what, fix) if left < _ENDS_SOON else Finding(_NAME, OK, what)
