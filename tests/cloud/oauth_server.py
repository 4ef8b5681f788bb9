"""The OAuth sign-in of Alibaba Cloud: authorization code with PKCE, refresh tokens that are used once, and sessions.

Rules: RFC 6749, RFC 7636, RFC 7009. In a test::

    with OAuthServer(sts) as oauth:
        machine.environ |= oauth.environment    # ROLE_ENV_OAUTH_ENDPOINTS
        oauth.consent = "deny"                  # what the page in the browser does; see `consent`
        oauth.fault("500", action="/v1/token")  # see faults.FAULTS
"""

from __future__ import annotations

import html
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from cloud.answers import Answer, Document, Refused, answer_json
from cloud.local_sts import LocalSts
from cloud.sign_in_server import Request, SignInServer, pkce_challenge, read_form
from cloud.world import ACCOUNT_A

CLIENT_IDS = {"CN": "4038181954557748008", "INTL": "4103531455503354461"}
_REDIRECT = re.compile(r"http://127\.0\.0\.1:1234[5-9]/cli/callback")


@dataclass
class Authorization:
    """A code that the page has handed out, with what it is bound to."""

    code: str = field(repr=False)
    client_id: str
    redirect_uri: str
    challenge: str = field(repr=False)
    family: int
    used: bool = False


@dataclass
class Token:
    """An access or refresh token of one sign-in, the `family`."""

    family: int
    client_id: str
    ends: float
    used: bool = False


class OAuthServer(SignInServer):
    """A running server of both hosts, with one user of account A.

    `consent` is what the page does: "allow" sends the browser back at once, "button" by a script on a page, as a
    real browser runs it, and "deny" with access_denied. `rotates`: each refresh gives a new refresh token, and the
    old one is used up.
    """

    def __init__(self, sts: LocalSts) -> None:
        self.consent: Literal["allow", "button", "deny"] = "allow"
        self.rotates = True
        self.access_seconds: float = 3600
        self.least_left: float = 890
        """What an access token must have left to be exchanged (seconds): 15 minutes, less what a new one has lost."""
        self.expires_in_as_text = False
        self.pascal_case = False
        self.person = ("oauth-user", ACCOUNT_A)
        """Whose sessions an exchange gives: the name and the account."""
        self.client_ids = set(CLIENT_IDS.values())
        self.authorizations: list[Authorization] = []
        self.access: dict[str, Token] = {}
        self.refresh: dict[str, Token] = {}
        self.reused: list[int] = []
        """The families whose used refresh token was sent again."""
        self.routes = {
            ("GET", "/oauth2/v1/auth"): self._page,
            ("POST", "/v1/token"): self._token,
            ("POST", "/v1/exchange"): self._exchange,
            ("POST", "/v1/revoke"): self._revoke,
        }
        super().__init__(sts)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a command here."""
        return {"ROLE_ENV_OAUTH_ENDPOINTS": f"https://{self.address}"}

    def expire_access_tokens(self) -> None:
        """Let every access token expire now."""
        with self.lock:
            for token in self.access.values():
                token.ends = 0

    def revoke_everything(self) -> None:
        """Accept no token any more, as after an administrator has ended the sign-in."""
        with self.lock:
            self.access.clear()
            self.refresh.clear()

    def refusal(self, refused: Refused) -> Answer:
        """Return an error as RFC 6749 writes it."""
        return answer_json({"error": refused.code, "error_description": refused.message}, refused.status)

    # -- in the browser --

    def _page(self, request: Request) -> Answer:
        given = request.query
        if given.get("client_id") not in self.client_ids:
            return Answer(400, b"<html>The application is not assigned to you.</html>", "text/html")
        redirect = given.get("redirect_uri", "")
        right = (
            given.get("response_type") == "code"
            and given.get("code_challenge_method") == "S256"
            and len(given.get("code_challenge", "")) == 43
            and len(given.get("state", "")) >= 16
            and _REDIRECT.fullmatch(redirect)
        )
        if not right:
            return Answer(400, b"<html>The request is invalid.</html>", "text/html")
        if self.consent == "deny":
            answer = {"error": "access_denied", "error_description": "The user refused.", "state": given["state"]}
        else:
            family = len(self.authorizations) + 1
            code = self.secret()
            challenge = given["code_challenge"]
            self.authorizations.append(Authorization(code, given["client_id"], redirect, challenge, family))
            answer = {"code": code, "state": given["state"]}
        return self._send_back(f"{redirect}?{urlencode(answer)}")

    def _send_back(self, address: str) -> Answer:
        if self.consent != "button":
            return Answer(302, headers={"Location": address})
        page = (
            f"<html><a id=allow href='{html.escape(address)}'>Allow</a>"
            "<script>document.getElementById('allow').click()</script></html>"
        )
        return Answer(200, page.encode(), "text/html")

    # -- tokens --

    def _token(self, request: Request) -> Answer:
        form = read_form(request)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            family = self._family_of_code(form)
        elif kind == "refresh_token":
            family = self._family_of_refresh(form)
        else:
            raise Refused("unsupported_grant_type", "The grant type is not supported.")
        client_id, now = form["client_id"], time.time()
        access = self.secret(60)
        self.access[access] = Token(family, client_id, now + self.access_seconds)
        seconds: object = str(int(self.access_seconds)) if self.expires_in_as_text else self.access_seconds
        document: Document = {"access_token": access, "token_type": "Bearer", "expires_in": seconds}
        if kind == "authorization_code" or self.rotates:
            refresh = self.secret(60)
            self.refresh[refresh] = Token(family, client_id, now + 30 * 86400)
            document["refresh_token"] = refresh
        return answer_json(document)

    def _family_of_code(self, form: dict[str, str]) -> int:
        self.guard(form.get("code_verifier", ""))
        found = next((one for one in self.authorizations if one.code == form.get("code")), None)
        if found is None or found.used:
            raise Refused("invalid_grant", "The code is invalid or was used.")
        found.used = True
        if (found.client_id, found.redirect_uri) != (form.get("client_id"), form.get("redirect_uri")):
            raise Refused("invalid_grant", "The code is of another client or redirect.")
        if len(form.get("code_verifier", "")) < 43 or pkce_challenge(form["code_verifier"]) != found.challenge:
            raise Refused("invalid_grant", "The code verifier does not match.")
        return found.family

    def _family_of_refresh(self, form: dict[str, str]) -> int:
        token = self.refresh.get(form.get("refresh_token", ""))
        if token is None or token.client_id != form.get("client_id") or token.ends <= time.time():
            raise Refused("invalid_grant", "The refresh token is invalid or has expired.")
        if token.used:
            self.reused.append(token.family)
            raise Refused("invalid_grant", "The refresh token was used.")
        token.used = self.rotates
        return token.family

    def _exchange(self, request: Request) -> Answer:
        token = self.access.get(request.bearer)
        if token is None:
            raise Refused("invalid_token", "The access token is invalid.", status=401)
        if token.ends - time.time() < self.least_left:
            raise Refused("expired_token", "The access token has less than 15 minutes left.")
        if request.body:
            raise Refused("invalid_request", "The body must be empty.")
        session = self.issue_session(*self.person)
        document = session.credentials
        if not self.pascal_case:
            document = {name[0].lower() + name[1:]: value for name, value in document.items()}
        return answer_json({**document, "requestId": secrets.token_hex(8)})

    def _revoke(self, request: Request) -> Answer:
        """Revoke a token. An unknown one is not an error (RFC 7009)."""
        form = read_form(request)
        given = form.get("token", "")
        token = self.refresh.get(given) or self.access.get(given)
        if not given or form.get("client_id") not in self.client_ids:
            raise Refused("invalid_request", "token and client_id are required.")
        if token:
            for tokens in (self.access, self.refresh):
                for text in [text for text, one in tokens.items() if one.family == token.family]:
                    del tokens[text]
        return Answer(200)
