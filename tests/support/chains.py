"""Chains of roles in a machine's profiles file, and what their requests come to."""

import json
import time
from typing import Any

from support.machine import Machine

HUB = "acs:ram::2222222222222222:role/hub"


def assumed(machine: Machine, action: str = "AssumeRole") -> list[str]:
    """Return the roles of the calls since the last look."""
    roles = [call.role_arn.rpartition("/")[2].lower() for call in machine.sts.calls_of(action)]
    machine.sts.clear_calls()
    return roles


def add_profile(machine: Machine, name: str, role: str, source: str = "source_profile = profileA") -> None:
    """Add a profile that assumes a role of the world."""
    machine.add(f"[{name}]\nrole_arn = {machine.sts.world.role(role).arn}\n{source}\n")


def write_spokes(machine: Machine) -> None:
    """hub, from profileA, and spoke1 to spoke10, which hub assumes."""
    add_profile(machine, "hub", "hub")
    for number in range(1, 11):
        add_profile(machine, f"spoke{number}", f"spoke{number}", "source_profile = hub")


def key_document(machine: Machine, **more: str) -> str:
    """Return test_user1's key as a `credential_process` prints it."""
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    return json.dumps({"mode": "AK", **key, **more})


def oidc(machine: Machine, keys: str) -> None:
    """Add a profile `ci`, whose source is an OIDC token."""
    add_profile(machine, "ci", "ciDeploy", f"oidc_provider_arn = {machine.sts.oidc_provider_arn}\n{keys}")


OF_CLI = "credential_source = aliyun_cli"


class CliFile:
    """~/.aliyun/config.json of the machine, as the CLI writes it; quick has a role and `itself` none."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.sts = machine, machine.sts
        machine.add(f"[quick]\nrole_arn = {machine.sts.role_arn}\n{OF_CLI}\n\n[itself]\n{OF_CLI}\n")

    @property
    def key(self) -> dict[str, str]:
        """Return test_user1's key."""
        return {"access_key_id": self.sts.access_key_id, "access_key_secret": self.sts.access_key_secret}

    def write(self, *profiles: dict[str, Any], current: str = "default") -> None:
        """Write the file; a profile that names none is the default one."""
        named = [{"name": "default", "language": "en", "output_format": "json"} | profile for profile in profiles]
        self.machine.write_cli_file({"current": current, "profiles": named, "meta_path": ""})

    def sign_in(self, session: dict[str, Any], mode: str = "OAuth", seconds: int = 2000, **more: Any) -> None:
        """Write the file of somebody who has signed in and got a session that lasts so many seconds."""
        key = {"access_key_id": session["AccessKeyId"], "access_key_secret": session["AccessKeySecret"]}
        token = {"sts_token": session["SecurityToken"], "sts_expiration": int(time.time()) + seconds}
        self.write({"mode": mode, **key, **token, **more})
