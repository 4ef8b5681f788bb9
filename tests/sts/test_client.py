"""The road to STS: TLS, proxies, retries; each refusal with its words. What goes wrong is in tests/test_faults.py."""

import base64
from collections.abc import Iterator
from typing import Any, cast, get_args

import pytest

from cloud.answers import REFUSALS
from cloud.local_sts import ArnShape
from cloud.world import ACCOUNT_B
from role_env.sts.hints import hint_for
from support.cases import case
from support.files import write_private
from support.machine import Machine
from support.relay import Proxy

QUICK = {"ROLE_ENV_CACHE": "none"}
"""Without the keyring, which these tests are not about."""


def succeeds(machine: Machine, **environ: str) -> None:
    """Checks that `role-env profileB` gives what STS issued last."""
    done = machine.succeeds("export", "profileB", "--format", "json", **QUICK, **environ)
    assert machine.sts.issued[-1].token in done.stdout


# ---- TLS ----


def test_the_bundle_of_alibabas_tools_is_trusted(machine: Machine) -> None:
    succeeds(machine, SSL_CERT_FILE="/dev/null", ALIBABA_CLOUD_CA_BUNDLE=str(machine.sts.ca_file))


def test_an_empty_bundle_variable_turns_no_check_off(machine: Machine) -> None:
    machine.refuses("profileB", 5, "certificate", SSL_CERT_FILE="/dev/null", ALIBABA_CLOUD_CA_BUNDLE="", **QUICK)
    assert machine.sts.requests_seen == 0
    succeeds(machine, ALIBABA_CLOUD_CA_BUNDLE="")


def test_a_bundle_without_certificates_is_named(machine: Machine) -> None:
    for bundle in ("/no/such/file", "/", "/dev/null"):
        said = f"ALIBABA_CLOUD_CA_BUNDLE names {bundle}"
        machine.refuses("profileB", 3, said, ALIBABA_CLOUD_CA_BUNDLE=bundle, **QUICK)


@pytest.mark.parametrize(
    ("variable", "values"),
    [
        ("ALIBABA_CLOUD_STS_ENDPOINT", ("localhost:99999", "localhost:", "local host", "localhost/path", "[::1")),
        ("ROLE_ENV_TIMEOUT", ("0", "-1", "nan", "inf", "soon", "1e9")),
    ],
)
def test_an_invalid_endpoint_or_timeout_is_an_error_of_the_setting(
    machine: Machine, variable: str, values: tuple[str, ...]
) -> None:
    for value in values:
        with case(value):
            machine.refuses("profileB", 3, variable, **QUICK, **{variable: value})


# ---- proxies ----


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


def test_a_proxy_with_and_without_a_scheme_is_used_by_connect(machine: Machine, proxy: Proxy) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        succeeds(machine, **{variable: f"http://{proxy.address}"})
        succeeds(machine, **{variable: proxy.address})
    assert len(proxy.heads) == 8
    for head in proxy.heads:
        assert head.startswith(f"CONNECT {machine.sts.endpoint} HTTP/1.")
        assert "authorization" not in head.lower()
        assert "Signature" not in head


def test_a_proxy_gets_its_name_and_password_and_sts_does_not(machine: Machine, proxy: Proxy) -> None:
    succeeds(machine, HTTPS_PROXY=f"http://me:p%40ss%2Fword@{proxy.address}")
    login = base64.b64encode(b"me:p@ss/word").decode()
    assert f"Proxy-Authorization: Basic {login}\r\n" in proxy.heads[0]
    (call,) = machine.sts.calls_of("AssumeRole")
    assert not [name for name in call.header_names if "authorization" in name]


def test_a_host_in_no_proxy_is_called_directly_and_the_proxy_for_plain_http_is_ignored(
    machine: Machine, proxy: Proxy
) -> None:
    address = f"http://{proxy.address}"
    for none in ("localhost", "*", "example.com,localhost", f"localhost:{machine.sts.port}"):
        succeeds(machine, HTTPS_PROXY=address, NO_PROXY=none)
        assert not proxy.heads, none
    succeeds(machine, HTTP_PROXY=address, http_proxy=address)
    assert not proxy.heads


def test_a_proxy_that_role_env_cannot_use_is_an_error_of_the_setting(machine: Machine) -> None:
    for address in (
        "https://me:hunter22@p:1",
        "socks5://me:hunter22@p:1",
        "http://me:hunter22@p:x",
        "http://hunter22@[",
    ):
        assert "hunter22" not in machine.refuses("profileB", 3, "proxy", "NO_PROXY", HTTPS_PROXY=address, **QUICK)
    assert machine.sts.connections_seen == 0


def test_neither_a_netrc_nor_a_variable_of_the_sdk_changes_the_request(machine: Machine) -> None:
    write_private(machine.home / ".netrc", "machine localhost login me password hunter22\n")
    succeeds(machine, ALIYUN_ACCESS_KEY_ID="LTAIother", ALIYUN_ACCESS_KEY_SECRET="othersecret", DEBUG="sdk")
    assert machine.reported[-1] == ""
    (call,) = machine.sts.calls_of("AssumeRole")
    assert (call.access_key_id, "authorization" in call.header_names) == (machine.sts.access_key_id, False)
    assert machine.sts.server_names == ["localhost"]  # which the handshake sends


# ---- answers ----


def test_a_request_is_signed_anew_for_each_of_its_three_tries(machine: Machine) -> None:
    """tests/test_faults.py has all the failures that pass."""
    machine.sts.fault("reset-after-request", times=2)
    succeeds(machine)
    nonces = [call.nonce for call in machine.sts.calls_of("AssumeRole")]
    assert len(set(nonces)) == len(nonces) == machine.sts.connections_seen == 3


@pytest.mark.parametrize("fault", ["quote-in-token", "command-in-token"])
def test_a_token_of_any_printable_characters_comes_out_byte_for_byte(machine: Machine, fault: str) -> None:
    machine.sts.fault(fault)
    script = 'eval "$(role-env profileB || echo false)" && printf %s "$ALIBABA_CLOUD_SECURITY_TOKEN"'
    done = machine.shell("dash", script)
    again = machine.shell("dash", script)
    assert done.stdout == again.stdout == machine.sts.issued[0].token
    assert len(machine.sts.issued) == 1
    assert not (machine.home / "command-ran").exists()


def test_the_answers_arn_is_known_in_each_of_its_shapes_and_whatever_the_case_of_the_role(machine: Machine) -> None:
    machine.add(f"[cased]\nrole_arn = acs:ram::{ACCOUNT_B}:role/switchRoleSbc\nsource_profile = profileA\n")
    for shape in get_args(ArnShape):
        machine.sts.arn_shape = shape
        succeeds(machine)
        machine.succeeds("cased", **QUICK)


# ---- refusals ----

HINTS = {
    "EntityNotExist.Role": "role_arn",
    "Forbidden": "rotate it at once, in the RAM console",
    "InvalidAccessKeyId.Inactive": "network access policy",
    "InvalidAccessKeyId.NotFound": "deleted",
    "InvalidSecurityToken.Expired": "get a new session for the source",
    "InvalidSecurityToken.Malformed": "same place",
    "InvalidSecurityToken.MismatchWithAccessKey": "same place",
    "InvalidParameter.DurationSeconds": "MaxSessionDuration",
    "InvalidParameter.ExternalId": "after the dot",
    "InvalidParameter.PolicyGrammar": "session policy",
    "InvalidParameter.PolicySize": "2,048 characters",
    "NoPermission": "sts:AssumeRole",
    "SignatureDoesNotMatch": "access_key_secret",
    "SignatureNonceUsed": "try again",
}


def test_a_refusal_is_final_and_has_stss_own_code(machine: Machine) -> None:
    codes = sorted(code for code in REFUSALS if REFUSALS[code][0] < 500 and "Throttling" not in code)
    for number, code in enumerate(codes, 1):
        machine.sts.fault(f"code:{code}:{REFUSALS[code][0]}", action="AssumeRole")
        with case(code):
            reported = machine.refuses("profileB", 4, f"STS said {code}: ", "profileB", **QUICK)
            assert len(machine.sts.calls_of("AssumeRole")) == number
            assert HINTS.get(code, "") in reported


SAML_HINTS = {
    "AuthenticationFail.IDPMetadata.Invalid": "metadata",
    "AuthenticationFail.NoPermission": "OIDC or SAML",
    "AuthenticationFail.SAMLAssertion.Expired": "sign in again",
    "AuthenticationFail.SAMLAssertion.Invalid": "urn:alibaba:cloudcomputing",
    "EntityNotExist.RoleArn": "role_arn",
    "EntityNotExist.SAMLProvider": "saml_provider_arn",
    "InvalidParameter.DurationSeconds": "MaxSessionDuration",
    "MissingParameter.SAMLAssertion": "saml_process",
}
"""The codes of AssumeRoleWithSAML."""


@pytest.mark.parametrize("code", SAML_HINTS)
def test_a_refusal_of_saml_has_its_own_hint_and_not_that_of_oidc(code: str) -> None:
    hint = hint_for(code, "")
    assert SAML_HINTS[code] in hint
    assert "oidc" not in hint


def test_a_source_identity_that_is_not_allowed_is_named_in_both_policies(machine: Machine) -> None:
    machine.write(machine.standard_profiles().replace("[profileB]\n", "[profileB]\nsource_identity = me\n"))
    machine.sts.fault("code:NoPermission:403", action="AssumeRole")
    machine.refuses(
        "profileB", 4, '["sts:AssumeRole", "sts:SetSourceIdentity"]', "allow sts:SetSourceIdentity there", **QUICK
    )


def test_a_wrong_secret_is_reported_without_it(machine: Machine) -> None:
    machine.write(machine.standard_profiles().replace(machine.sts.access_key_secret, "hunter22hunter22"))
    whose = f"the key is that of profile profileA ({machine.file}, line 2)"
    assert "hunter22" not in machine.refuses("profileB", 4, "SignatureDoesNotMatch", whose, **QUICK)
    assert machine.role_env("profileB", "--format", "json").stdout == ""


def test_a_string_to_sign_in_stss_message_is_left_out(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    quoted = "POST&%2F&SecurityToken%3D" + "Q2FJUz" * 40
    message = f"Specified signature is not matched. server string to sign is:{quoted}"
    monkeypatch.setitem(cast("dict[str, Any]", REFUSALS), "SignatureDoesNotMatch", (400, message))
    machine.sts.fault("code:SignatureDoesNotMatch:400")
    assert "Q2FJUz" not in machine.refuses("profileB", 4, "not matched", **QUICK)
