"""OIDC: tokens from a file and from GitHub's issuer, and the session that STS gives for one without any key."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from cloud.answers import Answer
from cloud.local_sts import LocalSts
from cloud.world import ACCOUNT_B, role_arn
from role_env.credentials import Credentials
from role_env.errors import ProfileError, RefusedError, RoleEnvError, UnreachableError
from role_env.sources import oidc
from role_env.sts import client as sts
from support.contexts import context, fails, hop, values
from support.https_server import HttpsServer
from support.machine import Machine

ROLE = role_arn(ACCOUNT_B, "cideploy")
TOKEN = "eyJhbGciOi.eyJpc3MiOiJ4In0.c2lnbmF0dXJl"
BEARER = "githubs-bearer-token"


# ---- a file ----


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (TOKEN.encode(), ""),
        (f"  {TOKEN} \r\n\n".encode(), ""),
        (None, "No such file"),
        (b" \n", "is empty"),
        *((each, "does not contain a token") for each in (b"two words", "ключ".encode(), b"\xff", b"x" * 40_000)),
        (b"x" * 5_000_000, "larger than"),
    ],
)
def test_a_file_contains_a_token_and_white_space_around_it_or_is_reported_with_its_path(
    tmp_path: Path, content: bytes | None, what: str
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    if what:
        fails(ProfileError, lambda: oidc.file_token(path), str(path), what)
    else:
        assert oidc.file_token(path) == TOKEN


def test_a_pipe_is_no_token_file_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    fails(ProfileError, lambda: oidc.file_token(tmp_path / "pipe"), "cannot be read")


# ---- a variable ----


def test_a_token_in_a_variable_assumes_the_role_and_is_in_no_message(machine: Machine) -> None:
    role, provider = machine.sts.world.role("cideploy").arn, machine.sts.oidc_provider_arn
    machine.write(
        f"[profileB]\nrole_arn = {role}\noidc_provider_arn = {provider}\noidc_token_variable = CI_JOB_TOKEN\n"
    )
    token = machine.sts.oidc_token()
    done = machine.role_env("export", "profileB", "--format", "json", "--verbose", CI_JOB_TOKEN=token)
    assert (done.returncode, json.loads(done.stdout)["RoleArn"]) == (0, role)
    assert token not in done.stderr
    machine.fails("profileB", status=3, said="the variable CI_JOB_TOKEN with the OIDC token is not set")
    assert machine.role_env("profileB", CI_JOB_TOKEN="two words").returncode == 3


# ---- GitHub ----


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    """GitHub's token service, as a job reaches it."""
    with HttpsServer(tmp_path) as started:
        monkeypatch.setenv("SSL_CERT_FILE", str(started.ca_file))
        started.body = json.dumps({"count": 1, "value": TOKEN}).encode()
        yield started


def job(github: HttpsServer, path: str = "/token?api-version=2.0") -> dict[str, str]:
    """The variables of a job that may ask."""
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://localhost:{github.port}{path}",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
    }


def asked(environ: dict[str, str]) -> Callable[[], object]:
    """The question to GitHub, which is yet to be asked."""
    return lambda: oidc.github_token(context(environ), audience="x")


@pytest.mark.parametrize(
    ("audience", "path", "asked_at"),
    [
        ("", "/token?api-version=2.0", "/token?api-version=2.0"),
        ("role-env", "/token", "/token?audience=role-env"),
        ("https://a/?b=c&d#e f", "/token?a=b", "/token?a=b&audience=https%3A%2F%2Fa%2F%3Fb%3Dc%26d%23e%20f"),
    ],
)
def test_github_is_asked_with_its_bearer_token_and_the_audience_as_one_encoded_value(
    github: HttpsServer, audience: str, path: str, asked_at: str
) -> None:
    assert oidc.github_token(context(job(github, path)), audience=audience) == TOKEN
    ((target, headers),) = github.asked
    assert (target, headers["authorization"]) == (asked_at, f"bearer {BEARER}")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("URL", "", "permissions: id-token: write"),
        ("TOKEN", "", "permissions: id-token: write"),
        ("TOKEN", f"{BEARER}\r\nX: y", "does not contain a token"),
        *(
            ("URL", url, "is not an https:// address")
            for url in ("http://localhost:{}/token", "https://", "https://a@localhost:{}/", "https://[::1:{}/", "x")
        ),
    ],
)
def test_nothing_is_asked_without_the_permission_or_at_an_address_that_is_not_https(
    github: HttpsServer, name: str, value: str, said: str
) -> None:
    name = f"ACTIONS_ID_TOKEN_REQUEST_{name}"
    environ = job(github) | {name: value.format(github.port)}
    fails(ProfileError, asked(environ), name, said, secrets=(BEARER, TOKEN))
    assert not github.asked


@pytest.mark.parametrize(("status", "error"), [(302, UnreachableError), (401, ProfileError), (403, ProfileError)])
def test_a_redirect_is_not_followed_and_a_refusal_is_final(
    github: HttpsServer, status: int, error: type[RoleEnvError]
) -> None:
    github.status, github.headers = status, {"Location": f"https://localhost:{github.port}/elsewhere"}
    words = () if status == 302 else ("id-token: write",)
    fails(error, asked(job(github)), str(status), *words, secrets=(BEARER, TOKEN))
    assert len(github.asked) == 1


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "{}", *(json.dumps({"value": value}) for value in (7, "", "a b", "x" * 40_000))]
)
def test_an_answer_without_a_token_is_reported(github: HttpsServer, body: str) -> None:
    github.body = body.encode()
    fails(UnreachableError, asked(job(github)), "did not answer like GitHub's token service", secrets=(BEARER, TOKEN))


# ---- STS ----


@pytest.fixture
def trusted(sts: LocalSts, monkeypatch: pytest.MonkeyPatch) -> LocalSts:
    """The local STS, whose certificate this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(sts.ca_file))
    return sts


def assume(
    server: LocalSts, *, token: str = "", provider_arn: str = "", role_arn: str = ROLE, policy: str = ""
) -> Credentials:
    token, provider_arn = token or server.oidc_token(), provider_arn or server.oidc_provider_arn
    role = hop(role_arn, server.endpoint, "ci", duration_seconds=900, policy=policy)
    return sts.assume_role_with_oidc(role, token, provider_arn, context())


def test_a_token_gets_a_session_without_a_key_and_is_not_in_the_address(
    trusted: LocalSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = []
    answer = trusted.answer

    def noted(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        targets.append(target)
        return answer(method, target, headers, body)

    monkeypatch.setattr(trusted, "answer", noted)
    found = assume(trusted, policy='{"Version": "1", "Statement": []}')
    (issued,) = trusted.issued
    assert values(found) == (issued.id, issued.secret, issued.token)
    assert found.expiration == pytest.approx(time.time() + 900, abs=30)
    (call,) = trusted.calls_of("AssumeRoleWithOIDC")
    assert (call.role_arn, call.session_name, call.duration, call.access_key_id) == (ROLE, "ci", "900", "")
    assert call.policy == '{"Version": "1", "Statement": []}'
    assert "AssumeRoleWithOIDC" in targets[0]
    assert trusted.oidc_token() not in targets[0]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("AuthenticationFail.OIDCToken.Expired", "get a new"),
        ("AuthenticationFail.OIDCToken.AudienceNotMatch", "client ID"),
        ("AuthenticationFail.OIDCToken.Invalid", "issuer"),
        ("AuthenticationFail.NoPermission", "trust policy"),
        ("EntityNotExist.OIDCProvider", "oidc_provider_arn"),
        ("EntityNotExist.Role", "role_arn"),
    ],
)
def test_a_refusal_says_what_to_do_and_not_the_token(trusted: LocalSts, code: str, hint: str) -> None:
    changes: dict[str, str] = {
        "AuthenticationFail.OIDCToken.Invalid": {"token": "a.b.c"},
        "AuthenticationFail.NoPermission": {"role_arn": trusted.role_arn},
        "EntityNotExist.OIDCProvider": {"provider_arn": f"acs:ram::{ACCOUNT_B}:oidc-provider/nobody"},
        "EntityNotExist.Role": {"role_arn": role_arn(ACCOUNT_B, "nobody")},
    }.get(code) or {"token": trusted.oidc_token(code)}
    with pytest.raises(RefusedError) as caught:
        assume(trusted, **changes)
    assert code in caught.value.message
    assert hint in caught.value.hint
    assert changes.get("token", "\0") not in caught.value.message
    assert len(trusted.calls_of("AssumeRoleWithOIDC")) == 1
