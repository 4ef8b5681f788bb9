"""What the stand-ins answer: HTTP answers, and the refusals of STS, RAM and the other services by their codes."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass
class Answer:
    """An answer to one request, and the fault with which it is sent."""

    status: int
    body: bytes = b""
    content_type: str = "application/json;charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    def to_bytes(self) -> bytes:
        """Return the whole HTTP answer."""
        headers = {"Content-Type": self.content_type, "Content-Length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def answer_json(document: Document, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def answer_page(text: str, status: int = 200, **headers: str) -> Answer:
    """Return a page in HTML."""
    return Answer(status, f"<!DOCTYPE html><html>{text}</html>".encode(), "text/html;charset=utf-8", headers)


REFUSALS = {
    "AccessDenied": (403, "You have no right to access this object."),
    "AuthenticationFail.NoPermission": (403, "This operation is forbidden by permission system."),
    "AuthenticationFail.OIDCToken.AudienceNotMatch": (401, "Invalid audience."),
    "AuthenticationFail.OIDCToken.Expired": (401, "This JsonWebToken is expired."),
    "AuthenticationFail.OIDCToken.Invalid": (401, "This JsonWebToken is invalid."),
    "AuthenticationFail.SAMLAssertion.Expired": (401, "This SAML Assertion is expired."),
    "AuthenticationFail.SAMLAssertion.Invalid": (401, "This SAML Assertion is invalid."),
    "EntityNotExist.OIDCProvider": (404, "The OIDC Provider does not exist."),
    "EntityNotExist.Role": (404, "The specified Role not exists ."),
    "EntityNotExist.SAMLProvider": (404, "The SAML Provider does not exist."),
    "EntityNotExist.User": (404, "The user does not exist."),
    "EntityNotExist.User.AccessKey": (404, "The access key does not exist."),
    "Forbidden": (403, "There is a risk of leakage of this AccessKey."),
    "Forbidden.RAM": (
        403,
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ),
    "InternalError": (500, "STS Server Internal Error happened, please send the RequestId to us."),
    "InvalidAccessKeyId.Inactive": (403, "Specified access key is disabled."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAction.NotFound": (404, "Specified api is not found, please check your url and method."),
    "InvalidParameter.ContentType": (
        400,
        'The ContentType request header must be "application/json" or "application/x-www-form-urlencoded".',
    ),
    "InvalidParameter.DurationSeconds": (400, "The Min/Max value of DurationSeconds is 15min/1hr."),
    "InvalidParameter.ExternalId": (400, "The parameter ExternalId is wrongly formed."),
    "InvalidParameter.OIDCProviderArn": (400, "The parameter OIDCProviderArn is wrongly formed."),
    "InvalidParameter.PolicyGrammar": (400, "The parameter Policy has not passed grammar check."),
    "InvalidParameter.PolicySize": (400, "The size of Policy must be smaller than 2048 bytes."),
    "InvalidParameter.RoleArn": (400, "The parameter RoleArn is wrongly formed."),
    "InvalidParameter.RoleSessionName": (400, "The parameter RoleSessionName is wrongly formed."),
    "InvalidParameter.Status": (400, "The parameter Status must be Active or Inactive."),
    "InvalidParameter.SourceIdentity": (400, "The parameter SourceIdentity is wrongly formed."),
    "InvalidSecurityToken.Expired": (403, "Specified SecurityToken is expired."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidSecurityToken.MismatchWithAccessKey": (400, "Specified SecurityToken mismatch with the AccessKey."),
    "InvalidSignatureMethod": (400, "Specified signature method is not valid."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "InvalidTimeStamp.Format": (400, "Specified time stamp or date value is not well formatted."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "LimitExceeded.User.AccessKey": (409, "The count of access keys beyond the current limits."),
    "NoPermission": (403, "You are not authorized to do this action. You should be authorized by RAM."),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
}
"""Code: HTTP status and text, as the services and their gateway write them."""


class Refused(Exception):
    """A refusal of a service, by default with the status and the text of the code."""

    def __init__(self, code: str, message: str = "", status: int = 0) -> None:
        known_status, known_message = REFUSALS.get(code, (400, f"{code} was asked for by the test."))
        super().__init__(code)
        self.code, self.status, self.message = code, status or known_status, message or known_message
