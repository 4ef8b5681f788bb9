"""A client of a CloudSSO portal.

Protocol: device authorization (RFC 8628) with PKCE (RFC 7636), and the access portal's own calls, as in the `aliyun`
CLI 3.4. One token is valid for every account and access configuration of its user.
"""

import re
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from role_env import validators
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.dataclass import dataclass
from role_env.errors import ProfileError, printable
from role_env.http.client import MOST_ROWS
from role_env.issuers.hosts import host_of
from role_env.issuers.issuer import Issuer, SignInError, Verifier, noticing_end

_CLIENT_ID, _CLIENT_VARIABLE = "app-vaz16tltdxs96audqf35", "ALIBABA_CLOUD_SSO_CLIENT_ID"
_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
# The polling interval of RFC 8628 if the server sends none, and the shortest one that is used (seconds).
_USUAL_INTERVAL, _SHORTEST_INTERVAL = 5.0, 1.0
_USUAL_LIFE = 600.0
_MOST_PAGES = 1000
SIGN_IN_AGAIN = "sign in again, and enter the code in time"
# The codes of both RFC 8628 and CloudSSO, compared without case, - and _.
PENDING = {"authorizationpending": 0.0, "slowdown": 5.0}
"""The codes before the person has signed in, each with the seconds that it adds to the polling interval."""
_EXPIRED = ("invaliddevicecodeerror", "invaliddevicecode", "expiredtoken", "expireddevicecode", "devicecodeexpired")
_DENIED = ("accessdenied", "authorizationdenied", "userdenied")
# A shorter word that begins like an ID is a name.
_CONFIGURATION_ID = re.compile(r"ac-[0-9a-z]{20,}")
_TOKEN_FAULT = re.compile(r"(invalid|expired|malformed).*token|token.*(invalid|expired|notfound)|unauthenticated")


@dataclass(frozen=True)
class Device:
    """A device authorization: the page that asks for `user_code`, and how often and how long to poll (seconds)."""

    code: str
    user_code: str
    address: str
    interval: float
    life: float


@dataclass(frozen=True)
class Listed:
    """An account that the user may use or, in an account, an access configuration; with the name that is shown."""

    id: str
    name: str


class Portal(Issuer):
    """The portal of the sign-in URL `url`, which check_url has accepted. The context's deadline limits the calls."""

    def __init__(self, url: str, context: Context) -> None:
        super().__init__(host_of(url), context)
        self.url = url
        self._client_id = context.environ.get(_CLIENT_VARIABLE) or _CLIENT_ID

    def authorize_device(self, verifier: Verifier) -> Device:
        """Begin a sign-in. Raises SignInError, UnreachableError."""
        document = {
            "PortalUrl": self.url,
            "ClientId": self._client_id,
            "CodeChallenge": verifier.challenge,
            "CodeChallengeMethod": "S256",
        }
        answer = self.send("POST", "/device-authorization", document=document)
        names = ("VerificationUriComplete", "VerificationUri")
        address = self.read_token(answer, next((name for name in names if answer.get(name)), names[0]))
        if not address.startswith("https://"):
            raise self.invalid("its page is not https")
        interval = self.read_seconds(answer, "Interval", default=_USUAL_INTERVAL)
        return Device(
            self.read_token(answer, "DeviceCode"),
            self.read_token(answer, "UserCode"),
            address,
            max(interval, _SHORTEST_INTERVAL),
            self.read_seconds(answer, "ExpiresIn", default=_USUAL_LIFE),
        )

    def poll_token(self, device: Device, verifier: Verifier) -> tuple[str, float]:
        """Return the access token and its life in seconds, once the person has signed in; ask only once.

        Raises SignInError, with a code of PENDING before that, and UnreachableError.
        """
        document = {
            "ClientId": self._client_id,
            "DeviceCode": device.code,
            "CodeVerifier": verifier.text,
            "GrantType": _GRANT_TYPE,
        }
        secrets = (device.code, verifier.text)
        try:
            answer = self.send("POST", "/token", document=document, secrets=secrets, tries=1)
        except SignInError as refusal:
            refusal.code = _folded(refusal.code)
            if refusal.code in _EXPIRED:
                refusal.message, refusal.hint = f"the code has expired, or was used: {refusal.said}", SIGN_IN_AGAIN
            elif refusal.code in _DENIED:
                refusal.message = f"the sign-in was refused at {self.endpoint}: {refusal.said}"
            raise
        seconds = self.read_seconds(answer, "ExpiresIn", default=0)
        if seconds <= 0:
            raise self.invalid("ExpiresIn is missing")
        return self.read_token(answer, "AccessToken"), seconds

    def list_accounts(self, token: str) -> list[Listed]:
        """Return the accounts of the user. Raises TokenEnded, SignInError, UnreachableError."""
        rows = self._rows("/access-assignments/accounts", "Accounts", {}, token)
        return [self._listed(row, "AccountId", "DisplayName", validators.account_id) for row in rows]

    def list_configurations(self, token: str, account_id: str) -> list[Listed]:
        """Return the user's access configurations in an account. Raises as `list_accounts`."""
        path, key = "/access-assignments/access-configurations", "AccessConfigurationsForAccount"
        rows, check = self._rows(path, key, {"AccountId": account_id}, token), validators.access_configuration
        return [self._listed(row, "AccessConfigurationId", "AccessConfigurationName", check) for row in rows]

    def issue_session(self, token: str, account_id: str, configuration: str) -> Credentials:
        """Return a session of the access configuration that is given by its ID or name.

        Raises TokenEnded, SignInError, UnreachableError, and ProfileError for a name that the user does not have.
        """
        if not _CONFIGURATION_ID.fullmatch(configuration):
            configuration = self._find_configuration(token, account_id, configuration)
        document = {"AccountId": account_id, "AccessConfigurationId": configuration}
        issued = time.time()
        answer = self._ask("POST", "/cloud-credentials", token, document)
        session = answer.get("CloudCredential")
        if not isinstance(session, dict):
            raise self.invalid("CloudCredential is missing")
        return self.read_session(session, issued=issued)

    def _find_configuration(self, token: str, account_id: str, name: str) -> str:
        known = self.list_configurations(token, account_id)
        found = next((each.id for each in known if name in (each.name, each.id)), "")
        if found:
            return found
        nearest = validators.nearest(name, [each.name for each in known])
        listed = ", ".join(each.name for each in known[:20]) or "(none)"
        raise ProfileError(
            f"you have no access configuration {name} in account {account_id}",
            hint=f"did you mean {nearest}?" if nearest else f"cloud_sso_access_config can be {listed}",
        )

    def _rows(self, path: str, key: str, query: Mapping[str, str], token: str) -> Iterator[dict[str, Any]]:
        more: object = ""
        for _ in range(_MOST_PAGES):
            given = {**query, "MaxResults": str(MOST_ROWS), **({"NextToken": more} if more else {})}
            page = self._ask("GET", f"{path}?{urllib.parse.urlencode(given)}", token)
            rows, more = page.get(key), page.get("NextToken")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise self.invalid(f"{key} is missing")
            yield from rows
            if not page.get("IsTruncated") or not more:
                return
            if not isinstance(more, str):
                raise self.invalid("NextToken is not text")
        raise self.invalid("its pages have no end")

    def _ask(self, method: str, path: str, token: str, document: Mapping[str, str] | None = None) -> dict[str, Any]:
        with noticing_end(lambda code: _TOKEN_FAULT.search(_folded(code))):
            return self.send(method, path, document=document, token=token)

    def _listed(self, row: Mapping[str, Any], id_name: str, name: str, check: "validators.Check") -> Listed:
        """Return what a row lists. `check` validates the ID, which becomes the value of a profile key."""
        try:
            found = check(str(row.get(id_name)))
        except ValueError:
            raise self.invalid(f"{id_name} is missing or invalid") from None
        return Listed(found, printable(str(row.get(name) or ""))[:200])


def _folded(code: str) -> str:
    return code.lower().replace("_", "").replace("-", "")
