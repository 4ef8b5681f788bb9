"""Chains that begin with an OIDC token, through the installed command."""

import base64
import json

from support.cached_sessions import exports
from support.chains import HUB, CliFile, assumed, oidc
from support.machine import Machine


def test_a_token_file_is_read_anew_each_time_and_no_key_is_needed(machine: Machine) -> None:
    token = machine.home / "token"
    oidc(machine, f"oidc_token_file = {token}")
    machine.refuses("ci", 3, "profile ci", str(token), f"{machine.file}, line")
    token.write_text(machine.sts.oidc_token() + "\n")
    exports(machine, "ci")
    token.write_text(machine.sts.oidc_token())  # the same identity's next one
    exports(machine, "ci")
    assert assumed(machine, "AssumeRoleWithOIDC") == ["cideploy"]
    token.write_text("another.that.is-not-one")
    for arguments in (["ci"], ["ci", "--refresh"]):
        machine.fails(*arguments, status=4, said="AuthenticationFail.OIDCToken.Invalid")


def test_a_session_belongs_to_the_identity_of_its_token_and_not_to_another_ones(machine: Machine) -> None:
    token = machine.home / "token"
    oidc(machine, f"oidc_token_file = {token}")
    claims = {"iss": "https://issuer", "sub": "job 1", "aud": "sts.aliyuncs.com"}

    def write(signature: str, **changed: str) -> None:
        parts = (b"{}", json.dumps(claims | changed).encode(), signature.encode())
        token.write_text(".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts))

    provider = machine.sts.world.providers[machine.sts.oidc_provider_arn]
    write("first")
    provider.tokens[token.read_text()] = ""
    exports(machine, "ci")
    write("renewed")  # a new token of the same identity
    exports(machine, "ci")
    assert assumed(machine, "AssumeRoleWithOIDC") == ["cideploy"]
    for name in claims:  # STS refuses the token of each other one: it must not act as the first
        write("other", **{name: "another"})
        machine.refuses("ci", 4, "profile ci")
    token.write_text("opaque")  # nothing in it names an identity: another token is another one
    provider.tokens["opaque"] = ""
    exports(machine, "ci")
    token.write_text("opaque-too")
    machine.refuses("ci", 4, "profile ci")


def test_the_sdks_own_variables_are_enough(machine: Machine) -> None:
    token = machine.home / "token"
    token.write_text(machine.sts.oidc_token())
    machine.add("[pod]\noidc_token_file = " + str(token) + "\n")
    environ = {
        "ALIBABA_CLOUD_ROLE_ARN": machine.sts.world.role("cideploy").arn,
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": machine.sts.oidc_provider_arn,
        "ALIBABA_CLOUD_ROLE_SESSION_NAME": "a-pod",
    }
    exports(machine, "pod", **environ)
    (call,) = machine.sts.calls_of("AssumeRoleWithOIDC")
    assert call.session_name == "a-pod"
    machine.refuses("pod", 3, "profile pod: role_arn is missing", "ALIBABA_CLOUD_ROLE_ARN")


def test_a_token_file_that_can_be_none_is_no_bug(machine: Machine, cli_file: CliFile) -> None:
    provider = machine.sts.oidc_provider_arn
    for path in ("\0", "\ud800"):
        oidc = {"mode": "OIDC", "oidc_provider_arn": provider, "oidc_token_file": path, "ram_role_arn": HUB}
        cli_file.write(oidc)
        machine.refuses("quick", 3, "cannot be read: it is not a path")
