"""The faults of the local STS, its certificates and its connections are what a test orders."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cloud.api_client import Answer, assume, call, key_of, send, sign
from cloud.local_sts import LocalSts

pytest_plugins = ["cloud.sts_fixture"]

# ---- TLS ----


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
        assert (sts.requests_seen, sts.calls) == (0, [])
        assert sts.connections_seen == 1


def test_a_careless_client_is_found_out(tmp_path: Path) -> None:
    with LocalSts(tmp_path, certificate="wrong-host") as sts:
        careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        careless.check_hostname = False
        careless.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(sts.endpoint, context=careless, timeout=60)
        connection.request("POST", sign(key_of(sts), "GetCallerIdentity"))
        assert connection.getresponse().status == 200
        connection.close()
        assert sts.requests_seen == 1


def test_the_name_that_the_client_sends_is_noted(sts: LocalSts) -> None:
    """A client without SNI would show as None."""
    assume(sts)
    assert sts.server_names == ["localhost"]


def test_plain_http_gets_no_answer(sts: LocalSts) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sts.port, timeout=60)
    connection.request("POST", "/")
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.getresponse()
    connection.close()
    assert sts.requests_seen == 0


# ---- the faults ----


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
    with pytest.raises((OSError, http.client.HTTPException)):
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
        assert error is None if kind == "delay:60" else isinstance(error, OSError | http.client.HTTPException)
    assert assume(sts).status == 200


def test_a_slow_answer_keeps_a_timeout_per_read_from_firing(sts: LocalSts) -> None:
    """Each byte comes in time, the whole does not: only a deadline in total helps."""
    sts.seconds_per_byte = 0.005
    sts.fault("slow")
    began = time.monotonic()
    assert send(sts, sign(key_of(sts), "GetCallerIdentity"), timeout=2).status == 200
    assert time.monotonic() - began > 2


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("internal-error", 500, "InternalError"),
        ("503", 503, "ServiceUnavailable"),
        ("throttling", 400, "Throttling.User"),
        ("throttling-429", 429, "Throttling.User"),
        ("escape-in-message", 403, "NoPermission"),
        ("code:Throttling.Api:400", 400, "Throttling.Api"),
    ],
)
def test_a_refusal_can_be_ordered(sts: LocalSts, kind: str, status: int, code: str) -> None:
    sts.fault(kind)
    answer = assume(sts)
    assert (answer.status, answer.code) == (status, code)
    assert (sts.calls[0].status, sts.calls[0].code) == (status, code)
    assert assume(sts).status == 200


@pytest.mark.parametrize(
    ("kind", "status", "size"),
    [
        ("html-200", 200, 50),
        ("html-502", 502, 50),
        ("500", 500, 50),
        ("captive-portal", 302, 50),
        ("empty", 200, 0),
        ("redirect", 307, 0),
        ("huge", 200, 10 << 20),
        ("truncated-json", 200, 400),
    ],
)
def test_an_answer_can_be_nonsense(sts: LocalSts, kind: str, status: int, size: int) -> None:
    """What proxies, portals and broken servers send is not STS's JSON."""
    sts.fault(kind)
    answer = assume(sts)
    assert answer.status == status
    assert len(answer.body) >= size
    if kind != "huge":
        with pytest.raises(ValueError, match=r"."):
            json.loads(answer.body)


@pytest.mark.parametrize(
    ("kind", "is_so"),
    [
        ("missing-id", lambda session, arn: "AccessKeyId" not in session),
        ("missing-secret", lambda session, arn: "AccessKeySecret" not in session),
        ("missing-token", lambda session, arn: "SecurityToken" not in session),
        ("missing-expiration", lambda session, arn: "Expiration" not in session),
        ("expired-answer", lambda session, arn: session["Expiration"] == "2020-01-01T00:00:00Z"),
        ("expiration-without-zone", lambda session, arn: not session["Expiration"].endswith("Z")),
        ("other-account-arn", lambda session, arn: ":9999999999999999:" in arn),
        ("other-role-arn", lambda session, arn: "/another-role/" in arn),
        ("other-session-arn", lambda session, arn: "/another-session" in arn),
    ],
)
def test_a_session_can_be_incomplete_or_useless_or_somebody_elses(
    sts: LocalSts, kind: str, is_so: Callable[[dict[str, str], str], bool]
) -> None:
    sts.fault(kind)
    document = assume(sts).document
    assert is_so(document["Credentials"], document["AssumedRoleUser"]["Arn"])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("quote-in-token", "'\""),
        ("command-in-token", "$(touch "),
        ("nul-in-token", "\x00"),
        ("non-ascii-token", "✓"),
        ("megabyte-token", "A" * (1 << 20)),
        ("newline-in-secret", "\n"),
    ],
)
def test_a_token_or_secret_can_hold_anything(sts: LocalSts, kind: str, text: str) -> None:
    """What is odd is what was issued: it counts as this session's to the letter."""
    sts.fault(kind)
    session = assume(sts).key
    assert text in (session.secret if kind == "newline-in-secret" else session.token)
    assert session.token == sts.issued[0].token
    # Longer than an HTTP server reads a request's first line.
    if kind != "megabyte-token":
        assert call(sts, session, "GetCallerIdentity").status == 200


def test_faults_queue_up_and_wait_for_their_action(sts: LocalSts) -> None:
    sts.fault("internal-error", times=2, action="AssumeRole")
    sts.fault("throttling")
    codes = [call(sts, key_of(sts), "GetCallerIdentity").code, *(assume(sts).code for _ in range(3))]
    assert codes == ["Throttling.User", "InternalError", "InternalError", ""]


def test_a_fault_for_ever_lasts_until_healed(sts: LocalSts) -> None:
    sts.fault("503", times=None)
    assert {assume(sts).status for _ in range(4)} == {503}
    sts.heal()
    assert assume(sts).status == 200


def test_a_mistyped_fault_is_an_error(sts: LocalSts) -> None:
    """A test with a fault that never happens would pass for nothing."""
    with pytest.raises(ValueError, match="no such fault"):
        sts.fault("reset-on-acept")


# ---- the server itself ----


def test_fifty_clients_at_once_are_served(sts: LocalSts) -> None:
    dawdlers = [socket.create_connection(("127.0.0.1", sts.port)) for _ in range(10)]
    began, gate = time.monotonic(), threading.Barrier(50)

    def ask() -> Answer:
        target = sign(key_of(sts), "AssumeRole", RoleArn=sts.role_arn, RoleSessionName="alice")
        gate.wait()
        return send(sts, target)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: ask(), range(50)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.key for answer in answers}) == len(sts.calls) == 50
    assert time.monotonic() - began < 60
    for dawdler in dawdlers:
        dawdler.close()


def test_a_connection_serves_more_than_one_call(sts: LocalSts) -> None:
    context = ssl.create_default_context(cafile=str(sts.ca_file))
    connection = http.client.HTTPSConnection(sts.endpoint, context=context, timeout=60)
    for _ in range(3):
        connection.request("POST", sign(key_of(sts), "GetCallerIdentity"))
        assert connection.getresponse().read().startswith(b"{")
    connection.close()
    assert (sts.connections_seen, sts.requests_seen) == (1, 3)


def test_a_closed_server_is_gone(tmp_path: Path) -> None:
    with LocalSts(tmp_path) as sts:
        pass
    with pytest.raises(OSError, match=r"."):
        assume(sts)


def test_counts_can_be_cleared(sts: LocalSts) -> None:
    """What is forgotten is what the test looks at, not what the server has to know."""
    assume(sts)
    session = sts.issued[0]
    sts.clear_calls()
    assert (sts.calls, sts.requests_seen, sts.connections_seen) == ([], 0, 0)
    assert sts.issued == [session]
