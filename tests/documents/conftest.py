"""The machine of a reader of the documents."""

import pytest

from support.machine import Machine


@pytest.fixture
def person(machine: Machine) -> Machine:
    """Return a machine whose user has a working `aliyun` CLI, and a region in profileB."""
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    profiles = [{"name": "default", "mode": "AK", **key}]
    profiles.append({"name": "saml", "mode": "StsToken", **key, "sts_token": "of-saml2alibabacloud"})
    machine.write_cli_file({"current": "default", "profiles": profiles})
    machine.add("region_id = cn-hangzhou\n")  # profileB is the last section
    return machine
