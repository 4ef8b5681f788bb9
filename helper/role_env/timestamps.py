"""Timestamps as STS writes them: UTC, `2030-01-01T00:00:00Z`."""

import time


def format_utc(seconds: int) -> str:
    """Return `seconds` since the epoch as STS writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def parse_utc(text: str) -> int:
    """Return the seconds since the epoch of a time as STS writes it. Raises ValueError for any other text."""
    import calendar

    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def parse_rfc3339(text: str) -> int:
    """Return the seconds since the epoch of a time by RFC 3339, of any offset. Raises ValueError for any other text."""
    import datetime
    import re

    pattern = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    parts = re.fullmatch(pattern, text, re.ASCII)
    if not parts:
        raise ValueError("not a time by RFC 3339")
    offset = "+00:00" if parts[3] in "Zz" else parts[3]
    return int(datetime.datetime.fromisoformat(f"{parts[1]}T{parts[2]}{offset}").timestamp())
