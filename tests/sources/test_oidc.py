"""OIDC: tokens from a file and from GitHub's issuer, and the session that STS gives for one without any key."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.answers import Answer
from role_env.errors import ProfileError, RoleEnvError, UnreachableError
from role_env.sources import oidc
from support import chains
from support.cases import case
from support.contexts import context, fails
from support.https_server import HttpsServer
from support.machine import Machine

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

HINTS = {
    "AuthenticationFail.OIDCToken.Expired": "get a new",
    "AuthenticationFail.OIDCToken.AudienceNotMatch": "client ID",
    "AuthenticationFail.OIDCToken.Invalid": "issuer",
    "AuthenticationFail.NoPermission": "trust policy",
    "EntityNotExist.OIDCProvider": "oidc_provider_arn",
    "EntityNotExist.Role": "role_arn",
}


def test_a_refusal_says_what_to_do_and_not_the_token(machine: Machine) -> None:
    chains.oidc(machine, "oidc_token_variable = CI_JOB_TOKEN\n")
    token = machine.sts.oidc_token()
    for code, hint in HINTS.items():
        machine.sts.fault(f"code:{code}:400:No.")
        with case(code):
            assert token not in machine.refuses("ci", 4, f"{code}: No.", hint, CI_JOB_TOKEN=token)
    assert len(machine.sts.calls_of("AssumeRoleWithOIDC")) == len(HINTS)


def test_a_token_in_a_variable_assumes_the_role_without_a_key_and_is_in_no_message_and_no_address(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets: list[str] = []
    answer = machine.sts.answer

    def noted(method: str, target: str, *rest: Any) -> Answer:
        targets.append(target)
        return answer(method, target, *rest)

    monkeypatch.setattr(machine.sts, "answer", noted)
    chains.oidc(machine, "oidc_token_variable = CI_JOB_TOKEN\n")
    token = machine.sts.oidc_token()
    done = machine.succeeds("export", "ci", "--format", "json", "--verbose", "--read-only", CI_JOB_TOKEN=token)
    (call,) = machine.sts.calls_of("AssumeRoleWithOIDC")
    assert (call.access_key_id, call.status, "Deny" in call.policy) == ("", 200, True)
    assert json.loads(done.stdout)["AccessKeyId"] == machine.sts.issued[-1].id
    assert "AssumeRoleWithOIDC" in targets[0]
    assert not [text for text in (done.stderr, *targets) if token in text]
    machine.refuses("ci", 3, "the variable CI_JOB_TOKEN with the OIDC token is not set")
    machine.refuses("ci", 3, "does not contain a token", CI_JOB_TOKEN="two words")
