"""`exec --renew` serves one session: a renewal keeps its account, role, session name and policy, or does not happen."""

import json
import struct
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud.world import ACCOUNT_B
from role_env.context.messages import Messages
from role_env.credentials import Credentials, Session
from role_env.errors import UnreachableError
from role_env.supervise.credentials_server import Supply
from support.machine import Machine
from support.secret_service_bus import require
from support.served_command import Begin
from support.waiting import DEADLINE, wait_until

SHORT = 6
"""The seconds that a session lasts. Its first renewal is due when half of that is left."""


def profile(machine: Machine, keys: str) -> None:
    """Let `kept` be a profile with these keys, else of profileB's role, beside those of the standard file."""
    role = "" if "role_arn" in keys else f"role_arn = {machine.sts.role_arn}\n"
    machine.write(f"{machine.standard_profiles()}\n[kept]\nsource_profile = profileA\n{role}{keys}")


ANOTHER_POLICY = "another session policy"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("read_only = yes\n", "", ANOTHER_POLICY),
        ('policy = {"Version":"1","Statement":[]}\n', "", ANOTHER_POLICY),
        ('policy = {"Version":"1","Statement":[]}\n', 'policy = {"Statement":[],"Version":"1"}\n', ANOTHER_POLICY),
        ("", "read_only = yes\n", ANOTHER_POLICY),
        ("", f"role_arn = acs:ram::{ACCOUNT_B}:role/hub\n", f"role acs:ram::{ACCOUNT_B}:role/hub, not acs:"),
    ],
)
def test_a_profile_that_now_has_another_policy_or_role_is_neither_requested_nor_served(
    machine: Machine, begin: Begin, before: str, after: str, said: str
) -> None:
    machine.sts.session_seconds = SHORT
    profile(machine, before)
    running = begin(profile="kept")
    first = running.session()
    profile(machine, after)
    running.answers(503)
    assert f"it would be of {said}" in running.reports()
    assert [call.policy for call in machine.sts.calls_of("AssumeRole")] == [machine.sts.issued[0].policy]
    assert first["AccessKeyId"] == machine.sts.issued[0].id
    assert running.end() == ""


def test_a_program_signed_in_elsewhere_does_not_change_the_commands_account(machine: Machine, begin: Begin) -> None:
    world, signed_in = machine.sts.world, machine.home / "signed-in"
    machine.add(
        f"[hub]\nrole_arn = {world.role('hub').arn}\nsource_profile = profileA\n"
        f"[far]\nrole_arn = {world.role('spoke1').arn}\nsource_profile = hub\n"
        f"[lent]\ncredential_process = sh -c 'role-env process $(cat {signed_in})'\n"
    )
    signed_in.write_text("profileB")
    machine.sts.session_seconds = SHORT
    running = begin(profile="lent")
    signed_in.write_text("far")
    running.answers(503)
    assert "it would be of account " in running.reports()


def test_a_wider_session_that_was_requested_elsewhere_is_not_served(machine: Machine, begin: Begin) -> None:
    machine.sts.session_seconds = SHORT
    profile(machine, "read_only = yes\n")
    running = begin(profile="kept")
    running.session()
    profile(machine, "")
    machine.sts.session_seconds = 900
    full = json.loads(machine.succeeds("kept", "--format", "json").stdout)
    running.answers(503)
    assert "it would be of another session policy" in running.reports()
    assert full["AccessKeyId"] == machine.sts.issued[-1].id


def test_a_profile_with_another_session_name_is_asked_for_with_the_sessions_own(machine: Machine, begin: Begin) -> None:
    machine.sts.session_seconds = SHORT
    profile(machine, "role_session_name = before\n")
    running = begin(profile="kept")
    profile(machine, "role_session_name = after\n")
    wait_until(lambda: running.session()["AccessKeyId"] != machine.sts.issued[0].id)
    assert {call.session_name for call in machine.sts.calls_of("AssumeRole")} == {"before"}
    assert running.end() == ""


def test_why_a_session_is_not_renewed_is_reported_at_once_for_each_reason(machine: Machine, begin: Begin) -> None:
    machine.sts.session_seconds = 2 * SHORT
    running = begin()
    running.session()
    machine.sts.fault("hang", times=None, action="AssumeRole")
    before = machine.sts.connections_seen
    wait_until(lambda: machine.sts.connections_seen == before + 2)
    machine.sts.heal()
    machine.sts.fault("code:NoPermission:403", times=None, action="AssumeRole")
    running.answers(503)
    lines = running.end().splitlines()
    assert [line for line in lines if not line.startswith("role-env: the session could not be renewed and ex")] == []
    assert len(lines) == 2
    assert "could not be reached: it timed out" in lines[0]
    assert "may not assume" in lines[1]


# ---- while the clock of the machine is wrong, and that of STS right ----


SOURCE = Path(__file__).parents[1] / "support" / "shifted_clock.c"
MINUTE, HOUR = 60, 3600


class Clock:
    """The clock of `machine`, except that of its STS and its keyring."""

    def __init__(self, machine: Machine) -> None:
        require("cc")
        library = machine.temporary / "shifted_clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True)
        self._file = machine.temporary / "shift"
        self._file.write_bytes(struct.pack("q", 0))
        machine.environ |= {"LD_PRELOAD": str(library), "SHIFTED_CLOCK": str(self._file)}

    def move(self, seconds: int) -> None:
        """Let the clock be wrong by so many seconds."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", seconds))


@pytest.fixture
def clock(machine: Machine) -> Clock:
    return Clock(machine)


def test_a_session_that_lives_by_a_clock_that_is_fast_is_served(machine: Machine, begin: Begin, clock: Clock) -> None:
    running = begin()
    first = running.session()
    clock.move(10 * MINUTE)
    assert running.session() == first
    assert running.end() == ""


def test_a_clock_that_is_hours_fast_suspends_the_session_until_it_is_right(
    machine: Machine, begin: Begin, clock: Clock
) -> None:
    running = begin()
    first = running.session()
    clock.move(2 * HOUR)
    assert running.ask()[0] == 503
    clock.move(0)
    assert running.session() == first
    assert "STS said InvalidTimeStamp.Expired" in running.end()


def test_a_clock_that_was_set_back_leads_to_a_new_session(machine: Machine, begin: Begin, clock: Clock) -> None:
    running = begin()
    first = running.session()
    clock.move(-10 * MINUTE)
    assert running.session() != first
    assert running.end() == ""


def test_a_session_has_its_end_though_the_clock_goes_hours_back(machine: Machine, begin: Begin, clock: Clock) -> None:
    machine.sts.session_seconds = 6
    running = begin()
    first = running.session()
    clock.move(-2 * HOUR)
    assert running.session() == first
    running.answers(503)
    clock.move(0)
    running.answers(200)
    assert running.session() != first
    assert running.end().count("could not be renewed") == 1


# ---- when the server renews its session, and what it hands out meanwhile ----


def session_with(left: float) -> Session:
    """A session of an hour that has so many seconds left."""
    end = int(time.time() + left)
    credentials = Credentials("STS.x", "s", "t", issued=end - HOUR, expiration=end)
    return Session("p", "acs:ram::1:role/r", credentials, variables=("plain",))


def seconds_left(supply: Supply) -> float:
    """The seconds that the credentials of `supply` have left, which there have to be."""
    found = supply.credentials()
    assert found is not None
    return found.remaining()


@pytest.mark.parametrize(("left", "is_due"), [(1000, False), (950, True)])
def test_a_session_of_an_hour_is_renewed_when_960_seconds_are_left(left: int, is_due: bool) -> None:
    asked: list[int] = []

    def renew(seconds: int) -> Session:
        asked.append(seconds)
        return session_with(3600)

    is_renewed = seconds_left(Supply(session_with(left), renew, Messages())) > 3500
    assert asked == ([960] if is_due else [])
    assert is_renewed == is_due


def test_a_session_that_nobody_asked_for_is_not_renewed_ahead() -> None:
    def renew(_: int) -> Session:
        raise AssertionError("nobody asked")

    supply = Supply(session_with(900), renew, Messages())
    supply.look_ahead()
    time.sleep(0.1)
    assert seconds_left(supply) < 901


def test_a_session_from_a_clock_that_was_set_back_is_renewed() -> None:
    assert seconds_left(Supply(session_with(7200), lambda _: session_with(3600), Messages())) < 3601


def test_a_program_does_not_wait_for_a_renewal_that_hangs_while_the_old_session_is_good() -> None:
    released = threading.Event()

    def renew(_: int) -> Session:
        released.wait(DEADLINE)
        return session_with(3600)

    assert seconds_left(Supply(session_with(900), renew, Messages())) < 901
    released.set()


def test_failed_renewals_call_sts_rarely_and_many_requests_at_once_make_one_call() -> None:
    calls: list[None] = []

    def renew(_: int) -> Session:
        calls.append(None)
        time.sleep(0.2)
        raise UnreachableError("STS cannot be reached")

    supply = Supply(session_with(900), renew, Messages(silent=True))
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: supply.credentials(), range(20)))
    found += [supply.credentials() for _ in range(100)]
    assert len(calls) == 1
    assert None not in found
