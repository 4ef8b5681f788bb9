"""Timestamps as STS writes them: UTC, `2030-01-01T00:00:00Z`."""

import time


def format_utc(seconds: int) -> str:
    """Return `seconds` since the epoch as STS writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def parse_utc(text: str) -> int:
    """Return the seconds since the epoch of a time as STS writes it. Raises ValueError for any other text."""
    seconds = parse_rfc3339(text)
    if seconds < 0 or format_utc(seconds) != text:
        raise ValueError(text)
    return seconds


def parse_rfc3339(text: str) -> int:
    """Return the seconds since the epoch of an RFC 3339 time with any offset. Raises ValueError for any other text."""
    import datetime  # takes 2 ms, and the warm path does not need it
    import re

    pattern = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    parts = re.fullmatch(pattern, text, re.ASCII)
    try:
        if not parts:
            raise ValueError
        offset = "+00:00" if parts[3] in "Zz" else parts[3]
        return int(datetime.datetime.fromisoformat(f"{parts[1]}T{parts[2]}{offset}").timestamp())
    except ValueError:  # Python's own message does not help a person
        raise ValueError("not an RFC 3339 time") from None


def parse_date(text: str) -> int:
    """Return the seconds since the epoch of an HTTP Date; 0 for any other text."""
    import email.utils

    try:
        return int(email.utils.parsedate_to_datetime(text).timestamp())
    except (TypeError, ValueError):
        return 0
