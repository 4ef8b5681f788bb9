"""A session of an OAuth sign-in: one refresh for all processes, whose new token is stored before anything else."""

import contextlib
import time

from role_env import locks
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.deadline import TimedOut, within
from role_env.errors import KeyringError, ProfileError, UnreachableError
from role_env.keyrings import sign_ins
from role_env.keyrings.sign_ins import SignIn
from role_env.sources.issuer import SHORTEST_TOKEN_SECONDS, TokenEnded
from role_env.sources.oauth_client import exchange, refresh

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.sources.oauth import OAuth

# How long a refresh that has begun may take to end when it is interrupted, and a keyring to store it (seconds).
_GRACE_SECONDS, _STORE_SECONDS = 3.0, 120.0


def fetch(source: "OAuth", context: Context) -> Credentials:
    """Return a session for the access token of the sign-in, which is refreshed if it has expired.

    Raises ProfileError, SignInError, UnreachableError, KeyringError.
    """
    found = source.require_sign_in(context)
    if found.access_expiration - time.time() > SHORTEST_TOKEN_SECONDS:
        with contextlib.suppress(TokenEnded):  # it can be revoked, or expire, before its time
            return exchange(found.host, found.access_token, context)
    try:
        renewed = _refreshed(source, found, context)
        return exchange(renewed.host, renewed.access_token, context)
    except TokenEnded as error:
        raise ProfileError(f"its sign-in has ended: {error.message}", hint=source.hint) from None


def _refreshed(source: "OAuth", stale: SignIn, context: Context) -> SignIn:
    """Return the sign-in with another access token than that of `stale`: from this process, or from another one."""
    waiting = context.messages.waiting_for("another role-env, which refreshes the same sign-in")
    seconds = context.deadline.remaining() / 2
    with locks.held(source.sign_in_entry.name, context.environ, seconds=seconds, waiting=waiting) as busy:
        found = source.require_sign_in(context)
        if found.access_token != stale.access_token:
            context.messages.decided(f"{source.profile}: another process has just refreshed the sign-in")
            return found
        if busy:
            raise UnreachableError("another process is still refreshing the sign-in", hint="try again")
        if not found.refresh_token:
            raise ProfileError("its sign-in has expired", hint=source.hint)
        context.messages.decided(f"{source.profile}: the access token is refreshed at {source.site.tokens}")
        try:  # an interruption between the answer and its storing would lose the new refresh token
            most = context.deadline.remaining() + _STORE_SECONDS
            return within(most, lambda: _refresh_and_store(source, found, context), grace=_GRACE_SECONDS)
        except TimedOut:
            raise UnreachableError("the sign-in was not refreshed in time", hint="try again") from None


def _refresh_and_store(source: "OAuth", found: SignIn, context: Context) -> SignIn:
    sign_ins.check_storable(source.sign_in_entry, context)  # before the server takes the old token for the last time
    renewed = refresh(source.site, found, context)
    try:
        stored = sign_ins.load(source.sign_in_entry, context)
        if stored is None or stored.id != found.id:  # without the lock, if this process was stopped for long
            raise UnreachableError("the sign-in was replaced or removed while it was refreshed", hint="try again")
        sign_ins.store(source.sign_in_entry, renewed, context)
    except KeyringError as error:
        what = f"profile {source.profile}: its refreshed sign-in could not be stored: {error.message}"
        raise KeyringError(what, hint=f"when the keyring can be used again: role-env login {source.profile}") from None
    return renewed
