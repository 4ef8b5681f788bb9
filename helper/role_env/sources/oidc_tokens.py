"""Read OIDC tokens: from a file, from a variable, or from GitHub's token service for a job."""

import base64
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from role_env.context import Context
from role_env.errors import ProfileError, UnreachableError, printable
from role_env.files.private import check_private
from role_env.fingerprint import read_file, sha256
from role_env.http import responses
from role_env.http.server import Response, Server

URL, BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""The variables with the address of GitHub's token service, and with the token that authorizes a job there."""
_TOKEN = re.compile(r"[\x21-\x7e]{1,32768}")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_PERMISSION = "give the job `permissions: id-token: write`"


def file_token(path: Path) -> str:
    """Return the token in the file `path`, without surrounding white space. Raises ProfileError with the path."""
    hint = "set oidc_token_file to the file that the cluster or CI system writes the token to"
    try:
        content, status = read_file(path)
        check_private(f"the OIDC token file {path}", path, status)
        text = content.decode("ascii").strip()
    except OSError as error:
        what = error.strerror or str(error)
        raise ProfileError(f"the OIDC token file {path} cannot be read: {what}", hint=hint) from None
    except UnicodeDecodeError:
        text = "\0"
    if not text:
        raise ProfileError(f"the OIDC token file {path} is empty", hint=hint)
    if not _TOKEN.fullmatch(text):
        raise ProfileError(f"the OIDC token file {path} does not contain a token", hint=hint)
    return text


def variable_token(name: str, environ: Mapping[str, str]) -> str:
    """Return the token in the variable `name`. Raises ProfileError without showing it."""
    text = environ.get(name, "").strip()
    if not text:
        raise ProfileError(f"the variable {name} with the OIDC token is not set", hint=f"let the CI system set {name}")
    if not _TOKEN.fullmatch(text):
        raise ProfileError(f"the variable {name} does not contain a token", hint="check what sets it")
    return text


def github_token(context: Context, *, audience: str = "") -> str:
    """Request a new token of this GitHub job for `audience` (GitHub's default if that is empty).

    Raises ProfileError if the job may not request one, UnreachableError if no valid response arrives in time.
    """
    url, bearer = github_request(context.environ)
    host, path = _address(url, audience)
    server = Server("GitHub's token service", host, context)
    # A redirect could lead GitHub's bearer token elsewhere. http.client follows none.
    headers = {"Authorization": f"bearer {bearer}", "Accept": "application/json"}
    return _token_of(host, server.request("GET", path, headers=headers))


def _address(url: str, audience: str) -> tuple[str, str]:
    """Return the host and port of `url`, and its path with the audience. Raises ProfileError."""
    try:
        parts = urllib.parse.urlsplit(url)
        whole = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc and _PRINTABLE.fullmatch(url)
    except ValueError:
        whole = None
    if not whole:
        raise ProfileError(
            f"the variable {URL} is not an https:// address", hint="use oidc_token = github in a GitHub job only"
        )
    query = [parts.query] if parts.query else []
    query += [f"audience={urllib.parse.quote(audience, safe='')}"] if audience else []
    return parts.netloc, f"{parts.path or '/'}{'?' if query else ''}{'&'.join(query)}"


def _token_of(host: str, response: Response) -> str:
    if response.status in (400, 401, 403):
        raise ProfileError(
            f"GitHub's token service at {host} refused a token ({response.status})",
            hint=f"{_PERMISSION}; its variables are valid only while the job runs",
        )
    token = (response.document or {}).get("value") if response.status == 200 else None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise UnreachableError(
            f"{printable(host)} did not answer with a GitHub token (status {response.status})",
            hint="check the network; a proxy or sign-in page may be intercepting the request",
        )
    return token


def github_request(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the address and the bearer token for this job's requests of OIDC tokens. Raises ProfileError."""
    for name in (URL, BEARER):
        if not environ.get(name):
            raise ProfileError(f"oidc_token = github, but the variable {name} is not set", hint=_PERMISSION)
    if not _PRINTABLE.fullmatch(environ[BEARER]):
        raise ProfileError(f"the variable {BEARER} does not contain a token")
    return environ[URL], environ[BEARER]


def claims(token: str) -> list[str]:
    """Return the issuer, subject and audience of a JWT (RFC 7519); for another kind of token, its digest."""
    parts = token.split(".")
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)) if len(parts) == 3 else b""
    except ValueError:
        payload = b""
    claims = responses.json_object(payload) or {}
    if not {"iss", "sub", "aud"} & claims.keys():
        return [sha256(token)]
    return [str(claims.get(name)) for name in ("iss", "sub", "aud")]
