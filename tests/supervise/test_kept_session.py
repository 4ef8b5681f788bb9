"""`exec --renew` serves one session: a renewal keeps its account, role, session name and policy, or does not happen."""

import json

import pytest

from support.machine import Machine
from support.served_command import Begin
from support.waiting import wait_until

SHORT = 6
"""The seconds that a session lasts. Its first renewal is due when half of that is left."""


def profile(machine: Machine, keys: str) -> None:
    """Let `kept` be a profile with these keys, beside those of the standard file."""
    role = f"role_arn = {machine.sts.role_arn}\nsource_profile = profileA\n"
    machine.write(f"{machine.standard_profiles()}\n[kept]\n{role}{keys}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("read_only = yes\n", ""),
        ('policy = {"Version":"1","Statement":[]}\n', ""),
        ('policy = {"Version":"1","Statement":[]}\n', 'policy = {"Statement":[],"Version":"1"}\n'),
        ("", "read_only = yes\n"),
    ],
)
def test_a_profile_with_another_policy_by_now_is_neither_requested_nor_served(
    machine: Machine, begin: Begin, before: str, after: str
) -> None:
    machine.sts.session_seconds = SHORT
    profile(machine, before)
    running = begin(profile="kept")
    first = running.session()
    profile(machine, after)
    wait_until(lambda: running.ask()[0] == 503)
    assert [call.policy for call in machine.sts.calls_of("AssumeRole")] == [machine.sts.issued[0].policy]
    assert first["AccessKeyId"] == machine.sts.issued[0].id
    reported = running.end()
    assert "it would be of another session policy" in reported
    assert reported.count("\n") == 1


def test_a_wider_session_that_was_requested_elsewhere_is_not_served(machine: Machine, begin: Begin) -> None:
    machine.sts.session_seconds = SHORT
    profile(machine, "read_only = yes\n")
    running = begin(profile="kept")
    running.session()
    profile(machine, "")
    machine.sts.session_seconds = 900
    full = json.loads(machine.succeeds("kept", "--format", "json").stdout)
    wait_until(lambda: running.ask()[0] == 503)
    assert full["AccessKeyId"] == machine.sts.issued[-1].id
    assert "it would be of another session policy" in running.end()


def test_a_profile_with_another_session_name_by_now_is_asked_for_with_the_sessions_own(
    machine: Machine, begin: Begin
) -> None:
    machine.sts.session_seconds = SHORT
    profile(machine, "role_session_name = before\n")
    running = begin(profile="kept")
    profile(machine, "role_session_name = after\n")
    wait_until(lambda: running.session()["AccessKeyId"] != machine.sts.issued[0].id)
    assert {call.session_name for call in machine.sts.calls_of("AssumeRole")} == {"before"}
    assert running.end() == ""


def test_why_a_session_is_not_renewed_is_reported_when_it_happens_and_again_for_another_reason(
    machine: Machine, begin: Begin
) -> None:
    machine.sts.session_seconds = 2 * SHORT
    running = begin()
    running.session()
    machine.sts.fault("hang", times=None, action="AssumeRole")
    before = machine.sts.connections_seen
    wait_until(lambda: machine.sts.connections_seen == before + 2)
    machine.sts.heal()
    machine.sts.fault("code:NoPermission:403", times=None, action="AssumeRole")
    wait_until(lambda: running.ask()[0] == 503)
    lines = running.end().splitlines()
    assert [line for line in lines if not line.startswith("role-env: the session could not be renewed and ex")] == []
    assert len(lines) == 2
    assert "could not be reached: it timed out" in lines[0]
    assert "may not assume" in lines[1]
