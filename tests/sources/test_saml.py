"""SAML: what a program may print, which roles its assertion is for, and the session that STS gives for it."""

import base64
import re
import textwrap
from collections.abc import Callable

import pytest

from cloud.api_server import Call
from cloud.saml import SamlProvider
from support.cached_sessions import exports
from support.documents import topic
from support.https_server import HttpsServer
from support.machine import Machine
from support.secret_service_bus import require

ASSERTION = "AssumeRoleWithSAML"


@pytest.fixture
def provider(machine: Machine) -> SamlProvider:
    """The identity provider that account B knows."""
    (provider,) = machine.sts.world.saml_providers.values()
    return provider


@pytest.fixture
def prints(machine: Machine, provider: SamlProvider) -> Callable[..., None]:
    """Let the program of the profile p, with the role employees, print a text, on stderr another, and end so."""

    def write(text: str, *, keys: str = "", more: str = "") -> None:
        (machine.home / "response").write_text(text)
        machine.write_program("sign-in", f"#!/bin/sh\n{more}\ncat {machine.home}/response\n")
        machine.write(
            f"[p]\nrole_arn = {machine.sts.world.role('employees').arn}\nsaml_provider_arn = {provider.arn}\n"
            f"saml_process = {machine.home}/sign-in --password the-secret\n{keys}\n"
        )

    return write


def last(machine: Machine) -> Call:
    """The last request with an assertion."""
    return machine.sts.calls_of(ASSERTION)[-1]


def test_the_request_has_no_signature_and_no_name_which_the_assertion_gives(
    machine: Machine, provider: SamlProvider, prints: Callable[..., None]
) -> None:
    policy = '{"Version": "1", "Statement": []}'
    response = provider.response([machine.sts.world.role("employees").arn])
    prints(response, keys=f"policy = {policy}\nduration_seconds = 900\n")
    document = exports(machine, "p")
    assert (document["Profile"], document["RoleArn"]) == ("p", machine.sts.world.role("employees").arn)
    call = last(machine)
    assert (call.session_name, call.external_id, call.source_identity, call.access_key_id) == ("", "", "", "")
    assert (call.duration, call.policy) == ("900", policy)
    assert machine.sts.issued[-1].name == "alice@example.com"
    assert "the assertion names it at" in machine.succeeds("explain", "p").stdout
    exports(machine, "p", "--duration", "3600")
    assert response not in machine.succeeds("explain", "p", "--verbose").stdout


def test_its_session_is_a_source_and_is_renewed_like_any_other(
    machine: Machine, provider: SamlProvider, prints: Callable[..., None]
) -> None:
    prints(provider.response([machine.sts.world.role("employees").arn]), keys="max_session_duration = 7200")
    machine.succeeds("exec", "p", "--", "sh", "-c", 'eval "$(role-env renew)" && role-env status')
    exports(machine, "p", "--refresh")
    assert len(machine.sts.calls_of(ASSERTION)) == 2
    exports(machine, "p")
    assert len(machine.sts.calls_of(ASSERTION)) == 2


@pytest.mark.parametrize("shape", ["lines", "spaces", "provider first", "encrypted"])
def test_a_response_may_be_broken_into_lines_have_its_arns_in_either_order_or_be_encrypted(
    machine: Machine, provider: SamlProvider, prints: Callable[..., None], shape: str
) -> None:
    role = machine.sts.world.role("employees").arn
    text = provider.response(
        [role, role + "2"], provider_first=shape == "provider first", is_encrypted=shape == "encrypted"
    )
    prints({"lines": "\n".join(textwrap.wrap(text, 76)), "spaces": f" {text}\r\n"}.get(shape, text))
    assert exports(machine, "p")["RoleArn"] == role


def test_a_response_for_other_roles_is_refused_and_they_are_offered(
    machine: Machine, provider: SamlProvider, prints: Callable[..., None]
) -> None:
    others = [machine.sts.world.role(name).arn for name in ("hub", "operator")]
    prints(provider.response(others))
    refused = machine.fails("p", status=3, said="is not for acs:ram::2222222222222222:role/employees with")
    for role in others:
        assert f"role_arn = {role} with saml_provider_arn = {provider.arn}" in refused.stderr
    assert not machine.sts.calls_of(ASSERTION)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "prints no SAML response in base64"),
        ("the-secret <samlp:Response>", "prints no SAML response in base64"),
        (base64.b64encode(b"the-secret").decode(), "prints no SAML response in base64"),
        (base64.b64encode(b"<a xmlns='b'><the-secret/></a>").decode(), "prints no SAML response in base64"),
        (base64.b64encode(b"<!DOCTYPE a [<!ENTITY b 'c'>]><Response xmlns='d'/>").decode(), "no SAML response"),
        ("QUJD" * 25_001, "prints a response of more than 100000 characters"),
        ("QUJD" * 100_000, "prints more than"),
    ],
)
def test_what_is_no_response_is_refused_before_it_is_sent_and_not_shown(
    machine: Machine, prints: Callable[..., None], text: str, said: str
) -> None:
    prints(text)
    refused = machine.fails("p", status=3, said=said)
    assert "the SAML process sign-in" in refused.stderr
    assert "the-secret" not in refused.stderr
    assert not machine.sts.calls_of(ASSERTION)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("AuthenticationFail.SAMLAssertion.Expired", "let saml_process sign in again"),
        ("AuthenticationFail.SAMLAssertion.Invalid", "check that saml_process prints the base64 of the whole"),
    ],
)
def test_what_sts_does_not_accept_has_a_hint_of_its_own(
    machine: Machine, provider: SamlProvider, prints: Callable[..., None], code: str, hint: str
) -> None:
    response = provider.response([machine.sts.world.role("employees").arn], code=code)
    prints(response)
    refused = machine.fails("p", status=4, said=f"STS said {code}")
    assert hint in refused.stderr
    assert response not in refused.stderr


def test_a_program_that_fails_hangs_or_speaks_is_treated_as_a_credential_process_is(
    machine: Machine, provider: SamlProvider, prints: Callable[..., None]
) -> None:
    response = provider.response([machine.sts.world.role("employees").arn])
    prints(response, more="echo type the code of your phone >&2")
    assert machine.role_env("p", "--format", "json").stderr == "type the code of your phone\n"
    assert machine.role_env("process", "p", "--refresh").stderr == ""
    prints(response, more="exit 1")
    machine.fails("p", "--refresh", status=3, said="the SAML process sign-in ended with status 1")
    prints(response, more="sleep 600")
    machine.fails("p", "--no-cache", status=5, said="did not end within", ROLE_ENV_TIMEOUT="2")
    (machine.home / "sign-in").unlink()
    machine.fails("p", "--no-cache", status=3, said="saml_process: command sign-in not found")


def test_the_script_of_the_help_takes_the_response_from_the_form_of_the_identity_provider(
    machine: Machine, provider: SamlProvider, prints: Callable[..., None]
) -> None:
    require("curl")
    response = provider.response([machine.sts.world.role("employees").arn])
    prints("")
    script = topic("sources").read_text("utf-8").split("```text\n")[1].split("```")[0]
    with HttpsServer() as server:
        form = '<input type="hidden" name="SAMLResponse" value="{}" />'
        server.body = f"<html><form>{form.format(response)}</form></html>".encode()
        machine.write_program("sign-in", re.sub("https://[^/]*", f"http://localhost:{server.port}", script))
        assert exports(machine, "p")["Profile"] == "p"
        assert "urn:alibaba:cloudcomputing" in server.asked[0][0]


@pytest.mark.parametrize("key", ["role_session_name = me", "external_id = ab", "source_identity = me"])
def test_what_the_request_cannot_carry_is_refused_with_its_line(
    machine: Machine, prints: Callable[..., None], key: str
) -> None:
    prints("", keys=key)
    machine.fails("p", status=3, said=f"{key.partition(' ')[0]} is not taken by the request to STS of this source")


def test_a_session_name_of_an_option_is_refused_too(machine: Machine, prints: Callable[..., None]) -> None:
    prints("")
    machine.fails("p", "--session-name", "me", status=2, said="--session-name cannot be used with p")


def test_all_three_keys_are_needed(machine: Machine) -> None:
    machine.write(f"[p]\nrole_arn = {machine.sts.role_arn}\nsaml_process = true\n")
    machine.fails("p", status=3, said="profile p: saml_provider_arn is missing")
    machine.write("[p]\nsaml_provider_arn = acs:ram::1:saml-provider/x\nsaml_process = true\n")
    machine.fails("p", status=3, said="profile p: role_arn is missing")
