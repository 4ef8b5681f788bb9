"""The local STS counts the requests of a careless client; tests/test_faults.py goes through its faults."""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path

import pytest

from cloud.api_client import key_of, sign
from cloud.local_sts import LocalSts


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


def test_a_mistyped_fault_is_an_error(sts: LocalSts) -> None:
    """A test with a fault that never happens would pass for nothing."""
    with pytest.raises(ValueError, match="no such fault"):
        sts.fault("reset-on-acept")
