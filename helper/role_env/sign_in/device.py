"""Sign in to CloudSSO: a person opens a page, on any machine, and role-env polls until they have signed in."""

import time

from role_env.context import Context
from role_env.errors import UnreachableError
from role_env.issuers.issuer import SignInError, Verifier
from role_env.issuers.portal import PENDING, SIGN_IN_AGAIN, Device, Portal
from role_env.keyrings.sign_ins import SignIn
from role_env.sign_in import browser
from role_env.ui.table import clock

# So many polls in a row may fail.
_MOST_FAULTS = 6


def sign_in(url: str, context: Context, *, browse: bool) -> SignIn:
    """Return a new sign-in at the portal of `url` once a person has approved it. Nothing is stored.

    ROLE_ENV_TIMEOUT limits each exchange with the portal; the sign-in ends when the code expires. Raises SignInError if
    the person refuses or the code expires, UnreachableError.
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
    end, interval, faults = time.monotonic() + device.life, device.interval, 0
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(interval, left))
        polled = time.time()
        try:
            token, seconds = Portal(url, context.restarted()).poll_token(device, verifier)
            return token, polled + seconds
        except SignInError as refusal:
            if refusal.code not in PENDING:
                raise
            interval, faults = interval + PENDING[refusal.code], 0
        except UnreachableError as error:
            faults += 1
            if faults == _MOST_FAULTS:
                raise
            context.messages.decided(f"{error.message}; next attempt in {interval:.0f} s")
    raise SignInError(f"the code {device.user_code} has expired", hint=SIGN_IN_AGAIN)
