"""The row of a fault, how it is made, and what holds for whatever `role-env` makes of it."""

import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Concatenate, ParamSpec

import pytest

from support.machine import Machine
from support.shells import NOTHING_CHANGED

WITHIN = 30.0
"""Seconds in which every call ends, also on a crowded machine; on an idle one they need a tenth of it."""

Environ = dict[str, str]
Cause = Callable[[Machine], AbstractContextManager[Environ]]
P = ParamSpec("P")


@dataclass(frozen=True)
class Fault:
    """One row. `reported` are words of the message, if there is one. `asked` is how often STS was reached."""

    said: str
    cause: Cause
    status: int = 0
    reported: tuple[str, ...] = ()
    asked: int | None = None
    shell: str = ""
    """What is run in bash instead of the plain command, where the fault is the shell's."""
    smoke: bool = False


def rows(group: str, *faults: Fault) -> list[object]:
    """Return the rows of one group as parameters, each with a name that says what it is."""
    marks = {True: [pytest.mark.smoke], False: []}
    return [pytest.param(fault, id=f"{group}: {fault.said}", marks=marks[fault.smoke]) for fault in faults]


def cause(make: Callable[Concatenate[Machine, P], Iterator[Environ]]) -> Callable[P, Cause]:
    """Let `make`, which yields variables for the command while there is the fault, get its machine later."""

    def of(*words: P.args, **more: P.kwargs) -> Cause:
        return lambda machine: contextmanager(make)(machine, *words, **more)

    return of


@cause
def environ(machine: Machine, /, **variables: str) -> Iterator[Environ]:
    """By the environment."""
    yield {name: value.format(machine=machine) for name, value in variables.items()}


def check(
    machine: Machine, done: "subprocess.CompletedProcess[str]", status: int = 0, reported: tuple[str, ...] = ()
) -> None:
    """Check what holds for every fault, and the status and words of this one."""
    assert done.returncode == status, done.stderr
    if status:
        assert done.stdout == NOTHING_CHANGED
    else:
        assert machine.sts.issued[-1].id in done.stdout
    lines = done.stderr.splitlines()
    assert bool(lines) == bool(reported), done.stderr
    assert len(lines) <= 2
    for line in lines:
        assert line.startswith("role-env: ")
        assert line.isprintable()
    for word in reported:
        assert word in done.stderr


USERS = itertools.count(1_000_000 + 100 * os.getpid())
"""Numbers of users who have nothing yet."""


EXPORT = ("export", "profileB", "--format", "json")
