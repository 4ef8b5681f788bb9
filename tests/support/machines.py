"""Prepared machines, by the names that transcripts use."""

import re
import time
from collections.abc import Callable

import pytest

from cloud.world import Session
from support.machine import Machine


def _write_key(machine: Machine, key_id: str, secret: str, more: str = "") -> None:
    """Give profileA another key."""
    text = machine.standard_profiles().replace(machine.sts.access_key_id, key_id)
    machine.write(text.replace(machine.sts.access_key_secret, secret + more))


def _expired_session(machine: Machine) -> None:
    expired = Session("STS.Expired", "SecretOfExpired", "TokenOfExpired", 0, machine.sts.world.role("hub"), "me")
    machine.sts.issued.append(expired)
    _write_key(machine, expired.id, expired.secret, f"\nsecurity_token = {expired.token}")


def _disabled_key(machine: Machine) -> None:
    key = machine.sts.world.key_of("test_user3")
    _write_key(machine, key.id, key.secret)


def _may_assume_strangers(machine: Machine) -> None:
    role, user = machine.sts.world.role("strangers"), machine.sts.world.key_of("test_user1").user
    assert user
    user.may_assume.add(role.arn)
    role.trusts.add("acs:ram::1111111111111111:root")


MACHINES: dict[str, Callable[[Machine], object]] = {
    "a disabled key": _disabled_key,
    "a source session that has expired": _expired_session,
    "hub allows two hours": lambda machine: setattr(machine.sts.world.role("hub"), "max_session_seconds", 7200),
    "standard profiles": lambda machine: machine.write(machine.standard_profiles()),
    "test_user1 may assume strangers": _may_assume_strangers,
    "that key is enabled": lambda machine: setattr(machine.sts.world.key_of("test_user3"), "active", True),
}


def _key_of_days(machine: Machine, days: int) -> None:
    machine.sts.world.keys[machine.sts.access_key_id].created = time.time() - (days + 0.5) * 86400
    machine.log_in("profileA")


def prepare(name: str, machine: Machine, request: pytest.FixtureRequest) -> None:
    """Prepare the machine in the way of this name, which may be a fixture of conftest.py."""
    if found := re.fullmatch(r"a key of (\d+) days in the keyring", name):
        _key_of_days(machine, int(found[1]))
    elif name in MACHINES:
        MACHINES[name](machine)
    else:
        request.getfixturevalue(name)
