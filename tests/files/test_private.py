"""A file that decides a request, and that other users can change, is refused before anything is requested."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.doctor import examined
from support.files import write_private
from support.machine import Machine

POLICY = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}'


def profiles_file(machine: Machine) -> Path:
    return machine.file


def policy_file(machine: Machine) -> Path:
    machine.write(f"{machine.file.read_text()}policy_file = policy.json\n")
    return write_private(machine.file.with_name("policy.json"), POLICY)


def policy_option(machine: Machine) -> Path:
    return write_private(machine.home / "policy.json", POLICY)


def cli_file(machine: Machine) -> Path:
    """The CLI's file with a command, and no secret."""
    key = {"mode": "AK", "access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    program = machine.write_program(".aliyun/key", f"#!/bin/sh\necho '{json.dumps(key)}'\n")
    machine.write(f"[profileB]\nrole_arn = {machine.sts.role_arn}\ncredential_source = aliyun_cli\n")
    return machine.write_cli_file(
        {"profiles": [{"name": "default", "mode": "External", "process_command": str(program)}]}
    )


def token_file(machine: Machine) -> Path:
    role, provider = machine.sts.world.role("cideploy").arn, machine.sts.oidc_provider_arn
    machine.write(f"[profileB]\nrole_arn = {role}\noidc_provider_arn = {provider}\noidc_token_file = token\n")
    return write_private(machine.file.with_name("token"), machine.sts.oidc_token())


def certificates(machine: Machine, variable: str) -> Path:
    """A copy of the certificates to trust, which a variable names; every answer is asked for anew."""
    path = write_private(machine.home / "authority.pem", machine.sts.ca_file.read_text())
    machine.environ |= {variable: str(path), "ROLE_ENV_CACHE": "none"}
    return path


def bundle(machine: Machine) -> Path:
    return certificates(machine, "ALIBABA_CLOUD_CA_BUNDLE")


def certificate_file(machine: Machine) -> Path:
    return certificates(machine, "SSL_CERT_FILE")


KINDS = [profiles_file, policy_file, policy_option, cli_file, token_file, bundle, certificate_file]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_others_can_write_decides_no_request(machine: Machine, kind: Callable[[Machine], Path]) -> None:
    path = kind(machine)
    line = ["profileB", *(["--policy", str(path)] if kind is policy_option else [])]
    machine.succeeds(*line)
    before = machine.sts.requests_seen
    for mode in (0o602, 0o620, 0o666):
        path.chmod(mode)
        done = machine.fails(*line, status=3, said="others can ")
        assert str(path) in done.stderr.splitlines()[0]
        assert done.stderr.endswith(f"chmod {'600' if kind is profiles_file else 'go-w'} {path}\n")
    assert machine.sts.requests_seen == before
    if kind is not policy_option:
        found = [fault for faults in examined(machine).faults.values() for fault in faults]
        assert [fault for fault in found if "others can " in fault and str(path) in fault], found
    if os.geteuid() == 0:
        path.chmod(0o600)
        os.chown(path, 12345, 12345)
        before = machine.sts.requests_seen
        machine.fails(*line, status=3, said="belongs to another user (uid 12345)")
        assert machine.sts.requests_seen == before
        os.chown(path, 0, 0)
    path.chmod(0o600)
    machine.succeeds(*line)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644])
def test_the_clis_file_with_a_secret_that_others_can_read_is_refused_and_one_without_is_not(
    machine: Machine, mode: int
) -> None:
    path = cli_file(machine)
    path.chmod(mode)
    machine.succeeds("profileB")
    for name in ("access_key_secret", "access_token", "oauth_refresh_token"):
        path.write_text(json.dumps({"profiles": [{"name": "default", "mode": "AK", name: "x"}]}))
        said = f"the aliyun CLI's file {path} contains a secret and others can read it"
        assert f"chmod 600 {path}" in machine.fails("profileB", status=3, said=said).stderr
