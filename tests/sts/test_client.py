"""The road to STS: TLS, proxies, retries; each refusal with its words. What goes wrong is in tests/test_faults.py."""

import base64
from collections.abc import Iterator
from typing import Any, cast

import pytest

from cloud.local_sts import ArnShape
from cloud.refusals import REFUSALS
from cloud.world import ACCOUNT_B
from support.machine import Machine
from support.proxy import Proxy

QUICK = {"ROLE_ENV_CACHE": "none"}
"""Without the keyring, which these tests are not about."""

ACCEPTED = {"quote-in-token", "command-in-token"}


def succeeds(machine: Machine, **environ: str) -> None:
    """Checks that `role-env profileB` gives what STS issued last."""
    done = machine.role_env("export", "profileB", "--format", "json", **QUICK, **environ)
    assert done.returncode == 0, done.stderr
    assert machine.sts.issued[-1].token in done.stdout


# ---- TLS ----


def test_the_servers_name_is_sent_in_the_handshake(machine: Machine) -> None:
    succeeds(machine)
    assert machine.sts.server_names == ["localhost"]


def test_plain_http_is_refused(machine: Machine) -> None:
    machine.refuses("profileB", 3, "http://", ALIBABA_CLOUD_STS_ENDPOINT="http://" + machine.sts.endpoint, **QUICK)
    machine.write(machine.standard_profiles() + "sts_endpoint = http://localhost\n")
    machine.refuses("profileB", 3, "sts_endpoint begins with http://", **QUICK)
    assert machine.sts.connections_seen == 0


def test_the_bundle_of_alibabas_tools_is_trusted(machine: Machine) -> None:
    succeeds(machine, SSL_CERT_FILE="/dev/null", ALIBABA_CLOUD_CA_BUNDLE=str(machine.sts.ca_file))


def test_an_empty_bundle_variable_turns_no_check_off(machine: Machine) -> None:
    machine.refuses("profileB", 5, "certificate", SSL_CERT_FILE="/dev/null", ALIBABA_CLOUD_CA_BUNDLE="", **QUICK)
    assert machine.sts.requests_seen == 0
    succeeds(machine, ALIBABA_CLOUD_CA_BUNDLE="")


@pytest.mark.parametrize("bundle", ["/no/such/file", "/", "/dev/null"])
def test_a_bundle_that_holds_no_certificates_is_named(machine: Machine, bundle: str) -> None:
    machine.refuses("profileB", 3, f"ALIBABA_CLOUD_CA_BUNDLE names {bundle}", ALIBABA_CLOUD_CA_BUNDLE=bundle, **QUICK)


@pytest.mark.parametrize("endpoint", ["localhost:99999", "localhost:", "local host", "localhost/path", "[::1"])
def test_an_endpoint_that_is_none_is_an_error_of_the_setting(machine: Machine, endpoint: str) -> None:
    machine.refuses("profileB", 3, "ENDPOINT", ALIBABA_CLOUD_STS_ENDPOINT=endpoint, **QUICK)


# ---- proxies ----


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_with_and_without_a_scheme_is_gone_through_by_connect(
    machine: Machine, proxy: Proxy, variable: str
) -> None:
    succeeds(machine, **{variable: f"http://{proxy.address}"})
    succeeds(machine, **{variable: proxy.address})
    assert len(proxy.heads) == 2
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


@pytest.mark.parametrize("none", ["localhost", "*", "example.com,localhost", "localhost:{port}"])
def test_no_proxy_is_gone_through_for_a_host_in_no_proxy(machine: Machine, proxy: Proxy, none: str) -> None:
    succeeds(machine, HTTPS_PROXY=f"http://{proxy.address}", NO_PROXY=none.format(port=machine.sts.port))
    assert not proxy.heads


def test_the_proxy_for_plain_http_is_not_used(machine: Machine, proxy: Proxy) -> None:
    succeeds(machine, HTTP_PROXY=f"http://{proxy.address}", http_proxy=f"http://{proxy.address}")
    assert not proxy.heads


@pytest.mark.parametrize(
    "address",
    ["https://me:hunter22@p:1", "socks5://me:hunter22@p:1", "http://me:hunter22@p:port", "http://me:hunter22@["],
)
def test_a_proxy_that_role_env_cannot_use_is_an_error_of_the_setting(machine: Machine, address: str) -> None:
    assert "hunter22" not in machine.refuses("profileB", 3, "proxy", "NO_PROXY", HTTPS_PROXY=address, **QUICK)
    assert machine.sts.connections_seen == 0


def test_a_netrc_adds_nothing_to_the_request(machine: Machine) -> None:
    netrc = machine.home / ".netrc"
    netrc.write_text("machine localhost login me password hunter22\n")
    netrc.chmod(0o600)
    succeeds(machine)
    (call,) = machine.sts.calls_of("AssumeRole")
    assert "authorization" not in call.header_names


# ---- retries ----


def test_a_passing_failure_is_tried_three_times_in_all_signed_anew_each_time(machine: Machine) -> None:
    """tests/test_faults.py has all the failures that pass."""
    machine.sts.fault("reset-after-request", times=2)
    succeeds(machine)
    assert machine.sts.connections_seen == 3
    nonces = [call.nonce for call in machine.sts.calls_of("AssumeRole")]
    assert len(set(nonces)) == len(nonces)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon", "1e9"])
def test_a_timeout_that_is_no_number_of_seconds_is_an_error_of_the_setting(machine: Machine, text: str) -> None:
    machine.refuses("profileB", 3, "ROLE_ENV_TIMEOUT", ROLE_ENV_TIMEOUT=text, **QUICK)


# ---- answers that are wrong ----


@pytest.mark.parametrize("command", [("process",), ("export", "--format", "json"), ("export", "--format", "dotenv")])
def test_a_program_that_waits_for_a_document_gets_none_of_it(machine: Machine, command: tuple[str, ...]) -> None:
    machine.sts.fault("missing-token")
    done = machine.role_env(*command, "profileB", **QUICK)
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("role-env: ")


@pytest.mark.parametrize("fault", sorted(ACCEPTED))
def test_a_token_of_any_printable_characters_comes_out_byte_for_byte(machine: Machine, fault: str) -> None:
    machine.sts.fault(fault)
    script = 'eval "$(role-env profileB || echo false)" && printf %s "$ALIBABA_CLOUD_SECURITY_TOKEN"'
    done = machine.shell("dash", script)
    again = machine.shell("dash", script)
    assert done.stdout == again.stdout == machine.sts.issued[0].token
    assert len(machine.sts.issued) == 1
    assert not machine.sts.command_ran.exists()


@pytest.mark.parametrize("shape", ["role", "assumed-role", "ram-assumed-role"])
def test_the_answers_arn_is_known_in_each_of_its_shapes(machine: Machine, shape: str) -> None:
    machine.sts.arn_shape = cast(ArnShape, shape)
    succeeds(machine)


def test_the_case_of_a_roles_name_does_not_count(machine: Machine) -> None:
    machine.add(f"[cased]\nrole_arn = acs:ram::{ACCOUNT_B}:role/switchRoleSbc\nsource_profile = profileA\n")
    assert machine.role_env("cased", **QUICK).returncode == 0


# ---- refusals ----

HINTS = {
    "EntityNotExist.Role": "role_arn",
    "InvalidAccessKeyId.Inactive": "disabled",
    "InvalidAccessKeyId.NotFound": "deleted",
    "InvalidSecurityToken.Expired": "expired",
    "InvalidSecurityToken.Malformed": "same place",
    "InvalidSecurityToken.MismatchWithAccessKey": "same place",
    "InvalidParameter.DurationSeconds": "MaxSessionDuration",
    "InvalidParameter.PolicyGrammar": "after the dot",
    "NoPermission": "sts:AssumeRole",
    "SignatureDoesNotMatch": "access_key_secret",
    "SignatureNonceUsed": "try again",
}


@pytest.mark.parametrize(
    "code", sorted(code for code in REFUSALS if REFUSALS[code][0] < 500 and "Throttling" not in code)
)
def test_a_refusal_is_final_and_has_stss_own_code(machine: Machine, code: str) -> None:
    machine.sts.fault(f"code:{code}:{REFUSALS[code][0]}", action="AssumeRole")
    reported = machine.refuses("profileB", 4, f"STS said {code}: ", "profileB", **QUICK)
    assert len(machine.sts.calls_of("AssumeRole")) == 1
    assert HINTS.get(code, "") in reported


def test_who_lacks_permission_is_reported_with_the_role_and_the_policy(machine: Machine) -> None:
    key = machine.sts.world.key_of("test_user2")
    machine.add(f"[user2]\naccess_key_id = {key.id}\naccess_key_secret = {key.secret}\n")
    machine.add(f"[mine]\nrole_arn = {machine.sts.role_arn}\nsource_profile = user2\n")
    done = machine.role_env("mine", **QUICK)
    assert done.returncode == 4
    reported, hint = done.stderr.splitlines()
    assert "user/test_user2 may not assume " + machine.sts.role_arn in reported
    assert f'"Resource": "{machine.sts.role_arn}"' in hint


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


def test_a_variable_of_the_sdk_does_not_replace_the_profiles_key(machine: Machine) -> None:
    succeeds(machine, ALIYUN_ACCESS_KEY_ID="LTAIother", ALIYUN_ACCESS_KEY_SECRET="othersecret")
    (call,) = machine.sts.calls_of("AssumeRole")
    assert call.access_key_id == machine.sts.access_key_id


def test_the_sdks_debug_variable_prints_nothing(machine: Machine) -> None:
    done = machine.role_env("profileB", DEBUG="sdk", **QUICK)
    assert (done.returncode, done.stderr) == (0, "")
