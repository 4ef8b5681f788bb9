"""The credential source for the RAM role of this ECS instance, by the instance's metadata service.

Version 2 gives a token by PUT, then the role's name and its credentials. Version 1, without a token, is used only if
the service lacks version 2 (404). The service belongs to the machine: its address is fixed, and it has neither TLS nor
a proxy. Outside the cloud the address never answers, so the deadlines are short.
"""

import re
import urllib.parse
from collections.abc import Mapping

from role_env import validators, variables
from role_env.context import Context
from role_env.credentials import Credentials
from role_env.errors import ProfileError, UnreachableError
from role_env.http import responses
from role_env.sources.base import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.http.client import Client

ADDRESS = "100.100.100.200"
# The limit for all requests, each of which takes milliseconds on an instance (seconds).
_TOTAL_SECONDS = 3.0
_CONNECT_SECONDS = 1.0
_HINT = "use this source on an ECS instance with a RAM role only"
_ROLES = "/latest/meta-data/ram/security-credentials/"
_ROLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class EcsRole(Source):
    """A credential source that gives sessions of this ECS instance's RAM role, whose name may be empty."""

    kind = "ecs_ram_role"
    keys = {"role_name": validators.of_kind(validators.ROLE_NAME)}
    waits_for = "this instance's metadata service"
    choice = "the RAM role of this ECS instance"

    def _fetch(self, context: Context) -> Credentials:
        environ = context.environ
        # After a failed switch, and in a session, role-env has set the variable itself.
        if _is_true(environ, "ALIBABA_CLOUD_ECS_METADATA_DISABLED") and not variables.has_own_guards(environ):
            raise ProfileError(
                "credential_source = ecs_ram_role, but the variable ALIBABA_CLOUD_ECS_METADATA_DISABLED is true",
                hint="unset it, or use another source",
            )
        service = _service(context.with_deadline(context.deadline.soonest(_TOTAL_SECONDS)))
        headers = _fetch_headers(service, version_1=not _is_true(environ, "ALIBABA_CLOUD_IMDSV1_DISABLED"))
        (role_name,) = self.values
        return _fetch_credentials(service, role_name or _fetch_role_name(service, headers), headers)


def _is_true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() == "true"


# -- the metadata service: all requests but the first carry the headers of `_fetch_headers` --


def _service(context: Context) -> "Client":
    from role_env.http.client import Client  # imports TLS, which `list` and `explain` do not need

    service = Client("the metadata service", ADDRESS, context, hint=_HINT, plain=True)
    service.connect_seconds, service.network_hint = _CONNECT_SECONDS, _HINT
    return service


def _fetch_headers(service: "Client", *, version_1: bool) -> dict[str, str]:
    """Return a header with a token; none if the service lacks version 2 and version 1 is allowed."""
    response = service.request("PUT", "/latest/api/token", headers={"X-aliyun-ecs-metadata-token-ttl-seconds": "60"})
    token = response.body[:8192].decode("latin-1").strip()
    if response.status == 200 and responses.TOKEN.fullmatch(token):
        return {"X-aliyun-ecs-metadata-token": token}
    if response.status != 404:  # a service with version 2 may refuse a token, too, as with 403
        raise service.invalid(f"status {response.status} instead of a token")
    if not version_1:
        raise UnreachableError(
            f"the metadata service at {ADDRESS} has no version 2 (status 404), and"
            " ALIBABA_CLOUD_IMDSV1_DISABLED is true",
            hint="unset that variable if this instance may use version 1",
        )
    return {}


def _fetch_role_name(service: "Client", headers: Mapping[str, str]) -> str:
    """Return the name of the instance's only RAM role. Raises ProfileError, UnreachableError."""
    response = service.request("GET", _ROLES, headers=headers)
    names = response.body[:8192].decode("latin-1").split()
    if response.status == 404 or (response.status == 200 and not names):
        raise ProfileError("this ECS instance has no RAM role", hint="attach one to it, or use another source")
    if response.status != 200 or not all(_ROLE.fullmatch(name) for name in names):
        raise service.invalid(f"status {response.status} and no name of a role")
    if len(names) > 1:
        raise ProfileError("this ECS instance has several RAM roles", hint="set role_name to one of them")
    return names[0]


def _fetch_credentials(service: "Client", role_name: str, headers: Mapping[str, str]) -> Credentials:
    """Return the session of a role. Raises ProfileError, UnreachableError."""
    response = service.request("GET", _ROLES + urllib.parse.quote(role_name), headers=headers)
    if response.status == 404:
        raise ProfileError(
            f"this ECS instance has no RAM role {role_name}", hint="leave role_name out to use the one that it has"
        )
    document = service.object_of(response)
    with service.reading():
        return responses.served_credentials(document, begun="LastUpdated")
