"""The credential source for the RAM role of this ECS instance, by the instance's metadata service.

Version 2 gives a token by PUT, then the role's name and its credentials. Version 1, without a token, is used only if
the service lacks version 2 (404). The service belongs to the machine: its address is fixed, and it has neither TLS nor
a proxy. Outside the cloud the address never answers, so the deadlines are short.
"""

import re
import time
import urllib.parse
from collections.abc import Mapping

from role_env import variables
from role_env.context import Context
from role_env.credentials import Credentials, parse_utc
from role_env.deadline import Deadline
from role_env.errors import ProfileError, UnreachableError
from role_env.http import responses
from role_env.http.server import BusyError, Response, Server, TransientError, retry
from role_env.sources import rows
from role_env.sources.base import Source

ADDRESS = "100.100.100.200"
CONNECT_SECONDS = 1.0
# The limits for one response, which takes milliseconds on an instance, and for all with their pauses (seconds).
ANSWER_SECONDS, TOTAL_SECONDS = 2.0, 5.0
_ROLES = "/latest/meta-data/ram/security-credentials/"
_ROLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
_HINT = "use this source on an ECS instance with a RAM role only"


class EcsRole(Source):
    """A credential source that gives sessions of this ECS instance's RAM role; `role_name` may be empty."""

    row = rows.ECS_ROLE

    def __init__(self, profile: str, where: str, role_name: str = "") -> None:
        super().__init__(profile, where)
        self.role_name = role_name

    def identity(self, context: Context) -> list[str]:
        """Return the role's name."""
        return [self.role_name]

    def _fetch(self, context: Context) -> Credentials:
        environ = context.environ
        # After a failed switch, and in a session, role-env has set the variable itself.
        if _is_true(environ, "ALIBABA_CLOUD_ECS_METADATA_DISABLED") and not variables.has_own_guards(environ):
            raise ProfileError(
                "credential_source = ecs_ram_role, but the variable ALIBABA_CLOUD_ECS_METADATA_DISABLED is true",
                hint="unset it, or use another source",
            )
        service = _Service(context.with_deadline(Deadline(min(TOTAL_SECONDS, context.deadline.remaining()))))
        service.fetch_token(version_1=not _is_true(environ, "ALIBABA_CLOUD_IMDSV1_DISABLED"))
        return service.fetch_credentials(self.role_name or service.fetch_role_name())


def _is_true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() == "true"


class _Service:
    """The metadata service, with the token that its version 2 requires."""

    def __init__(self, context: Context) -> None:
        self._deadline = context.deadline
        like = "the metadata service of an ECS instance with a RAM role"
        self._server = Server("", ADDRESS, context, like=like, hint=_HINT, plain=True, connect_seconds=CONNECT_SECONDS)
        self._headers: dict[str, str] = {}

    def fetch_token(self, *, version_1: bool) -> None:
        """Fetch a token. If the service lacks version 2, use version 1 if that is allowed."""
        response = self._request("PUT", "/latest/api/token", {"X-aliyun-ecs-metadata-token-ttl-seconds": "60"})
        token = response.body[:8192].decode("latin-1").strip()
        if response.status == 200 and _TOKEN.fullmatch(token):
            self._headers["X-aliyun-ecs-metadata-token"] = token
        elif response.status != 404:  # a service with version 2 may refuse a token, too, as with 403
            raise self._server.invalid(f"status {response.status} instead of a token")
        elif not version_1:
            raise UnreachableError(
                f"the metadata service at {ADDRESS} has no version 2 (status 404), and"
                " ALIBABA_CLOUD_IMDSV1_DISABLED is true",
                hint="unset that variable if this instance may use version 1",
            )

    def fetch_role_name(self) -> str:
        """Return the name of the instance's role."""
        response = self._request("GET", _ROLES, self._headers)
        names = response.body[:8192].decode("latin-1").split()
        if response.status == 404 or (response.status == 200 and not names):
            raise ProfileError("this ECS instance has no RAM role", hint="attach one to it, or use another source")
        if response.status != 200 or not all(_ROLE.fullmatch(name) for name in names):
            raise self._server.invalid(f"status {response.status} and no name of a role")
        if len(names) > 1:
            raise ProfileError("this ECS instance has several RAM roles", hint="set role_name to one of them")
        return names[0]

    def fetch_credentials(self, role_name: str) -> Credentials:
        """Return the credentials of the role."""
        response = self._request("GET", _ROLES + urllib.parse.quote(role_name), self._headers)
        if response.status == 404:
            raise ProfileError(
                f"this ECS instance has no RAM role {role_name}", hint="leave role_name out to use the one that it has"
            )
        document = self._server.object_of(response)
        with self._server.reading():
            if document.get("Code") != "Success":
                raise ValueError("its Code is not Success")
            found = responses.credentials(document, issued=time.time())
        found.issued = _issued(document.get("LastUpdated"), found)
        return found

    def _request(self, method: str, path: str, headers: Mapping[str, str]) -> Response:
        """Send a request; retry while the service is busy. Raises UnreachableError at once if there is no service."""

        def call() -> Response:
            """Send the request once, within ANSWER_SECONDS."""
            self._server.deadline = Deadline(min(ANSWER_SECONDS, self._deadline.remaining()))
            try:
                return self._server.try_once(method, path, headers=headers)
            except BusyError:
                raise
            except TransientError as fault:
                raise UnreachableError(f"there is no metadata service at {ADDRESS}: {fault}", hint=_HINT) from None

        return retry(f"the metadata service at {ADDRESS}", call, self._deadline, hint=_HINT)


def _issued(updated: object, found: Credentials) -> float:
    """Return when the session began (LastUpdated) in epoch seconds; now if that is not in the past."""
    try:
        moment = float(parse_utc(str(updated)))
    except ValueError:
        return found.issued
    return min(moment, found.issued)
