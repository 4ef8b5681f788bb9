"""The request AssumeRoleWithSAML beside the one that Alibaba's own SDK sends."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from cloud.answers import Answer, answer_json
from cloud.service import Service
from support.certificates import server_context, write_authority
from support.machine import Machine
from support.readers import CLIENTS, PROGRAMS

pytestmark = pytest.mark.clients

POLICY = '{"Version": "1", "Statement": []}'
EACH_TIME = {"SignatureNonce", "Timestamp"}


class Recorder(Service):
    """A service that refuses every request, and has the parameters of the last one's address and body."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "recorder.pem"
        write_authority(self.ca_file)
        self.query: dict[str, str] = {}
        self.form: dict[str, str] = {}
        super().__init__(server_context())

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take note of a request. Return a refusal."""
        assert method == "POST"
        self.query, self.form = dict(parse_qsl(urlsplit(target).query)), dict(parse_qsl(body.decode()))
        return answer_json({"Code": "EntityNotExist.SAMLProvider", "Message": "none", "RequestId": "1"}, 404)


def without_noise(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters without those that each request has anew; STS ignores the case of Format."""
    found = {name: value for name, value in parameters.items() if name not in EACH_TIME}
    return found | {"Format": found["Format"].upper()}


def test_the_parameters_are_those_of_the_sdk_without_a_signature_and_the_assertion_is_in_the_body(
    machine: Machine,
) -> None:
    python = CLIENTS / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no {CLIENTS.name} (tests/run makes it)")
    (provider,) = machine.sts.world.saml_providers.values()
    role = machine.sts.world.role("employees").arn
    response = provider.response([role])
    machine.write_program("sign-in", f"#!/bin/sh\necho {response}\n")
    machine.write(
        f"[p]\nrole_arn = {role}\nsaml_provider_arn = {provider.arn}\nsaml_process = {machine.home}/sign-in\n"
        f"duration_seconds = 900\npolicy = {POLICY}\n"
    )
    with Recorder(machine.sts.folder) as recorder:
        there = {"ALIBABA_CLOUD_STS_ENDPOINT": recorder.endpoint, "SSL_CERT_FILE": str(recorder.ca_file)}
        words = (provider.arn, role, response, "900", POLICY)
        machine.run(str(python), str(PROGRAMS / "saml_request.py"), *words, **there)
        theirs = {**recorder.query, **recorder.form}
        machine.fails("p", status=4, said="EntityNotExist.SAMLProvider", **there)
        ours = {**recorder.query, **recorder.form}
    assert theirs["Action"] == "AssumeRoleWithSAML"
    assert without_noise(ours) == without_noise(theirs)
    assert recorder.form.keys() >= {"SAMLAssertion"}
    assert "SAMLAssertion" not in recorder.query
    assert not {"AccessKeyId", "Signature", "SecurityToken"} & ours.keys()
