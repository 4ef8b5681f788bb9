"""OAuth: the user's own session, obtained with the tokens of a sign-in in the browser.

Protocol: authorization code (RFC 6749) with PKCE (RFC 7636), refresh tokens that are used once, and Alibaba Cloud's
exchange of an access token for a session, as the `aliyun` CLI 3.4 makes them.
"""

import re
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

from role_env import locks
from role_env.context import Context
from role_env.credentials import AccessKey, Credentials
from role_env.deadline import TimedOut, within
from role_env.errors import ProfileError, UnreachableError
from role_env.keyrings import sign_ins
from role_env.keyrings.entry import Entry
from role_env.keyrings.sign_ins import SignIn
from role_env.sources.issuer import (
    SHORTEST_TOKEN_SECONDS,
    Body,
    Issuer,
    SignInError,
    Verifier,
    read_seconds,
    read_session,
    read_token,
)
from role_env.sources.signed_in import SignedInSource

ENDPOINTS = "ROLE_ENV_OAUTH_ENDPOINTS"
CALLBACK_PATH = "/cli/callback"
PORTS = range(12345, 12350)
_HOST = re.compile(r"https://((?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}(?::[0-9]{1,5})?)/?")
# What the server says when a sign-in has ended for good; expired_token is the exchange's.
_ENDED = ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_token", "expired_token")
# How long a refresh token lasts by default, where its server does not say (seconds).
_REFRESH_SECONDS = 30 * 86400
# How long a refresh that has begun may take to end when it is interrupted, and a keyring to store it (seconds).
_GRACE_SECONDS, _STORE_SECONDS = 3.0, 120.0


class Site(NamedTuple):
    """One of the two sites: where a browser signs in, where tokens are issued, and the official CLI's client ID."""

    signin: str
    tokens: str
    client_id: str


SITES = {
    "CN": Site("signin.aliyun.com", "oauth.aliyun.com", "4038181954557748008"),
    "INTL": Site("signin.alibabacloud.com", "oauth.alibabacloud.com", "4103531455503354461"),
}


def find_site(kind: str, client_id: str, endpoints: str) -> Site:
    """Return the site `kind` with the client `client_id`, or the official CLI's where that is empty.

    `endpoints`, of the variable ENDPOINTS, replaces both hosts. Raises ProfileError if it is not https://host[:port].
    """
    site = SITES[kind]
    if endpoints:
        parts = _HOST.fullmatch(endpoints)
        if not parts:
            message = f"the variable {ENDPOINTS} must be https://host or https://host:port"
            raise ProfileError(message, hint="correct the variable, or unset it")
        site = site._replace(signin=parts[1].lower(), tokens=parts[1].lower())
    return site._replace(client_id=client_id or site.client_id)


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
    secrets = (code, verifier.text)
    body = _form(
        secrets,
        grant_type="authorization_code",
        code=code,
        client_id=site.client_id,
        redirect_uri=redirect,
        code_verifier=verifier.text,
    )
    return _request_tokens(site, body, None, context)


def refresh(site: Site, sign_in: SignIn, context: Context) -> SignIn:
    """Return the same sign-in with new tokens, to be stored before anything else: the old ones may be used up.

    Raises SignInError, UnreachableError.
    """
    token = sign_in.refresh_token
    body = _form((token,), grant_type="refresh_token", refresh_token=token, client_id=site.client_id)
    return _request_tokens(site, body, sign_in, context)


def exchange(host: str, access_token: str, context: Context) -> Credentials:
    """Return a session for an access token that `host` has issued. Raises SignInError, UnreachableError."""
    issuer, issued = Issuer(host, context), time.time()
    answer = issuer.request("POST", "/v1/exchange", token=access_token)
    return read_session(answer, issuer, issued=issued)


def revoke(sign_in: SignIn, context: Context) -> None:
    """Let the server forget a sign-in (RFC 7009). Raises SignInError, UnreachableError."""
    token = sign_in.refresh_token or sign_in.access_token
    kind = "refresh_token" if sign_in.refresh_token else "access_token"
    body = _form((token,), token=token, token_type_hint=kind, client_id=sign_in.client_id)
    Issuer(sign_in.host, context).request("POST", "/v1/revoke", body=body)


def has_ended(error: SignInError) -> bool:
    """Return whether a refusal means that the server no longer takes the token."""
    return error.code in _ENDED or error.status == 401


def _request_tokens(site: Site, body: Body, before: SignIn | None, context: Context) -> SignIn:
    """Return the new tokens. They continue the sign-in `before`, whose refresh token stays where no new one came."""
    issuer, issued = Issuer(site.tokens, context), time.time()
    answer = issuer.request("POST", "/v1/token", body=body)
    life = read_seconds(answer, "expires_in", issuer, default=SHORTEST_TOKEN_SECONDS)
    old_token, old_end = (before.refresh_token, before.expiration) if before else ("", issued + life)
    renewed = bool(answer.get("refresh_token"))
    return SignIn(
        site.tokens,
        read_token(answer, "access_token", issuer),
        refresh_token=read_token(answer, "refresh_token", issuer) if renewed else old_token,
        access_expiration=issued + life,
        expiration=issued + _REFRESH_SECONDS if renewed else old_end,
        client_id=site.client_id,
        issued=issued,
        id=before.id if before else "",
    )


def _form(secrets: tuple[str, ...], **fields: str) -> Body:
    return Body("application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode(), secrets)


@dataclass(frozen=True)
class OAuth(SignedInSource):
    """The user's own session by an OAuth sign-in, after `role-env login`."""

    path: Path
    site: Site
    kind: ClassVar[str] = "oauth"
    waits_for: ClassVar[str] = "the OAuth sign-in"

    @property
    def entry(self) -> Entry:
        """The keyring's entry of the sign-in, which belongs to this profile of its file."""
        return sign_ins.profile_entry(self.path, self.profile)

    @property
    def issuer_host(self) -> str:
        """The host that issues tokens."""
        return self.site.tokens

    def identity(self, context: Context) -> list[str]:
        """Return the server, the client and the ID of the sign-in."""
        return [self.site.tokens, self.site.client_id, self.sign_in_id(context)]

    def _fetch(self, context: Context) -> AccessKey:
        found = self.require_sign_in(context)
        if _is_exchangeable(found):
            try:
                return exchange(found.host, found.access_token, context)
            except SignInError as error:  # it can be revoked, or expire, before its time
                if not has_ended(error):
                    raise
        renewed = self._refreshed(found, context)
        try:
            return exchange(renewed.host, renewed.access_token, context)
        except SignInError as error:
            raise (self._ended(error) if has_ended(error) else error) from None

    def require_sign_in(self, context: Context) -> SignIn:
        """Return the sign-in, which is of the profile's client. Raises ProfileError, KeyringError."""
        found = super().require_sign_in(context)
        if found.client_id != self.site.client_id:
            raise ProfileError(f"its sign-in is of the client {found.client_id}", hint=self.hint)
        return found

    def _refreshed(self, stale: SignIn, context: Context) -> SignIn:
        """Return the sign-in with another access token than that of `stale`: from this process, or from another one."""
        waiting = context.messages.waiting_for("another role-env, which refreshes the same sign-in")
        seconds = context.deadline.remaining() / 2
        with locks.held(self.entry.name, context.environ, seconds=seconds, waiting=waiting) as busy:
            found = self.require_sign_in(context)
            if found.access_token != stale.access_token:
                context.messages.decided(f"{self.profile}: another process has just refreshed the sign-in")
                return found
            if busy:
                raise UnreachableError("another process is still refreshing the sign-in", hint="try again")
            if not found.refresh_token:
                raise ProfileError("its sign-in has expired", hint=self.hint)
            context.messages.decided(f"{self.profile}: the access token is refreshed at {self.site.tokens}")
            try:  # an interruption between the answer and its storing would lose the new refresh token
                most = context.deadline.remaining() + _STORE_SECONDS
                return within(most, lambda: self._refresh_and_store(found, context), grace=_GRACE_SECONDS)
            except TimedOut:
                raise UnreachableError("the sign-in was not refreshed in time", hint="try again") from None

    def _refresh_and_store(self, found: SignIn, context: Context) -> SignIn:
        try:
            renewed = refresh(self.site, found, context)
        except SignInError as error:
            raise (self._ended(error) if has_ended(error) else error) from None
        sign_ins.store(self.entry, renewed, context)
        return renewed

    def _ended(self, error: SignInError) -> ProfileError:
        return ProfileError(f"its sign-in has ended: {error.message}", hint=self.hint)


def _is_exchangeable(sign_in: SignIn) -> bool:
    """Whether the access token has enough left for an exchange."""
    return sign_in.access_expiration - time.time() > SHORTEST_TOKEN_SECONDS
