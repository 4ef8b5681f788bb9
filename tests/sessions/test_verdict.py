"""The verdict on a cached session: it is used, renewed, or another one or too old."""

import time
from typing import Any

import pytest

from role_env.sessions import Request
from role_env.sessions.record import MISS, RENEW, UNSURE, USE, judge_by_chain, judge_by_files
from support.prompts import record

FILE = "/home/me/profiles.ini"


@pytest.mark.parametrize(
    ("seconds", "given", "digest", "action"),
    [
        (2550, {}, "same", USE),
        (2550, {}, "other", MISS),
        (200, {}, "same", RENEW),
        (200, {}, "other", MISS),
        (-5, {}, "same", MISS),
        (800, {"renewal_ttl": 900}, "same", RENEW),
        (800, {"min_ttl": 900, "renewal_ttl": 900}, "same", MISS),
        (2550, {"issued_since": time.time()}, "same", MISS),
        (7200, {}, "same", RENEW),
    ],
)
def test_a_session_of_the_same_chain_is_used_until_it_is_due_and_stays_until_it_is_too_old(
    seconds: int, given: dict[str, Any], digest: str, action: str
) -> None:
    """The last one is of a clock that was set back."""
    cached = record(seconds)
    cached.session.credentials.issued = cached.session.credentials.expiration - 3600
    cached.chain_digest = "same"
    verdict = judge_by_chain(cached, Request("profileB", **given), digest)
    assert (verdict.action, bool(verdict.why)) == (action, True)


@pytest.mark.parametrize(
    ("account", "path", "environ", "action"),
    [
        ("", FILE, {}, USE),
        ("2222222222222222", FILE, {}, USE),
        ("9999", FILE, {}, UNSURE),
        ("", "/home/me/link.ini", {}, UNSURE),
        ("", FILE, {"HOME": "/home/me"}, UNSURE),
    ],
)
def test_before_the_chain_is_known_it_is_used_if_nothing_that_it_was_made_from_has_changed(
    account: str, path: str, environ: dict[str, str], action: str
) -> None:
    cached = record()
    cached.fingerprint = [f"file {FILE} -", "variable HOME "]
    assert judge_by_files(cached, Request("profileB", expect_account=account), path, environ).action == action
