"""Any answer of STS: what was issued, whole, or nothing. FUZZ_EXAMPLES says how many.

tests/profiles/test_damaged_file.py does the same with the profiles file, tests/keyrings/test_bus_messages.py with the
keyring's messages.
"""

import email.message
import http.client
import json
import os
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from role_env.credentials import AccessKey
from role_env.errors import RefusedError, UnreachableError
from role_env.http.client import Client
from role_env.sts import client as sts
from support.contexts import context, hop

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
ROLE, NAME = "acs:ram::2222222222222222:role/switchRoleSbc", "somebody"
SECRET, TOKEN = "hunter22hunter22hunter22", "CAISxyz" * 100

GOOD: dict[str, Any] = {
    "RequestId": "X",
    "AssumedRoleUser": {"Arn": f"acs:ram::2222222222222222:role/switchrolesbc/{NAME}", "AssumedRoleId": "3:x"},
    "Credentials": {
        "AccessKeyId": "STS.NUx",
        "AccessKeySecret": SECRET,
        "SecurityToken": TOKEN,
        "Expiration": "2999-01-01T00:00:00Z",
    },
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
STRANGE = st.one_of(
    JSON,
    st.sampled_from(
        ["2000-01-01T00:00:00Z", "2999-01-01T00:00:00", "9" * 400, "\x1b[2J", "NoPermission", "Throttling"]
    ),
    st.sampled_from(
        [ROLE, ROLE.replace("Sbc", "Abc") + "/" + NAME, "acs:ram::²:role/x/y", "acs:ram::1:role/x/" + NAME]
    ),
)


@st.composite
def answered(draw: st.DrawFn) -> tuple[int, str, bytes]:
    """A status, a Date and a body: the good one after changes, or anything."""
    document: dict[str, Any] = json.loads(json.dumps(GOOD))
    for _ in range(draw(st.integers(0, 3))):
        part = draw(st.sampled_from([document, document.get("Credentials"), document.get("AssumedRoleUser")]))
        if isinstance(part, dict):
            name = draw(st.sampled_from([*part, "Code", "Message"]))
            if draw(st.booleans()):
                part[name] = draw(STRANGE)
            else:
                part.pop(name, None)
    body = json.dumps(document).encode()
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.binary(max_size=8)) + (body[at:] if draw(st.booleans()) else b"")
    if draw(st.integers(0, 9)) == 0:
        body = draw(st.binary(max_size=60) | st.just(b"[" * 100_000) | st.just(b'{"a":' * 50_000))
    status = draw(st.sampled_from([200, 200, 200, 200, 201, 204, 302, 400, 403, 404, 429, 500, 503]))
    return status, draw(st.text(max_size=20) | st.just("Thu, 01 Jan 1970 00:00:00 GMT")), body


class Connection:
    """A stand-in for the connection to STS that says what it was given; tests/cloud/local_sts.py is a real one."""

    said: tuple[int, str, bytes] = (200, "", b"")
    sock = SimpleNamespace(settimeout=lambda _: None)

    def __init__(self, *_: object, **__: object) -> None:
        self.status, date, self._body = self.said
        self.length = 0
        self.headers = email.message.Message()
        self.headers["Date"] = date.encode("unicode_escape").decode()

    def connect(self) -> None: ...

    def request(self, *_: object, **__: object) -> None: ...

    def close(self) -> None: ...

    def getresponse(self) -> "Connection":
        return self

    def read(self, size: int) -> bytes:
        return self._body[:size]


@settings(max_examples=EXAMPLES, deadline=None)
@given(answered())
def test_any_answer_is_the_session_that_was_asked_for_or_an_error_of_the_contract(said: tuple[int, str, bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http.client, "HTTPSConnection", Connection)
        patch.setattr(Connection, "said", said)
        patch.setattr(Client, "connect", lambda _: None)
        patch.setattr("time.sleep", lambda _: None)
        try:
            role = hop(ROLE, "sts.aliyuncs.com", NAME)
            found = sts.assume_role(role, AccessKey("LTAIx", "y"), context())
        except (RefusedError, UnreachableError) as error:
            reported = error.message + error.hint
            assert reported.isprintable()
            assert SECRET not in reported
            assert TOKEN not in reported
            return
    document = json.loads(said[2])
    assert found.access_key_secret == document["Credentials"]["AccessKeySecret"]
    assert document["AssumedRoleUser"]["Arn"].lower().endswith(f"role/switchrolesbc/{NAME}")
    assert found.access_key_secret.isprintable()
