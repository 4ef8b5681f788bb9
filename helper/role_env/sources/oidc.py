"""OIDC tokens, with which AssumeRoleWithOIDC needs no key: from a file, or from GitHub's own issuer.

A token is a secret of a few minutes. It is read anew each time, and is no part of what a kept session was made from.
"""

import re
import urllib.parse
from pathlib import Path

from role_env.context import Context
from role_env.errors import ProfileError, UnreachableError, printable
from role_env.fingerprint import Origin
from role_env.sts import responses
from role_env.sts.http import Response, Server, retry

LARGEST_TOKEN = 32 * 1024
_TOKEN = re.compile(r"[\x21-\x7e]+")
# The variables by which GitHub tells a job's step where, and with what, to ask for a token.
_URL, _BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_PERMISSION = "give the job `permissions: id-token: write`"


def file_token(path: Path) -> str:
    """The token in the file `path`, without the white space around it. Raises ProfileError with the path."""
    hint = "oidc_token_file names the file that the cluster or CI system writes the token to"
    try:
        content, _ = Origin({}).read(path)
        text = content.decode("ascii").strip()
    except OSError as error:
        what = error.strerror or str(error)
        raise ProfileError(f"the OIDC token file {path} cannot be read: {what}", hint=hint) from None
    except UnicodeDecodeError:
        text = "\0"
    if not text:
        raise ProfileError(f"the OIDC token file {path} is empty", hint=hint)
    if len(text) > LARGEST_TOKEN or not _TOKEN.fullmatch(text):
        raise ProfileError(f"what the OIDC token file {path} holds is no token", hint=hint)
    return text


def github_token(context: Context, *, audience: str = "") -> str:
    """A new token of this GitHub job for `audience` (GitHub's default when that is empty).

    Raises ProfileError where the job may not ask for one, UnreachableError when no sensible answer came in time.
    """
    url, bearer = (context.environ.get(name, "") for name in (_URL, _BEARER))
    for name, value in ((_URL, url), (_BEARER, bearer)):
        if not value:
            raise ProfileError(f"oidc_token = github, but the variable {name} is not set", hint=_PERMISSION)
    if not _TOKEN.fullmatch(bearer):
        raise ProfileError(f"the variable {_BEARER} holds no token")
    host, path = _address(url, audience)
    server = Server(host, context)
    # GitHub's bearer token would follow a redirect to wherever that leads; http.client follows none.
    headers = {"Authorization": f"bearer {bearer}", "Accept": "application/json"}
    return retry(
        f"GitHub's token service at {host} could not be reached",
        lambda: _token_of(host, server.request("GET", path, headers=headers)),
        context.deadline,
    )


def _address(url: str, audience: str) -> tuple[str, str]:
    """The host and port of `url`, and its path with the audience. Raises ProfileError."""
    try:
        parts = urllib.parse.urlsplit(url)
        whole = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc and _TOKEN.fullmatch(url)
    except ValueError:
        whole = None
    if not whole:
        raise ProfileError(f"the variable {_URL} is not an https:// address", hint="is this a GitHub job?")
    asked = [parts.query] if parts.query else []
    asked += [f"audience={urllib.parse.quote(audience, safe='')}"] if audience else []
    return parts.netloc, f"{parts.path or '/'}{'?' if asked else ''}{'&'.join(asked)}"


def _token_of(host: str, response: Response) -> str:
    if response.status in (400, 401, 403):
        raise ProfileError(
            f"GitHub's token service at {host} refused to give a token ({response.status})", hint=_refused()
        )
    token = (responses.json_object(response.body) or {}).get("value") if response.status == 200 else None
    if not isinstance(token, str) or len(token) > LARGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise UnreachableError(
            f"what {printable(host)} answered is no token of GitHub's (status {response.status})",
            hint="does a sign-in page or proxy stand in between?",
        )
    return token


def _refused() -> str:
    return f"{_PERMISSION}; its variables hold while the job runs and no longer"
