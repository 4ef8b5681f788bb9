"""The credential source for an OIDC token, which replaces a key in AssumeRoleWithOIDC.

The token comes from a file, a variable or GitHub's own issuer. It is a secret for a few minutes, so it is read each
time. A cached session is used only for the same identity.
"""

import base64
import os
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from role_env import validators
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.errors import ProfileError
from role_env.files.dependencies import Dependencies, read_file
from role_env.files.private import check_private
from role_env.fingerprint import sha256
from role_env.http.responses import TOKEN, json_object
from role_env.sources.base import Source, SourceFault
from role_env.sources.section import Section

if TYPE_CHECKING:
    from role_env.sts.hop import Hop

URL, BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""The variables with the address of GitHub's token service, and with the token that authorizes a job there."""
_PERMISSION = "give the job `permissions: id-token: write`"
# The variables that identify a job: a session belongs to the job that obtained it.
_RUN = ("GITHUB_REPOSITORY", "GITHUB_REF", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB")
# The checks of the values that the SDKs' variables may provide.
_CHECKS = {"role_arn": validators.role_arn, "role_session_name": validators.session_name}


class OidcToken(Source):
    """A credential source that assumes a role with an OIDC token instead of a key.

    The token is in `token_file` or in the variable `token_variable`; without either it is GitHub's. `where` also names
    the SDKs' variables that provide the profile's missing keys.
    """

    kind = "oidc"
    keys = {
        "oidc_provider_arn": validators.pattern(
            r"acs:ram::[0-9]{1,32}:oidc-provider/[A-Za-z0-9._-]{1,128}",
            "an OIDC provider's ARN, acs:ram::<account>:oidc-provider/<name>",
        ),
        "oidc_token_file": validators.one_line,
        "oidc_token_variable": validators.pattern(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "the name of a variable"),
        "oidc_token": validators.token_kind,
        "oidc_audience": validators.one_line,
    }
    request_name = "AssumeRoleWithOIDC"
    not_carried = ("external_id", "source_identity")
    requires_role = True
    choice = "an OIDC token in a file, as in Kubernetes"
    questions = (("oidc_provider_arn", "ARN of the OIDC provider"), ("oidc_token_file", "File with the token"))

    def __init__(
        self,
        profile: str,
        where: str,
        provider_arn: str,
        token_file: Path | None = None,
        *,
        audience: str = "",
        token_variable: str = "",
    ) -> None:
        super().__init__(profile, where)
        self.provider_arn = provider_arn
        self.token_file = token_file
        self.audience = audience
        self.token_variable = token_variable

    @classmethod
    def parse(cls, section: Section, values: Mapping[str, Any], dependencies: Dependencies) -> Source:
        """Return the source, which decides the role too. The SDKs' own variables provide missing keys."""
        chosen = [key for key in ("oidc_token", "oidc_token_file", "oidc_token_variable") if key in values]
        if len(chosen) > 1:
            raise section.error(chosen[0], f"and {chosen[1]} are both set", hint="keep one")
        if "oidc_audience" in values and "oidc_token" not in values:
            raise section.error("oidc_audience", "requires oidc_token", hint="add oidc_token = github, or remove it")
        required = ("role_arn", "oidc_provider_arn", *(chosen or ["oidc_token_file"]))
        absent = [key for key in required if key not in values]
        found = {**values, **{key: _from_variable(section, key, dependencies) for key in absent}}
        source = cls(
            section.name,
            "; ".join([section.where_is(next(key for key in values if key in cls.keys)), *map(_variable, absent)]),
            found["oidc_provider_arn"],
            section.resolve_path("oidc_token_file", found["oidc_token_file"]) if "oidc_token_file" in found else None,
            audience=values.get("oidc_audience", ""),
            token_variable=values.get("oidc_token_variable", ""),
        )
        decided = {"role_arn": found["role_arn"]}
        name = "" if "role_session_name" in values else dependencies.variable(_variable("role_session_name"))
        if name:
            decided["role_session_name"] = _checked("role_session_name", name)
        source.profile_fields = decided
        return source

    def watch(self, dependencies: Dependencies) -> None:
        """Add the token file, or the variables of the GitHub job."""
        if self.token_file:
            dependencies.watch(self.token_file)
        elif self.token_variable:
            dependencies.secret_variable(self.token_variable)
        else:
            for name in _RUN:
                dependencies.variable(name)
            for name in (URL, BEARER):
                dependencies.secret_variable(name)

    def identity(self, context: Context) -> list[str]:
        """Return the provider and the token's identity: issuer, subject and audience, or the run of the GitHub job.

        It stays the same for a new token of the same identity. Raises ProfileError if there is no token.
        """
        with self.locate_errors():
            if self.token_file or self.token_variable:
                place = str(self.token_file or f"${self.token_variable}")
                holder = claims(self._token(context))
            else:
                _, bearer = github_request(context.environ)
                place, holder = "github", [*(context.environ.get(name, "") for name in _RUN), sha256(bearer)]
        return [self.provider_arn, place, self.audience, *holder]

    def find_fault(self, context: Context) -> SourceFault | None:
        """Return the fault of a token file that others can write. It may not exist yet."""
        try:
            if self.token_file:
                check_private(f"the OIDC token file {self.token_file}", self.token_file, os.stat(self.token_file))
        except OSError:
            return None
        except ProfileError as error:
            return SourceFault(f"profile {self.profile}: {error.message} ({self.where})", error.hint)
        return None

    def assume(self, hop: "Hop", context: Context) -> Credentials:
        """Request a session of the role of `hop` with the token."""
        with self.locate_errors():
            token = self._token(context)
        from role_env.sts import client as sts

        return sts.assume_role_with_oidc(hop, token, self.provider_arn, context)

    def _token(self, context: Context) -> str:
        if self.token_variable:
            return _variable_token(self.token_variable, context.environ)
        return file_token(self.token_file) if self.token_file else github_token(context, audience=self.audience)


def _variable(key: str) -> str:
    return f"ALIBABA_CLOUD_{key.upper()}"


def _from_variable(section: Section, key: str, dependencies: Dependencies) -> Any:
    name = _variable(key)
    text = dependencies.variable(name)
    if not text:
        hint = f"add the key, or set {name}"
        if dependencies.variable("ROLE_ENV_PROFILE"):
            hint = f"add the key: a session unsets {name} in its shell"
        raise section.missing(key, hint=hint)
    return _checked(key, text)


def _checked(key: str, text: str) -> Any:
    try:
        return (OidcToken.keys.get(key) or _CHECKS[key])(text)
    except ValueError as error:
        raise ProfileError(f"the variable {_variable(key)} {error}") from None


# -- the tokens: from a file, from a variable, or from GitHub's token service for a job --


def file_token(path: Path) -> str:
    """Return the token in the file `path`. Raises ProfileError with the path."""
    what = f"the OIDC token file {path}"
    hint = "set oidc_token_file to the file that the cluster or CI system writes the token to"
    try:
        content, status = read_file(path)
        check_private(what, path, status)
    except OSError as error:
        raise ProfileError(f"{what} cannot be read: {error.strerror or error}", hint=hint) from None
    return _checked_token(content.decode("ascii", "replace"), what, hint)


def _variable_token(name: str, environ: Mapping[str, str]) -> str:
    what = f"the variable {name} with the OIDC token"
    if not environ.get(name):
        raise ProfileError(f"{what} is not set", hint=f"let the CI system set {name}")
    return _checked_token(environ[name], what, "check what sets it")


def _checked_token(text: str, what: str, hint: str) -> str:
    token = text.strip()
    if not TOKEN.fullmatch(token):
        raise ProfileError(f"{what} {'does not contain a token' if token else 'is empty'}", hint=hint)
    return token


def github_token(context: Context, *, audience: str = "") -> str:
    """Request a new token of this GitHub job for `audience` (GitHub's default if that is empty).

    Raises ProfileError if the job may not request one, UnreachableError if no valid response arrives in time.
    """
    from role_env.http.client import Client, split_address  # imports TLS, which a token of a file does not need here

    url, bearer = github_request(context.environ)
    parts = split_address(url)
    if not parts or parts.scheme != "https":
        hint = "use oidc_token = github in a GitHub job only"
        raise ProfileError(f"the variable {URL} is not an https:// address", hint=hint)
    wanted = f"audience={urllib.parse.quote(audience, safe='')}" if audience else ""
    query = "&".join(filter(None, (parts.query, wanted)))
    client = Client("GitHub's token service", parts.netloc, context)
    # A redirect could lead GitHub's bearer token elsewhere. http.client follows none.
    headers = {"Authorization": f"bearer {bearer}", "Accept": "application/json"}
    response = client.request("GET", f"{parts.path or '/'}{query and '?'}{query}", headers=headers)
    if response.status in (400, 401, 403):
        raise ProfileError(
            f"GitHub's token service at {client.endpoint} refused a token ({response.status})",
            hint=f"{_PERMISSION}; its variables are valid only while the job runs",
        )
    token = response.text("value")
    if response.status != 200 or not TOKEN.fullmatch(token):
        raise client.invalid(f"status {response.status}, no token")
    return token


def github_request(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the address and the bearer token for this job's requests of OIDC tokens. Raises ProfileError."""
    for name in (URL, BEARER):
        if not environ.get(name):
            hint = f"{_PERMISSION}; GitHub gives none to a pull request from a fork"
            raise ProfileError(f"oidc_token = github, but the variable {name} is not set", hint=hint)
    if not TOKEN.fullmatch(environ[BEARER]):
        raise ProfileError(f"the variable {BEARER} does not contain a token")
    return environ[URL], environ[BEARER]


def claims(token: str) -> list[str]:
    """Return the issuer, subject and audience of a JWT (RFC 7519); for another kind of token, its digest."""
    parts = token.split(".")
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)) if len(parts) == 3 else b""
    except ValueError:
        payload = b""
    claims = json_object(payload) or {}
    if not {"iss", "sub", "aud"} & claims.keys():
        return [sha256(token)]
    return [str(claims.get(name)) for name in ("iss", "sub", "aud")]
