"""The hosts that a sign-in may send codes and tokens to, always over https."""

import functools
import re

from role_env.dataclass import dataclass
from role_env.errors import ProfileError

DOMAIN = ".alibabacloudsso.com"
ALLOWED_HOST = "ROLE_ENV_ALLOW_SSO_HOST"
ENDPOINTS = "ROLE_ENV_OAUTH_ENDPOINTS"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_URL = rf"https://({_LABEL}(?:\.{_LABEL})*)(:[0-9]{{1,5}})?(/[!-~]*)?"
_HOST = r"https://((?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}(?::[0-9]{1,5})?)/?"


@functools.cache
def check_url(text: str, allowed_host: str) -> str:
    """Return the normal form of an https URL below DOMAIN or on `allowed_host`. Raises ValueError for another."""
    parts = re.fullmatch(_URL, text.strip())
    if not parts or set(text) & set("\\?#@") or not 0 < int((parts[2] or ":443")[1:]) < 65536:
        raise ValueError(f"must be https://signin-<region>{DOMAIN}/<directory>/login")
    host, port, path = parts[1].lower(), parts[2] or "", (parts[3] or "").rstrip("/")
    if not host.endswith(DOMAIN) and host != allowed_host.lower():
        raise ValueError(f"must be on a host below {DOMAIN}, or on the one that {ALLOWED_HOST} names")
    return f"https://{host}{'' if port == ':443' else port}{path}"


def host_of(url: str) -> str:
    """Return the host, and the port if there is one, of a sign-in URL in its normal form."""
    return url.removeprefix("https://").partition("/")[0]


@dataclass(frozen=True)
class Site:
    """One of the two sites: the host for browsers, the host that issues tokens, and the official CLI's client ID."""

    signin: str
    tokens: str
    client_id: str


SITES = {
    "CN": Site("signin.aliyun.com", "oauth.aliyun.com", "4038181954557748008"),
    "INTL": Site("signin.alibabacloud.com", "oauth.alibabacloud.com", "4103531455503354461"),
}


def find_site(kind: str, client_id: str, endpoints: str) -> Site:
    """Return the site `kind` with `client_id`, or with the official CLI's client ID if that is empty.

    `endpoints`, of the variable ENDPOINTS, replaces both hosts. Raises ProfileError if it is not https://host[:port].
    """
    site = SITES[kind]
    signin, tokens = site.signin, site.tokens
    if endpoints:
        parts = re.fullmatch(_HOST, endpoints)
        if not parts:
            message = f"the variable {ENDPOINTS} must be https://host or https://host:port"
            raise ProfileError(message, hint="correct the variable, or unset it")
        signin = tokens = parts[1].lower()
    return Site(signin, tokens, client_id or site.client_id)
