"""Sign in and out: a person signs in, the tokens go to the keyring, and sessions of an earlier sign-in are dropped."""

import contextlib
import time
from collections.abc import Callable

from role_env.context import Context
from role_env.deadline import Deadline
from role_env.errors import KeyringError, RefusedError, RoleEnvError, UnreachableError
from role_env.issuers import oauth
from role_env.issuers.issuer import SignInError, Verifier
from role_env.issuers.portal import PENDING, SIGN_IN_AGAIN, Device, Portal
from role_env.keyrings import access_keys
from role_env.keyrings.sign_ins import SignIn, StoredSignIn
from role_env.keyrings.vault import NoKeyring
from role_env.profiles.profile import Profile
from role_env.sessions.store import Cache
from role_env.sign_in import browser, callback
from role_env.sources.cloud_sso import CloudSso
from role_env.sources.oauth import OAuth
from role_env.sources.signed_in import SignedInSource
from role_env.sts import client as sts
from role_env.ui.table import clock


def sign_in(source: SignedInSource, context: Context, *, browse: bool) -> SignIn:
    """Sign a person in, and return the new tokens without storing them.

    ROLE_ENV_TIMEOUT limits each exchange. Raises KeyringError before any request if tokens cannot be stored,
    SignInError, UnreachableError, UsageError.
    """
    with source.sign_in.hold_lock(context, "changes"):
        source.sign_in.check_storable(context)
    if isinstance(source, CloudSso):
        return _sign_in_at_portal(source.url, context.restarted(), browse=browse)
    if isinstance(source, OAuth):
        return callback.sign_in(source.site, context, browse=browse)
    raise TypeError(type(source).__name__)


def _sign_in_at_portal(url: str, context: Context, *, browse: bool) -> SignIn:
    """Return a new sign-in at the portal of `url` once a person has approved it. Nothing is stored.

    ROLE_ENV_TIMEOUT limits each exchange with the portal, and the time in which all of them fail; the sign-in ends when
    the code expires. Raises SignInError if the person refuses or the code expires, UnreachableError.
    """
    verifier, portal = Verifier(), Portal(url, context)
    device = portal.authorize_device(verifier)
    context.messages.say(f"open {device.address} and sign in; the page must show the code {device.user_code}")
    if browse and browser.has_browser(context.environ):
        browser.open_in_background(device.address, context.environ)
    with context.messages.waiting_for(f"the sign-in, until {clock(int(time.time() + device.life))}"):
        token, end = _await_token(url, device, verifier, context)
    return SignIn(portal.endpoint, token, access_expiration=end, expiration=end)


def _await_token(url: str, device: Device, verifier: Verifier, context: Context) -> tuple[str, float]:
    """Poll at the portal's interval, even after a fault. Return the token and its expiration in epoch seconds."""
    end, interval = time.monotonic() + device.life, device.interval
    patience: Deadline | None = None
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(interval, left))
        polled = time.time()
        try:
            token, seconds = Portal(url, context.restarted()).poll_token(device, verifier)
            return token, polled + seconds
        except SignInError as refusal:
            if refusal.code not in PENDING:
                raise
            interval, patience = interval + PENDING[refusal.code], None
        except UnreachableError as error:
            patience = patience or context.restarted().deadline
            if patience.remaining() <= 0:
                raise
            context.messages.decided(f"{error.message}; next attempt in {interval:.0f} s")
    raise SignInError(f"the code {device.user_code} has expired", hint=SIGN_IN_AGAIN)


def identify(made: SignIn, profile: Profile, context: Context) -> str:
    """Return the ARN of the person whose OAuth tokens `made` are, and record it in `made`.

    Later sessions are compared with it, since the browser may have been signed in as somebody else. It is empty for a
    sign-in at CloudSSO, whose sessions are for the account that `profile` names. Raises RefusedError, once the tokens
    are revoked, if `expected_account_id` is another account than the person's, and RefusedError, ProfileError or
    UnreachableError if the person's identity cannot be found.
    """
    if not isinstance(profile.source, OAuth):
        return ""
    context = context.restarted()
    try:
        session = oauth.exchange(made.host, made.access_token, context)
        identity = sts.caller_identity(session, endpoint=profile.endpoint, context=context)
    except RoleEnvError as error:
        _revoke(made, context, "the new tokens could not be revoked")
        error.message = f"profile {profile.name}: who has signed in is unknown: {error.message}"
        error.hint = "; ".join(filter(None, ("nothing was stored", error.hint)))
        raise
    arn, account, expected = identity["Arn"], identity["AccountId"], profile.expected_account_id
    made.identity = str(arn)
    if profile.role_arn or expected in ("", account):  # with a role, the expected account is the role's
        return str(arn)
    _revoke(made, context, "the new tokens could not be revoked")
    raise RefusedError(
        f"profile {profile.name}: {arn} has signed in, of account {account}, not of {expected} ({profile.where})",
        hint=f"nothing was stored; sign in with a user of {expected}, or correct expected_account_id",
    )


def store(source: SignedInSource, made: SignIn, context: Context) -> None:
    """Store a new sign-in, drop the former's sessions, and revoke that or warn. Raises KeyringError."""
    context = context.restarted()  # the time that the person took does not count
    with source.sign_in.hold_lock(context, "changes"):
        try:
            before = None
            with contextlib.suppress(NoKeyring):  # the kernel keyring may store the new one
                before = source.sign_in.load(context)
            # First, so that no session of the earlier sign-in is used unchecked, even after a failure below.
            access_keys.touch(context.environ)
            source.sign_in.store(made, context)
            access_keys.touch(context.environ)
        except KeyringError as error:
            message = f"the new sign-in at {source.issuer_host} could not be stored: {error.message}"
            raise KeyringError(message, hint="run it again when the keyring can be used") from None
        if before:
            drop_sessions(before, context)
    if before and isinstance(source, OAuth) and before.refresh_token != made.refresh_token:
        _revoke(before, context, "the former sign-in could not be revoked")


def sign_out(source: SignedInSource, context: Context) -> tuple[SignIn | None, int]:
    """Delete the sign-in of `source` and its cached sessions. Return it, or None, and the number of those sessions.

    An OAuth sign-in is revoked first; a failure to revoke is a warning. Raises KeyringError.
    """
    return _delete(source.sign_in, source.load_sign_in, context)


def forget(stored: StoredSignIn, context: Context) -> None:
    """Delete a sign-in as `sign_out` does, for a profile that is gone."""
    _delete(stored, stored.load, context)


def _delete(
    stored: StoredSignIn, load: Callable[[Context], SignIn | None], context: Context
) -> tuple[SignIn | None, int]:
    with stored.hold_lock(context, "changes"):
        found = load(context)
        if found and found.refresh_token:  # of OAuth: a portal's token cannot be revoked
            _revoke(found, context, "the sign-in could not be revoked, and is deleted anyway")
        access_keys.touch(context.environ)
        stored.delete(context.restarted())
        access_keys.touch(context.environ)
        return found, drop_sessions(found, context) if found else 0


def _revoke(found: SignIn, context: Context, failure: str) -> None:
    try:
        oauth.revoke(found, context.restarted())
    except RoleEnvError as error:
        context.messages.say(f"{failure}: {error.message}")


def drop_sessions(sign_in: SignIn, context: Context) -> int:
    """Delete a sign-in's cached sessions from every place. Return how many there were."""
    cache = Cache(context, everywhere=True)
    made = [entry for entry in cache.entries() if (cached := cache.load(entry)) and cached.sign_in_id == sign_in.id]
    for entry in made:
        cache.delete(entry)
    return len(made)
