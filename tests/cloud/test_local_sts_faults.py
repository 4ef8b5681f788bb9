"""The faults of the local STS, its certificates and its connections are what a test orders.

tests/test_faults.py has what role-env makes of each fault, which tells whether the answer was lost, cut or nonsense.
"""

from __future__ import annotations

import http.client
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cloud.api_client import assume, call, key_of, sign
from cloud.local_sts import LocalSts

BROKEN = (OSError, http.client.HTTPException)


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("wrong-host", "Hostname mismatch"),
        ("expired", "certificate has expired"),
        ("unknown-ca", "unable to get local issuer|self.signed|signature failure"),
    ],
)
def test_a_bad_certificate_keeps_clients_from_asking(tmp_path: Path, certificate: Any, reason: str) -> None:
    with LocalSts(tmp_path, certificate=certificate) as sts:
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            assume(sts)
        assert (sts.connections_seen, sts.requests_seen, sts.calls) == (1, 0, [])


def test_a_careless_client_is_found_out_by_each_request_of_its_one_connection(tmp_path: Path) -> None:
    with LocalSts(tmp_path, certificate="wrong-host") as sts:
        careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        careless.check_hostname = False
        careless.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(sts.endpoint, context=careless, timeout=60)
        for _ in range(3):
            connection.request("POST", sign(key_of(sts), "GetCallerIdentity"))
            answer = connection.getresponse()
            assert (answer.status, answer.read()[:1]) == (200, b"{")
        connection.close()
        assert (sts.connections_seen, sts.requests_seen) == (1, 3)


def test_plain_http_gets_no_answer(sts: LocalSts) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sts.port, timeout=60)
    connection.request("POST", "/")
    with pytest.raises(BROKEN):
        connection.getresponse()
    connection.close()
    assert sts.requests_seen == 0


@pytest.mark.parametrize(
    ("kind", "calls", "issued"),
    [
        ("reset-on-accept", 0, 0),
        ("reset-after-handshake", 0, 0),
        ("reset-after-request", 1, 0),
        ("reset-mid-answer", 1, 1),
    ],
)
def test_a_connection_that_breaks_leaves_a_call_only_after_the_request(
    sts: LocalSts, kind: str, calls: int, issued: int
) -> None:
    """An answer that was lost was a session anyway."""
    sts.fault(kind)
    with pytest.raises(BROKEN):
        assume(sts)
    assert [one.fault for one in sts.calls] == [kind] * calls
    assert len(sts.issued) == issued
    assert assume(sts).status == 200
    assert len(sts.calls) == calls + 1


@pytest.mark.parametrize("kind", ["hang", "hang-in-handshake", "slow", "delay:60"])
def test_what_hangs_goes_on_until_it_is_healed(sts: LocalSts, kind: str) -> None:
    sts.fault(kind, times=None)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(assume, sts)
        time.sleep(0.3)
        assert not waiting.done()
        sts.heal()
        error = waiting.exception(timeout=60)
        assert error is None if kind == "delay:60" else isinstance(error, BROKEN)
    assert assume(sts).status == 200


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("quote-in-token", "'\""),
        ("command-in-token", "$(touch "),
        ("nul-in-token", "\x00"),
        ("non-ascii-token", "✓"),
        ("newline-in-secret", "\n"),
    ],
)
def test_a_token_or_secret_can_hold_anything(sts: LocalSts, kind: str, text: str) -> None:
    """What is odd is what was issued: it counts as this session's to the letter."""
    sts.fault(kind)
    session = assume(sts).key
    assert text in (session.secret if kind == "newline-in-secret" else session.token)
    assert call(sts, session, "GetCallerIdentity").status == 200


def test_faults_queue_up_and_wait_for_their_action(sts: LocalSts) -> None:
    sts.fault("internal-error", times=2, action="AssumeRole")
    sts.fault("throttling")
    codes = [call(sts, key_of(sts), "GetCallerIdentity").code, *(assume(sts).code for _ in range(3))]
    assert codes == ["Throttling.User", "InternalError", "InternalError", ""]


def test_a_mistyped_fault_is_an_error(sts: LocalSts) -> None:
    """A test with a fault that never happens would pass for nothing."""
    with pytest.raises(ValueError, match="no such fault"):
        sts.fault("reset-on-acept")
