"""`exec --renew` serves one session: a renewal keeps its account, role, session name and policy, or does not happen."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud.world import ACCOUNT_B
from role_env.context.messages import Messages
from role_env.credentials import Credentials, Session, parse_utc
from role_env.errors import RefusedError, UnreachableError
from role_env.live_sessions.credentials_server import Supply
from support.machine import Machine
from support.served_command import Begin
from support.waiting import DEADLINE, wait_until

SHORT = 6
"""The seconds that a session lasts. Its first renewal is due when half of that is left."""
HOUR = 3600


def profile(machine: Machine, keys: str) -> None:
    """Let `kept` be a profile with these keys, else of profileB's role, beside those of the standard file."""
    role = "" if "role_arn" in keys else f"role_arn = {machine.sts.role_arn}\n"
    machine.write(f"{machine.standard_profiles()}\n[kept]\nsource_profile = profileA\n{role}{keys}")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("read_only = yes\n", "", "another session policy"),
        ("", f"role_arn = acs:ram::{ACCOUNT_B}:role/hub\n", f"role acs:ram::{ACCOUNT_B}:role/hub, not acs:"),
    ],
)
def test_a_profile_that_now_has_another_policy_or_role_is_neither_requested_nor_served(
    machine: Machine, begin: Begin, before: str, after: str, said: str
) -> None:
    """What is compared is in tests/sessions/test_renew.py."""
    machine.sts.session_seconds = SHORT
    profile(machine, before)
    running = begin(profile="kept")
    running.session()
    profile(machine, after)
    machine.succeeds("kept", "--format", "json")  # requested elsewhere
    running.answers(503)
    assert f"it would be of {said}" in running.reports()
    assert len(machine.sts.calls_of("AssumeRole")) == 2
    assert running.end() == ""


def test_a_profile_with_another_session_name_is_asked_for_with_the_sessions_own(machine: Machine, begin: Begin) -> None:
    machine.sts.session_seconds = SHORT
    profile(machine, "role_session_name = before\n")
    running = begin(profile="kept")
    profile(machine, "role_session_name = after\n")
    wait_until(lambda: running.session()["AccessKeyId"] != machine.sts.issued[0].id)
    assert {call.session_name for call in machine.sts.calls_of("AssumeRole")} == {"before"}
    assert running.end() == ""


def test_why_a_session_is_not_renewed_is_reported_at_once_for_each_reason(machine: Machine, begin: Begin) -> None:
    """Until then the old session has its life, and a new one comes once STS answers."""
    machine.sts.session_seconds = 2 * SHORT
    running = begin()
    old = running.session()
    machine.sts.fault("hang", times=None, action="AssumeRole")
    before = machine.sts.connections_seen
    wait_until(lambda: running.ask()[0] == 200 and machine.sts.connections_seen > before)
    assert "could not be reached: it timed out" in running.reports()
    machine.sts.heal()
    machine.sts.fault("code:NoPermission:403", times=None, action="AssumeRole")
    while (answer := running.ask())[0] == 200:
        assert json.loads(answer[1]) == old
        time.sleep(0.05)
    assert (answer, time.time() > parse_utc(old["Expiration"]) - 1) == ((503, ""), True)
    machine.sts.heal()
    running.answers(200)
    (line,) = running.end().splitlines()
    assert line.startswith("role-env: the session could not be renewed and expires in ")
    assert "may not assume" in line


# ---- when the server renews its session, and what it hands out meanwhile ----


def session_with(left: float, key_id: str = "STS.x") -> Session:
    """A session of an hour that has so many seconds left."""
    end = int(time.time() + left)
    credentials = Credentials(key_id, "s", "t", issued=end - HOUR, expiration=end)
    return Session("p", "acs:ram::1:role/r", credentials, families=("plain",))


def seconds_left(supply: Supply) -> float:
    """The seconds that the credentials of `supply` have left, which there have to be."""
    found = supply.credentials()
    assert found is not None
    return found.remaining()


def move_clock(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Let the clock be wrong by so many seconds."""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)


def refuse(_: int) -> Session:
    """Renew at an STS whose clock is right."""
    raise RefusedError("STS said InvalidTimeStamp.Expired")


@pytest.mark.parametrize(("moved", "found"), [(600, "first"), (-600, "second"), (2 * HOUR, "")])
def test_a_clock_that_is_set_leads_to_a_new_session_only_where_it_is_set_back(
    monkeypatch: pytest.MonkeyPatch, moved: int, found: str
) -> None:
    """Hours ahead there is no session until the clock is right, since STS refuses to renew it."""
    renew = refuse if moved > HOUR else lambda _: session_with(HOUR, "second")
    supply = Supply(session_with(HOUR, "first"), renew, Messages(silent=True))
    move_clock(monkeypatch, moved)
    served = supply.credentials()
    assert (served.access_key_id if served else "") == found
    monkeypatch.undo()
    served = supply.credentials()
    assert served is not None
    assert served.access_key_id == (found or "first")


def test_a_session_has_its_end_though_the_clock_goes_hours_back(monkeypatch: pytest.MonkeyPatch) -> None:
    supply = Supply(session_with(3), refuse, Messages(silent=True))
    move_clock(monkeypatch, -2 * HOUR)
    assert supply.credentials()
    wait_until(lambda: supply.credentials() is None)


@pytest.mark.parametrize(("left", "is_due"), [(1000, False), (950, True)])
def test_a_session_of_an_hour_is_renewed_when_960_seconds_are_left(left: int, is_due: bool) -> None:
    asked: list[int] = []

    def renew(seconds: int) -> Session:
        asked.append(seconds)
        return session_with(3600)

    is_renewed = seconds_left(Supply(session_with(left), renew, Messages())) > 3500
    assert asked == ([960] if is_due else [])
    assert is_renewed == is_due


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
