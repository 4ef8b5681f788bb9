"""When the server of live sessions renews its session, and what it hands out meanwhile."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from role_env.credentials import Credentials, Session
from role_env.errors import UnreachableError
from role_env.supervise.credentials_server import Supply
from role_env.ui.messages import Messages


def session_with(left: float, role: str = "acs:ram::1:role/r", life: int = 3600) -> Session:
    """A session of an hour that has so many seconds left."""
    end = int(time.time() + left)
    return Session("p", role, Credentials("STS.x", "s", "t", issued=end - life, expiration=end), variables=("plain",))


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
        released.wait(60)
        return session_with(3600)

    assert seconds_left(Supply(session_with(900), renew, Messages())) < 901
    released.set()


def test_sts_is_not_hammered_while_renewals_fail_and_many_who_ask_at_once_make_one_call() -> None:
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
