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


@pytest.mark.parametrize("content", [TOKEN, TOKEN + "\n", f"  {TOKEN} \r\n\n"])
def test_a_token_is_read_from_its_file_without_white_space(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    assert oidc.file_token(tmp_path / "token") == TOKEN


NO_TOKENS = {
    "No such file": (None,),
    "is empty": (b"", b" \n"),
    "does not contain a token": (b"two words", b"two\nlines", "ключ".encode(), b"\xff\xfe", b"a\0b", b"x" * 40_000),
    "larger than": (b"x" * 5_000_000,),
}


@pytest.mark.parametrize(("what", "content"), [(what, each) for what, found in NO_TOKENS.items() for each in found])
def test_a_file_without_a_token_is_reported_with_its_path(tmp_path: Path, what: str, content: bytes | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    fails(ProfileError, lambda: oidc.file_token(path), str(path), what)


def test_a_pipe_and_a_folder_are_no_token_file_and_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(ProfileError, match="cannot be read"):
            oidc.file_token(path)


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


def test_a_profile_takes_its_token_from_one_place(machine: Machine) -> None:
    machine.write(
        f"[profileB]\nrole_arn = {machine.sts.role_arn}\noidc_provider_arn = {machine.sts.oidc_provider_arn}\n"
        "oidc_token_variable = CI_JOB_TOKEN\noidc_token_file = token\n"
    )
    machine.fails("profileB", status=3, said="oidc_token_file and oidc_token_variable are both set")


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


def test_github_is_asked_for_a_token_with_its_bearer_token(github: HttpsServer) -> None:
    assert oidc.github_token(context(job(github)), audience="") == TOKEN
    ((path, headers),) = github.asked
    assert path == "/token?api-version=2.0"
    assert headers["authorization"] == f"bearer {BEARER}"
    assert headers["host"] == f"localhost:{github.port}"


@pytest.mark.parametrize(
    ("audience", "encoded"),
    [("role-env", "role-env"), ("https://a/?b=c&d#e f", "https%3A%2F%2Fa%2F%3Fb%3Dc%26d%23e%20f")],
)
def test_the_audience_is_added_as_one_encoded_value(github: HttpsServer, audience: str, encoded: str) -> None:
    oidc.github_token(context(job(github)), audience=audience)
    oidc.github_token(context(job(github, "/token")), audience=audience)
    assert [path for path, _ in github.asked] == [
        f"/token?api-version=2.0&audience={encoded}",
        f"/token?audience={encoded}",
    ]


@pytest.mark.parametrize("absent", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_job_without_the_permission_gets_its_name(github: HttpsServer, absent: str, value: str | None) -> None:
    environ = {name: text for name, text in job(github).items() if name != absent}
    environ |= {absent: value} if value is not None else {}
    fails(ProfileError, asked(environ), absent, "permissions: id-token: write", secrets=(BEARER, TOKEN))
    assert not github.asked


@pytest.mark.parametrize(
    "url",
    ["http://localhost:{}/token", "localhost:{}/token", "https://", "https://a@localhost:{}/", "https://[::1:{}/", "x"],
)
def test_the_bearer_token_goes_to_an_https_address_only(github: HttpsServer, url: str) -> None:
    environ = job(github) | {"ACTIONS_ID_TOKEN_REQUEST_URL": url.format(github.port)}
    fails(ProfileError, asked(environ), "ACTIONS_ID_TOKEN_REQUEST_URL", secrets=(BEARER, TOKEN))
    assert not github.asked


def test_a_bearer_token_with_a_line_break_adds_no_header(github: HttpsServer) -> None:
    environ = job(github) | {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": f"{BEARER}\r\nX: y"}
    fails(ProfileError, asked(environ), "does not contain a token", secrets=(BEARER, TOKEN))
    assert not github.asked


@pytest.mark.parametrize(
    ("status", "error", "words", "times"),
    [
        (302, UnreachableError, (), 1),  # which is not followed
        *((status, ProfileError, ("id-token: write",), 1) for status in (400, 401, 403)),
        *((status, UnreachableError, (), 3) for status in (500, 503, 429)),
    ],
)
def test_a_redirect_and_a_refusal_are_final_and_a_passing_failure_is_tried_again(
    github: HttpsServer, status: int, error: type[RoleEnvError], words: tuple[str, ...], times: int
) -> None:
    github.status, github.headers = status, {"Location": f"https://localhost:{github.port}/elsewhere"}
    fails(error, asked(job(github)), str(status), *words, secrets=(BEARER, TOKEN))
    assert len(github.asked) == times


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "{}", *(json.dumps({"value": value}) for value in (7, "", "a b", "x" * 40_000))]
)
def test_an_answer_without_a_token_is_reported(github: HttpsServer, body: str) -> None:
    github.body = body.encode()
    fails(UnreachableError, asked(job(github)), "did not answer like GitHub's token service", secrets=(BEARER, TOKEN))


def test_a_certificate_of_nobody_known_gets_nothing(github: HttpsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    fails(UnreachableError, asked(job(github)), "certificate", secrets=(BEARER, TOKEN))
    assert not github.asked


def test_a_proxy_is_gone_through_as_the_variables_say(github: HttpsServer) -> None:
    environ = job(github) | {"HTTPS_PROXY": "http://127.0.0.1:1"}
    fails(UnreachableError, asked(environ), "could not be reached", "proxy 127.0.0.1:1", secrets=(BEARER, TOKEN))
    assert oidc.github_token(context(environ | {"NO_PROXY": "localhost"}), audience="") == TOKEN


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


def test_a_token_gets_a_session_without_a_key_and_without_a_signature(trusted: LocalSts) -> None:
    found = assume(trusted, policy='{"Version": "1", "Statement": []}')
    (issued,) = trusted.issued
    assert values(found) == (issued.id, issued.secret, issued.token)
    assert found.expiration == pytest.approx(time.time() + 900, abs=30)
    (call,) = trusted.calls_of("AssumeRoleWithOIDC")
    assert (call.role_arn, call.session_name, call.duration, call.access_key_id) == (ROLE, "ci", "900", "")
    assert call.policy == '{"Version": "1", "Statement": []}'


def test_the_token_is_in_the_body_and_not_in_the_address(trusted: LocalSts, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = []
    answer = trusted.answer

    def noted(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        targets.append(target)
        assert trusted.oidc_token().encode() in body
        return answer(method, target, headers, body)

    monkeypatch.setattr(trusted, "answer", noted)
    assume(trusted)
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


@pytest.mark.parametrize("fault", ["reset-after-request", "503", "throttling", "reset-mid-answer"])
def test_a_passing_failure_of_sts_is_tried_again(trusted: LocalSts, fault: str) -> None:
    trusted.fault(fault)
    assert assume(trusted).access_key_id == trusted.issued[-1].id


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        *((f"other-{what}-arn", RefusedError) for what in ("account", "role", "session")),
        *((fault, UnreachableError) for fault in ("missing-token", "expired-answer", "captive-portal", "redirect")),
        ("nul-in-token", UnreachableError),
    ],
)
def test_a_session_of_somebody_else_and_an_answer_that_is_not_stss_are_refused(
    trusted: LocalSts, fault: str, error: type[RoleEnvError]
) -> None:
    trusted.fault(fault)
    with pytest.raises(error):
        assume(trusted)
