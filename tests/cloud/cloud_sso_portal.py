"""A CloudSSO portal: device authorization with PKCE (RFC 8628, RFC 7636), accounts, and sessions of a local STS.

In a test::

    with CloudSsoPortal(sts) as portal:
        portal.on_poll = "approve"              # or "wait", "deny", "expire"; or portal.approve() at any time
        portal.fault("500", action="/token")    # the next poll fails that way; see faults.FAULTS
        assert len(portal.requests_to("/cloud-credentials")) == 1

It wants the sign-in URL `portal.url`, the CLI's client id, an S256 challenge and its verifier, polls that keep the
interval, and a device code that is used once.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Literal

from cloud.answers import Answer, Document, Refused, answer_json
from cloud.local_sts import LocalSts
from cloud.sign_in_server import Request, SignInServer, pkce_challenge, read_json
from cloud.world import ACCOUNT_B, ACCOUNT_C

CLIENT_ID = "app-vaz16tltdxs96audqf35"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class AccessConfiguration:
    """What a user may do in an account."""

    name: str
    id: str = field(default_factory=lambda: "ac-00" + secrets.token_hex(9))


@dataclass
class Account:
    """A member account, with the access configurations that the user has there."""

    id: str
    name: str
    configurations: list[AccessConfiguration]


@dataclass
class Device:
    """A device authorization that has begun."""

    code: str = field(repr=False)
    user_code: str
    challenge: str = field(repr=False)
    ends: float
    interval: float
    state: Literal["waiting", "approved", "denied", "used"] = "waiting"
    polled: float = 0.0
    polls: int = 0


class CloudSsoPortal(SignInServer):
    """A running portal with one user, who may use the two `accounts`.

    `interval` and `code_seconds` are of a device authorization, `token_seconds` of an access token. `polls_to_wait`
    polls are answered AuthorizationPending before `on_poll` takes effect.
    """

    def __init__(self, sts: LocalSts) -> None:
        self.accounts = [
            Account(ACCOUNT_B, "Production", [AccessConfiguration("Admin"), AccessConfiguration("ReadOnly")]),
            Account(ACCOUNT_C, "Staging", [AccessConfiguration("Admin")]),
        ]
        self.interval: float = 1
        self.code_seconds: float = 600
        self.token_seconds: float = 28800
        self.polls_to_wait = 0
        self.on_poll: Literal["wait", "approve", "deny", "expire"] = "approve"
        self.page_size = 20
        self.devices: list[Device] = []
        self.tokens: dict[str, float] = {}
        """Each access token with its end, in seconds since the epoch; a token that was revoked is refused."""
        self.routes = {
            ("POST", "/device-authorization"): self._authorize,
            ("POST", "/token"): self._token,
            ("GET", "/device"): self._visit,
            ("GET", "/access-assignments/accounts"): self._list_accounts,
            ("GET", "/access-assignments/access-configurations"): self._list_configurations,
            ("POST", "/cloud-credentials"): self._issue,
        }
        super().__init__(sts)

    @property
    def url(self) -> str:
        """The sign-in URL."""
        return f"https://{self.address}/ssodir/login"

    def section(self, name: str = "cloud", account: str = ACCOUNT_B, config: str = "Admin") -> str:
        """Return a section of a profiles file for one of the portal's access configurations."""
        return (
            f"[{name}]\ncloud_sso_sign_in_url = {self.url}\ncloud_sso_account_id = {account}\n"
            f"cloud_sso_access_config = {config}\n"
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variable that allows a command to sign in here, at a host that is not below `.alibabacloudsso.com`."""
        return {"ROLE_ENV_ALLOW_SSO_HOST": "localhost"}

    def add_accounts(self, count: int, configurations: int) -> None:
        """Make the user a member of `count` accounts instead, with so many access configurations each."""
        self.accounts = []
        for number in range(1, count + 1):
            own = [AccessConfiguration(f"Config-{each}") for each in range(1, configurations + 1)]
            self.accounts.append(Account(f"{4000000000000000 + number}", f"Team {number}", own))

    def approve(self) -> None:
        """Let the user approve the newest device authorization."""
        self.devices[-1].state = "approved"

    def revoke_tokens(self) -> None:
        """Revoke every access token that was issued until now."""
        with self.lock:
            self.tokens.clear()

    def refusal(self, refused: Refused) -> Answer:
        """Return an error as CloudSSO writes it."""
        document = {"ErrorCode": refused.code, "ErrorMessage": refused.message, "RequestId": secrets.token_hex(8)}
        return answer_json(document, refused.status)

    # -- the sign-in --

    def _authorize(self, request: Request) -> Answer:
        given = read_json(request, "PortalUrl", "ClientId", "CodeChallenge", "CodeChallengeMethod")
        if given["PortalUrl"] != self.url:
            raise Refused("EntityNotExist.Directory", "The specified directory does not exist.", status=404)
        if given["ClientId"] != CLIENT_ID:
            raise Refused("InvalidClient", "The client is not registered.")
        if given["CodeChallengeMethod"] != "S256" or len(given["CodeChallenge"]) != 43:
            raise Refused("InvalidParameter.CodeChallenge", "An S256 challenge is required.")
        letters = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
        user_code, ends = f"{letters[:4]}-{letters[4:]}", time.time() + self.code_seconds
        device = Device(self.secret(), user_code, given["CodeChallenge"], ends, self.interval)
        self.devices.append(device)
        page = f"https://{self.address}/device"
        return answer_json(
            {
                "DeviceCode": device.code,
                "UserCode": device.user_code,
                "VerificationUri": page,
                "VerificationUriComplete": f"{page}?user_code={device.user_code}",
                "Interval": self.interval,
                "ExpiresIn": self.code_seconds,
                "RequestId": secrets.token_hex(8),
            }
        )

    def _visit(self, request: Request) -> Answer:
        """Approve, as a person who opens the page in the browser does."""
        code = request.query.get("user_code")
        device = next((one for one in self.devices if one.user_code == code), None)
        if device is None:
            raise Refused("InvalidUserCode", "No such code.", status=404)
        device.state = "approved"
        return Answer(200, b"<html>You have signed in.</html>", "text/html")

    def _token(self, request: Request) -> Answer:
        given = read_json(request, "ClientId", "DeviceCode", "CodeVerifier", "GrantType")
        self.guard(given["CodeVerifier"])
        device = next((one for one in self.devices if one.code == given["DeviceCode"]), None)
        if device is None or given["ClientId"] != CLIENT_ID or given["GrantType"] != GRANT_TYPE:
            raise Refused("InvalidDeviceCodeError", "The device code is invalid.")
        if pkce_challenge(given["CodeVerifier"]) != device.challenge or len(given["CodeVerifier"]) < 43:
            raise Refused("InvalidCodeVerifier", "The code verifier does not match the challenge.")
        now, since = time.time(), time.time() - device.polled
        device.polled = now
        if device.polls and since < device.interval - 0.2:
            device.interval += 5
            raise Refused("slow_down", "Polling too fast.")
        device.polls += 1
        self._check_state(device, now)
        device.state = "used"
        token = self.secret(120)
        self.tokens[token] = now + self.token_seconds
        return answer_json({"AccessToken": token, "TokenType": "Bearer", "ExpiresIn": self.token_seconds})

    def _check_state(self, device: Device, now: float) -> None:
        """Raise Refused unless the person has approved and nobody has used the code."""
        if device.state == "waiting" and device.polls > self.polls_to_wait:
            states: dict[str, Literal["approved", "denied", "used"]]
            states = {"approve": "approved", "deny": "denied", "expire": "used"}
            device.state = states.get(self.on_poll, device.state)
        if device.state == "used" or now >= device.ends:
            raise Refused("InvalidDeviceCodeError", "The device code is invalid or has expired.")
        if device.state == "waiting":
            raise Refused("AuthorizationPending", "The user has not signed in yet.")
        if device.state == "denied":
            raise Refused("AccessDenied", "The user refused the request.", status=403)

    # -- with a token --

    def _check_token(self, request: Request) -> None:
        if self.tokens.get(request.bearer, 0) <= time.time():
            raise Refused("InvalidAccessToken", "The access token is invalid or has expired.", status=401)

    def _page(self, request: Request, key: str, rows: list[Document]) -> Answer:
        start = int(request.query.get("NextToken", "0"))
        size = min(int(request.query.get("MaxResults", "10")), self.page_size)
        more = start + size < len(rows)
        document: Document = {key: rows[start : start + size], "IsTruncated": more, "TotalCounts": len(rows)}
        return answer_json({**document, "NextToken": str(start + size) if more else ""})

    def _list_accounts(self, request: Request) -> Answer:
        self._check_token(request)
        rows: list[Document] = [{"AccountId": one.id, "DisplayName": one.name} for one in self.accounts]
        return self._page(request, "Accounts", rows)

    def _list_configurations(self, request: Request) -> Answer:
        self._check_token(request)
        account = self._account(request.query.get("AccountId", ""))
        rows: list[Document] = [
            {
                "AccessConfigurationId": one.id,
                "AccessConfigurationName": one.name,
                "AccessConfigurationDescription": "",
            }
            for one in account.configurations
        ]
        return self._page(request, "AccessConfigurationsForAccount", rows)

    def _account(self, account_id: str) -> Account:
        for account in self.accounts:
            if account.id == account_id:
                return account
        raise Refused("NoPermission.Account", "You have no access to the account.", status=403)

    def _issue(self, request: Request) -> Answer:
        self._check_token(request)
        given = read_json(request, "AccountId", "AccessConfigurationId")
        account = self._account(given["AccountId"])
        chosen = next((one for one in account.configurations if one.id == given["AccessConfigurationId"]), None)
        if chosen is None:
            raise Refused("EntityNotExist.AccessConfiguration", "The access configuration does not exist.", status=404)
        session = self.issue_session(f"AliyunReservedSSO-{chosen.name}", account.id)
        return answer_json({"CloudCredential": session.credentials, "RequestId": secrets.token_hex(8)})
