"""Timestamps as STS writes them: UTC, `2030-01-01T00:00:00Z`."""

import time

_FORM = "0000-00-00T00:00:00Z"
_EARLIEST, _LATEST = 1970, 9999


def format_utc(seconds: int) -> str:
    """Return `seconds` since the epoch as STS writes times."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def parse_utc(text: str) -> int:
    """Return the seconds since the epoch of a time as STS writes it. Raises ValueError for any other text."""
    if not text.isascii() or "".join("0" if letter.isdigit() else letter for letter in text) != _FORM:
        raise ValueError(text)
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
    seconds = 86400 * _days_since_epoch(year, month, day) + 3600 * hour + 60 * minute + second
    if not _EARLIEST <= year <= _LATEST or format_utc(seconds) != text:  # the 31st of February, or 25 o'clock
        raise ValueError(text)
    return seconds


def parse_rfc3339(text: str) -> int:
    """Return the seconds since the epoch of a time by RFC 3339, of any offset. Raises ValueError for any other text."""
    import datetime
    import re

    pattern = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:\d\d)"
    parts = re.fullmatch(pattern, text, re.ASCII)
    try:
        if not parts:
            raise ValueError
        offset = "+00:00" if parts[3] in "Zz" else parts[3]
        return int(datetime.datetime.fromisoformat(f"{parts[1]}T{parts[2]}{offset}").timestamp())
    except ValueError:  # Python's own words say nothing to a person
        raise ValueError("not a time by RFC 3339") from None


def _days_since_epoch(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date; `calendar` and `time.strptime` would import 10 ms of other modules.

    The year is counted from March, so that a leap day is its last.
    """
    year -= month <= 2
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return 365 * year + year // 4 - year // 100 + year // 400 + day_of_year - 719468
