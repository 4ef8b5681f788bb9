"""Work beside the command: what several threads do at once, and no more of them than asked for."""

import threading
import time

import pytest

from role_env.deadline import at_once


def test_the_results_come_in_the_order_of_the_items_whichever_is_done_first() -> None:
    def work(number: int) -> int:
        time.sleep(0.02 * (5 - number))
        return number * number

    assert at_once(work, range(5), most=5) == [0, 1, 4, 9, 16]
    assert at_once(work, [], most=5) == []


def test_no_more_threads_work_at_once_than_asked_for_and_each_item_is_worked_on_once() -> None:
    guard, busy, most, seen = threading.Lock(), 0, 0, []

    def work(number: int) -> None:
        nonlocal busy, most
        with guard:
            busy += 1
            most = max(most, busy)
            seen.append(number)
        time.sleep(0.01)
        with guard:
            busy -= 1

    at_once(work, range(30), most=4)
    assert most <= 4
    assert sorted(seen) == list(range(30))


def test_a_failure_of_one_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        at_once(lambda number: 1 // (3 - number), range(10), most=2)
