"""What the stand-ins for Alibaba's services refuse although no test of role-env asks for it."""

import hashlib
import json

from cloud.answers import Document
from cloud.api_server import ApiServer
from cloud.local_sts import STS_VERSION, LocalSts
from cloud.resource_directory import LARGEST_PAGE, VERSION, LocalResourceDirectory
from cloud.signatures import read_request
from cloud.world import format_time


def call(server: ApiServer, sts: LocalSts, action: str, version: str, *, nonce: str, query: str = "") -> Document:
    """Return the answer to a V3 request of the user test_user1."""
    headers = {
        "host": server.endpoint,
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-date": format_time(server.now()),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    start = f"ACS3-HMAC-SHA256 Credential={sts.access_key_id},SignedHeaders={';'.join(sorted(headers))},Signature="
    unsigned = read_request("GET", f"/?{query}", headers | {"authorization": start}, b"")
    signature = unsigned.sign(sts.access_key_secret, unsigned.string_to_sign)
    answer = server.answer("GET", f"/?{query}", headers | {"authorization": start + signature}, b"")
    document: Document = json.loads(answer.body)
    return document


def test_a_request_that_is_sent_twice_is_refused_by_its_nonce(sts: LocalSts) -> None:
    for nonce, code in (("one", None), ("one", "SignatureNonceUsed"), ("two", None)):
        assert call(sts, sts, "GetCallerIdentity", STS_VERSION, nonce=nonce).get("Code") == code


def test_a_page_of_more_rows_than_the_service_lists_is_refused(directory: LocalResourceDirectory) -> None:
    for size, code in ((LARGEST_PAGE, None), (LARGEST_PAGE + 1, "InvalidParameter.PageSize")):
        query = f"PageSize={size}"
        assert call(directory, directory.sts, "ListAccounts", VERSION, nonce=query, query=query).get("Code") == code
