"""The lock of an entry: who misses the session takes it or waits, and hands it over to the request."""

import contextlib
import threading
from pathlib import Path

import pytest

from role_env.files.entry_lock import EntryLock


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of processes that share a state folder."""
    return {"HOME": str(tmp_path)}


def is_free(environ: dict[str, str]) -> bool:
    """Whether no one holds the lock."""
    lock = EntryLock("entry", environ)
    lock.take_or_wait(0)
    found = lock.is_taken
    lock.release()
    return found


def test_a_lock_that_is_taken_is_held_until_the_request_under_it_ends(environ: dict[str, str]) -> None:
    lock = EntryLock("entry", environ)
    assert not lock.take_or_wait(0)
    assert lock.is_taken
    assert not is_free(environ)
    with lock.hold(seconds=0, waiting=contextlib.nullcontext()) as is_busy:
        assert (is_busy, lock.is_taken, lock.has_waited, is_free(environ)) == (False, False, False, False)
    assert is_free(environ)


def test_who_finds_it_held_waits_for_its_holder_and_takes_nothing(environ: dict[str, str]) -> None:
    holder, other = EntryLock("entry", environ), EntryLock("entry", environ)
    holder.take_or_wait(0)
    threading.Timer(0.2, holder.release).start()
    assert other.take_or_wait(30)
    assert not other.is_taken
    assert is_free(environ)


def test_who_wants_to_hold_it_waits_and_says_so(environ: dict[str, str]) -> None:
    holder, other = EntryLock("entry", environ), EntryLock("entry", environ)
    holder.take_or_wait(0)
    with other.hold(seconds=0.1, waiting=contextlib.nullcontext()) as is_busy:
        assert (is_busy, other.has_waited) == (True, True)
    holder.release()


def test_without_a_folder_for_it_no_one_waits(environ: dict[str, str]) -> None:
    Path(environ["HOME"], ".local").touch()
    lock = EntryLock("entry", environ)
    assert (lock.take_or_wait(30), lock.is_taken) == (False, False)
