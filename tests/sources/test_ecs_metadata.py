"""The metadata service of an ECS instance; test_promises.py asks it at its real address."""

import itertools
import socket
import time
from collections.abc import Iterator
from functools import partial

import pytest

from cloud.metadata_server import ROLE, ROLES_PATH, TOKEN_PATH, MetadataServer
from cloud.world import timestamp
from role_env.context import Context
from role_env.context.messages import Messages
from role_env.credentials import FIELDS, Credentials
from role_env.deadline import Deadline
from role_env.errors import ProfileError, RoleEnvError, UnreachableError
from role_env.sources import ecs_metadata
from support.cases import case
from support.contexts import context, fails, values

FORBIDDEN = {"ALIBABA_CLOUD_IMDSV1_DISABLED": "true"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[MetadataServer]:
    """The service on loopback, where the module looks for it."""
    with MetadataServer() as started:
        monkeypatch.setattr(ecs_metadata, "ADDRESS", started.address)
        yield started


def credentials(role: str = "", **environ: str) -> Credentials:
    found = ecs_metadata.EcsRole("profileE", "profiles.ini, line 1", role).key(context(environ))
    assert isinstance(found, Credentials)
    return found


def refused(service: MetadataServer, kind: type[RoleEnvError], *words: str, role: str = "", **environ: str) -> None:
    """Check that asking ends with such an error, which contains nothing that the service holds."""
    held = [str(service.credentials[name] or "\0") for name in ("AccessKeySecret", "SecurityToken")]
    fails(kind, lambda: credentials(role, **environ), *words, secrets=held)


@pytest.mark.parametrize("role", ["", ROLE])
def test_version_2_is_asked_with_a_token_and_no_proxy_and_the_role_looked_up_when_it_is_not_named(
    service: MetadataServer, role: str
) -> None:
    found = credentials(role, **FORBIDDEN, http_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1")
    assert values(found) == tuple(service.credentials[name] for name in FIELDS[:3])
    assert found.expiration - found.issued == pytest.approx(6 * 3600 + 600, abs=2)
    paths = [TOKEN_PATH, *([] if role else [ROLES_PATH]), ROLES_PATH + ROLE]
    assert [(method, path) for method, path, _ in service.asked] == [
        ("PUT" if path == TOKEN_PATH else "GET", path) for path in paths
    ]
    assert all("x-aliyun-ecs-metadata-token" in headers for _, _, headers in service.asked[1:])


def test_version_1_serves_only_where_there_is_no_version_2_and_it_is_allowed(service: MetadataServer) -> None:
    service.version_2 = False
    assert credentials().access_key_id == service.credentials["AccessKeyId"]
    assert not [headers for _, _, headers in service.asked if "x-aliyun-ecs-metadata-token" in headers]
    service.asked.clear()
    refused(service, UnreachableError, "ALIBABA_CLOUD_IMDSV1_DISABLED", **FORBIDDEN)
    assert [path for _, path, _ in service.asked] == [TOKEN_PATH]


@pytest.mark.parametrize("status", [400, 401, 403, 405])
def test_a_token_that_is_refused_does_not_lead_to_version_1(service: MetadataServer, status: int) -> None:
    service.version_2 = False
    service.answers[TOKEN_PATH] = status, "no"
    refused(service, UnreachableError, f"status {status} instead of a token")
    assert [path for _, path, _ in service.asked] == [TOKEN_PATH]


def test_nothing_is_asked_where_the_service_is_switched_off(service: MetadataServer) -> None:
    for word in ("true", "True", " TRUE "):
        refused(service, ProfileError, "DISABLED", ALIBABA_CLOUD_ECS_METADATA_DISABLED=word)
    assert not service.asked
    assert credentials(ALIBABA_CLOUD_ECS_METADATA_DISABLED="false")
    assert credentials(ALIBABA_CLOUD_ECS_METADATA_DISABLED="true", ROLE_ENV_NO_ACCOUNT="1")  # by a failed switch


def test_an_instance_without_a_role_is_reported_and_several_are_not_chosen_from(service: MetadataServer) -> None:
    for answer in ((404, "Not Found"), (200, ""), (200, "\n")):
        service.answers[ROLES_PATH] = answer
        refused(service, ProfileError, "no RAM role")
    service.answers[ROLES_PATH] = 200, "first\nsecond\n"
    refused(service, ProfileError, "several", "role_name")
    refused(service, ProfileError, "no RAM role another", role="another")


@pytest.mark.parametrize(("name", "value"), [("Code", "Failed"), ("AccessKeySecret", ""), ("SecurityToken", None)])
def test_credentials_that_are_not_whole_are_refused(service: MetadataServer, name: str, value: object) -> None:
    service.credentials[name] = value
    refused(service, UnreachableError, "did not answer like the metadata service")


def test_a_server_that_is_not_the_metadata_service_is_reported(service: MetadataServer) -> None:
    answers = ((200, "<html>Sign in here</html>"), (302, ""), (200, "x" * 3_000_000))
    for path, answer in itertools.product((TOKEN_PATH, ROLES_PATH, ROLES_PATH + ROLE), answers):
        service.answers = {path: answer}
        with case(path, answer[0]):
            refused(service, UnreachableError, "did not answer like the metadata service")


def test_where_the_service_does_not_tell_when_the_session_began_it_is_now(service: MetadataServer) -> None:
    for updated in (None, "never", timestamp(3600)):
        service.credentials["LastUpdated"] = updated
        assert credentials().issued == pytest.approx(time.time(), abs=30), updated


def test_off_the_cloud_and_where_nobody_answers_it_fails_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as hole, socket.socket() as first, socket.socket() as second, socket.socket() as silent:
        for listener in (hole, silent):
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
        for client in (first, second):  # more than may wait: what comes now gets no answer, as off the cloud
            client.setblocking(False)
            client.connect_ex(hole.getsockname())
        for listener in (hole, silent):
            monkeypatch.setattr(ecs_metadata, "ADDRESS", f"127.0.0.1:{listener.getsockname()[1]}")
            made = Context({}, Deadline(200), Messages())
            ask = partial(ecs_metadata.EcsRole("profileE", "profiles.ini, line 1", "").key, made)
            error = fails(UnreachableError, ask, "the metadata service at 127.0.0.1:")
            assert "ECS instance with a RAM role" in error.hint
            assert made.deadline.remaining() > 150
