"""Timestamps as STS writes them: UTC, `2030-01-01T00:00:00Z`."""

import time


def format_utc(seconds: int) -> str:
    """Return `seconds` since the epoch as STS writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def parse_utc(text: str) -> int:
    """Return the seconds since the epoch of a time as STS writes it. Raises ValueError for any other text."""
    import calendar

    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
