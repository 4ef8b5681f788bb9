"""Locks between processes: one has it, others wait for it or go on without, and it is released in the end."""

import contextlib
import threading
from pathlib import Path

import pytest

from role_env.errors import ProfileError
from role_env.files.locks import BUSY, NO_LOCK, TAKEN, WAITED, Lock, hold_in_state


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of processes that share a state folder."""
    return {"HOME": str(tmp_path)}


def is_free(environ: dict[str, str]) -> bool:
    """Whether no one has the lock."""
    with Lock("entry", environ) as lock:
        return lock.take() == TAKEN


def test_a_lock_is_taken_until_it_is_released_or_its_context_ends(environ: dict[str, str]) -> None:
    lock = Lock("entry", environ)
    assert lock.take() == TAKEN
    with lock:
        assert lock.take() == lock.take_in_turn(0, contextlib.nullcontext()) == TAKEN
        assert not is_free(environ)
    assert is_free(environ)
    lock.take()
    lock.release()
    assert is_free(environ)


def test_who_waits_for_its_holder_takes_nothing(environ: dict[str, str]) -> None:
    holder, other = Lock("entry", environ), Lock("entry", environ)
    holder.take()
    threading.Timer(0.2, holder.release).start()
    assert other.take() == BUSY
    other.wait(30)
    assert not other.is_taken
    assert is_free(environ)


def test_who_wants_it_takes_it_after_its_holder_or_learns_that_it_is_still_busy(environ: dict[str, str]) -> None:
    holder, other = Lock("entry", environ), Lock("entry", environ)
    holder.take()
    assert other.take_in_turn(0.1, contextlib.nullcontext()) == BUSY
    threading.Timer(0.2, holder.release).start()
    assert other.take_in_turn(30, contextlib.nullcontext()) == WAITED
    assert not is_free(environ)
    other.release()


def test_without_a_folder_for_it_no_one_waits_but_who_requires_it_fails(environ: dict[str, str]) -> None:
    Path(environ["HOME"], ".local").touch()
    lock = Lock("entry", environ)
    assert (lock.take(), lock.take_in_turn(30, contextlib.nullcontext())) == (NO_LOCK, NO_LOCK)
    lock.wait(30)
    with pytest.raises(ProfileError), hold_in_state("entry", environ, seconds=30, waiting=contextlib.nullcontext()):
        pass


def test_an_interrupted_wait_leaves_no_lock(environ: dict[str, str]) -> None:
    class Interrupted(contextlib.nullcontext[None]):
        def __enter__(self) -> None:
            raise KeyboardInterrupt

    holder, other = Lock("entry", environ), Lock("entry", environ)
    holder.take()
    with pytest.raises(KeyboardInterrupt):
        other.take_in_turn(30, Interrupted())
    holder.release()
    assert is_free(environ)


def test_a_lock_whose_file_each_holder_removes_has_one_holder_at_a_time(environ: dict[str, str]) -> None:
    inside = Path(environ["HOME"]) / "inside"
    held: list[bool] = []

    def hold_often() -> None:
        for _ in range(25):
            with hold_in_state("key", environ, seconds=60, waiting=contextlib.nullcontext()) as is_busy:
                inside.mkdir()  # fails if another holder is there
                inside.rmdir()
                held.append(not is_busy)

    workers = [threading.Thread(target=hold_often) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert held == [True] * 100
    assert not list(Path(environ["HOME"]).rglob("*.lock"))
