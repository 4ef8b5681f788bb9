"""Times as STS writes them."""

import calendar
import random
import time

import pytest

from role_env.credentials import format_utc, parse_date, parse_rfc3339, parse_utc


def test_a_time_is_read_as_it_was_written() -> None:
    chosen = random.Random(1)
    moments = [0, 951782400, 1709164799, 4107542400, *(chosen.randrange(253402300799) for _ in range(2000))]
    for moment in moments:
        text = format_utc(moment)
        assert parse_utc(text) == moment
        assert moment == calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2030-01-01", "2030-01-01 00:00:00Z", "2030-01-01T00:00:00", "2030-01-01T00:00:00+00:00"),
        *("2030-02-29T00:00:00Z", "2030-13-01T00:00:00Z", "2030-00-01T00:00:00Z", "2030-01-32T00:00:00Z"),
        *("2030-01-01T24:00:00Z", "2030-01-01T00:60:00Z", "2030-01-01T00:00:60Z", "0000-01-01T00:00:00Z"),
        *("1969-12-31T23:59:59Z", "２030-01-01T00:00:00Z", "2030-01-01T00:00:00Z ", "2030-01-01T00:00:00z"),
    ],
)
def test_any_other_text_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_utc(text)


@pytest.mark.parametrize("text", ["", "2030-02-29T00:00:00Z", "2030-01-01T25:00:00Z", "2030-01-01T00:00:00+99:99"])
def test_a_text_that_is_no_time_by_rfc_3339_is_called_that(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not an RFC 3339 time$"):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    "date", ["", "soon", "Mon, 30 Nov 99999999999999999999 10:00:00 GMT", "Mon, 30 Nov 2026 10:00:00 +9999999999999"]
)
def test_a_date_that_is_none_is_no_moment(date: str) -> None:
    """A server may send any Date with its answer."""
    assert parse_date(date) == 0
    assert parse_date("Mon, 30 Nov 2026 10:00:00 GMT") == 1796032800
