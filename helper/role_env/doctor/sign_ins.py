"""Check the sign-ins that profiles get their credentials from."""

import time

from role_env import timestamps
from role_env.doctor.finding import LONGEST_CHECK, OK, WARN, Finding, Surroundings
from role_env.sources.base import Source

_NAME = "sign-in"
# A sign-in that has less left is reported (seconds).
_ENDS_SOON = 3600


def check(at: Surroundings) -> list[Finding]:
    """Check each sign-in once: whether it exists, and whether it has expired or expires within the hour."""
    sources: dict[str, Source] = {}
    for source in at.sources():
        if entry := source.sign_in_entry:
            sources.setdefault(entry.name, source)
    return [_finding(source, at) for source in sources.values()]


def _finding(source: Source, at: Surroundings) -> Finding:
    fix = f"role-env login {source.profile}"
    end = source.sign_in_expiration(at.context(LONGEST_CHECK / 2))
    if end is None:
        return Finding(_NAME, WARN, f"profile {source.profile}: there is no sign-in", fix)
    left = end - time.time()
    if left <= 0:
        return Finding(_NAME, WARN, f"profile {source.profile}: the sign-in has expired", fix)
    what = f"profile {source.profile}: signed in until {timestamps.format_utc(end)}"
    return Finding(_NAME, WARN, what, fix) if left < _ENDS_SOON else Finding(_NAME, OK, what)
