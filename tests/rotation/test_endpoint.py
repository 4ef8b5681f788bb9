"""A variable leads RAM's calls only to RAM or this machine: what is planted there would receive the new key."""

import pytest

from cloud.ram import LocalRam
from support.machine import Machine
from support.rotated import states

VARIABLE = "ALIBABA_CLOUD_RAM_ENDPOINT"


@pytest.mark.parametrize(
    "planted",
    ["ram.example.com", "bucket.aliyuncs.com", "ram.aliyuncs.com.evil.example", "10.0.0.1", "http://localhost"],
)
def test_a_planted_endpoint_is_refused_before_anything_is_sent(machine: Machine, ram: LocalRam, planted: str) -> None:
    for option in ([], ["--status"], ["--abort"]):
        done = machine.fails(
            "rotate", "profileA", *option, status=3, said=f"the variable {VARIABLE}", **{VARIABLE: planted}
        )
        assert "asked at" not in done.stderr
    assert states(ram) == {machine.sts.access_key_id: True}


def test_another_host_is_named_by_an_option_and_before_anything_is_sent(machine: Machine, ram: LocalRam) -> None:
    host = ram.endpoint.replace("localhost", "127.0.0.1.nip.invalid")
    done = machine.fails(
        "rotate", "profileA", "--ram-endpoint", host, status=5, said=f"RAM at {host} could not be reached"
    )
    assert done.stderr.startswith(f"role-env: RAM is asked at {host}, which learns new keys\n")
    machine.succeeds("rotate", "profileA", "--ram-endpoint", ram.endpoint, **{VARIABLE: "ram.example.com"})
    machine.fails(
        "rotate", "profileA", "--ram-endpoint", "http://x", status=2, said="--ram-endpoint begins with http://"
    )
