"""A client of Alibaba Cloud's OAuth server.

Protocol: authorization code (RFC 6749) with PKCE (RFC 7636), refresh tokens that work once, and Alibaba Cloud's
exchange of an access token for a session, as in the `aliyun` CLI 3.4.
"""

import time
import urllib.parse

from role_env.context import Context
from role_env.credentials import Credentials
from role_env.issuers.hosts import Site
from role_env.issuers.issuer import SHORTEST_TOKEN_SECONDS, Issuer, Verifier, noticing_end
from role_env.keyrings.sign_ins import SignIn

CALLBACK_PATH = "/cli/callback"
PORTS = range(12345, 12350)
# The server's codes for a sign-in that has ended permanently; expired_token comes from the exchange.
_ENDED = ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_token", "expired_token")
# The lifetime of a refresh token if the server sends none (seconds).
_REFRESH_SECONDS = 30 * 86400


def authorization_address(site: Site, redirect: str, state: str, verifier: Verifier) -> str:
    """Return the address at which a person signs in; it contains no secret."""
    query = {
        "response_type": "code",
        "client_id": site.client_id,
        "redirect_uri": redirect,
        "state": state,
        "code_challenge": verifier.challenge,
        "code_challenge_method": "S256",
    }
    return f"https://{site.signin}/oauth2/v1/auth?{urllib.parse.urlencode(query)}"


def redeem_code(site: Site, code: str, redirect: str, verifier: Verifier, context: Context) -> SignIn:
    """Return a new sign-in for the code of a callback. Raises SignInError, UnreachableError."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": site.client_id,
        "redirect_uri": redirect,
        "code_verifier": verifier.text,
    }
    return _request_tokens(site, form, (code, verifier.text), context)


def refresh(site: Site, sign_in: SignIn, context: Context) -> SignIn:
    """Return the same sign-in with new tokens. Store them before anything else: the old ones may be invalid already.

    Raises TokenEnded, SignInError, UnreachableError.
    """
    token = sign_in.refresh_token
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": site.client_id}
    with noticing_end(_ENDED.__contains__):
        return _request_tokens(site, form, (token,), context, before=sign_in)


def exchange(host: str, access_token: str, context: Context) -> Credentials:
    """Return a session for an access token that `host` issued. Raises TokenEnded, SignInError, UnreachableError."""
    issuer, issued = Issuer(host, context), time.time()
    with noticing_end(_ENDED.__contains__):
        answer = issuer.send("POST", "/v1/exchange", token=access_token)
    return issuer.read_session(answer, issued=issued)


def revoke(sign_in: SignIn, context: Context) -> None:
    """Revoke a sign-in at the server (RFC 7009). Raises SignInError, UnreachableError."""
    token = sign_in.refresh_token or sign_in.access_token
    kind = "refresh_token" if sign_in.refresh_token else "access_token"
    form = {"token": token, "token_type_hint": kind, "client_id": sign_in.client_id}
    Issuer(sign_in.host, context).send("POST", "/v1/revoke", form=form, secrets=(token,))


def _request_tokens(
    site: Site, form: dict[str, str], secrets: tuple[str, ...], context: Context, *, before: SignIn | None = None
) -> SignIn:
    """Return the new tokens. They continue the sign-in `before` and keep its refresh token if the server sends none."""
    issuer, issued = Issuer(site.tokens, context), time.time()
    answer = issuer.send("POST", "/v1/token", form=form, secrets=secrets)
    life = issuer.read_seconds(answer, "expires_in", default=SHORTEST_TOKEN_SECONDS)
    old_token, old_end = (before.refresh_token, before.expiration) if before else ("", issued + life)
    renewed = bool(answer.get("refresh_token"))
    return SignIn(
        site.tokens,
        issuer.read_token(answer, "access_token"),
        refresh_token=issuer.read_token(answer, "refresh_token") if renewed else old_token,
        access_expiration=issued + life,
        expiration=issued + _REFRESH_SECONDS if renewed else old_end,
        client_id=site.client_id,
        identity=before.identity if before else "",
        issued=issued,
        id=before.id if before else "",
    )
