"""`role-env rotate` killed at any system call that changes anything, then repeated, finished or aborted.

ROTATE_POINTS=1 kills it at each of them from the first on, and prints what was found (pytest's -s shows it):
ROTATE_POINTS=1 tests/run tests/rotation/test_killed.py -s
"""

import itertools
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from cloud.ram import LocalRam
from role_env.credentials import AccessKey
from role_env.errors import RoleEnvError
from role_env.rotation.holders import Holders, Journal
from support.contexts import context
from support.kill_points import KillPoints
from support.machine import Machine

FIRST = int(os.environ.get("ROTATE_POINTS", "0"))
FEW = {"rotate": (10, 20, 30, 60, 85), "--finish": (20, 38), "--abort": (20, 45)}
"""The points at which each command is killed in the usual tests."""
FOLLOWING = {"rotate": ("--finish", "--abort", "rotate"), "--finish": ("--finish", "--abort"), "--abort": ("--abort",)}


class State(NamedTuple):
    """What a rotation changes: the key and the journal in the keyring, and the user's keys at RAM.

    Of these, whether each is active and when it was last used.
    """

    key: AccessKey | None
    journal: Journal | None
    at_ram: dict[str, tuple[bool, float | None]]


class Trial:
    """A user whose rotations are killed."""

    def __init__(self, machine: Machine, ram: LocalRam) -> None:
        self.machine = machine
        self.ram = ram
        self.kill = KillPoints(machine).kill

    def rotate(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run `rotate`, or `rotate` with an option."""
        return self.machine.role_env(*words(command))

    def state(self) -> State:
        """Return what there is now."""
        path, made = self.machine.file, context(self.machine.environ)
        at_ram = {key.id: (key.active, key.last_used) for key in self.ram.world.keys_of("test_user1")}
        holders = Holders(str(path), "profileA", made)
        return State(holders.key(), holders.own_journal(), at_ram)

    def restore(self, state: State) -> None:
        """Make it what it was, but for the cached sessions."""
        path, made = self.machine.file, context(self.machine.environ)
        assert state.key
        holders = Holders(str(path), "profileA", made)
        holders.store(state.key)
        if state.journal:
            holders.record(state.journal, state.journal.step)
        else:
            holders.drop()
        world = self.ram.world
        of_user = {key.id: key for key in (*world.deleted_keys, *world.keys_of("test_user1"))}
        for key in of_user.values():
            world.keys.pop(key.id, None)
        world.deleted_keys[:] = [key for key in of_user.values() if key.id not in state.at_ram]
        for key_id, (is_active, last_used) in state.at_ram.items():
            of_user[key_id].active, of_user[key_id].last_used = is_active, last_used
            world.keys[key_id] = of_user[key_id]

    def check_key(self) -> State:
        """Check that the key in the keyring works, and that no other is lost; return what there is."""
        state = self.state()
        assert state.key
        is_active, _ = state.at_ram[state.key.access_key_id]
        assert is_active
        held = known(state)
        for key_id in set(state.at_ram) & set(held):
            assert self.ram.world.keys[key_id].secret == held[key_id]
        orphans = set(state.at_ram) - set(held)
        assert len(orphans) <= 1
        assert not orphans or orphans == self.named()
        return state

    def named(self) -> set[str]:
        """The keys that `--status` names as those of nobody."""
        status = self.rotate("--status")
        assert status.returncode == 0
        return set(re.findall(r"DeleteAccessKey --UserAccessKeyId (\w+)", status.stdout))

    def check(self, command: str, point: int, following: Iterable[str]) -> list[str]:
        """Kill `command` at `point`, and do each of `following`; return what was found, nothing if it ended before."""
        if not self.kill(point, *words(command)):
            return []
        self.machine.bus.revive()
        assert self.machine.role_env("profileB", "--refresh").returncode == 0
        killed = self.check_key()
        step = killed.journal.step.value if killed.journal else "no journal"
        orphans = len(set(killed.at_ram) - set(known(killed)))
        found = [f"{step}, {len(killed.at_ram)} keys, {orphans} orphan"]
        for then in following:
            self.restore(killed)
            done = self.rotate(then)
            assert done.returncode in (0, 4), done.stderr
            self.check_key()
            found.append(f"{then}: {done.returncode}")
            if then == "rotate" and orphans:
                assert "a second access key" in done.stderr
            elif then == "rotate":
                assert done.returncode == 0, done.stderr
            elif then == command:
                assert done.returncode == (0 if killed.journal else 4), done.stderr
        return found

    def check_from(self, before: State, command: str, point: int, following: Iterable[str]) -> list[str]:
        """As `check`, from the state `before`; again where gnome-keyring has ended beneath it (KeyringBus.revive)."""
        for _ in range(5):
            try:
                self.restore(before)
                if command == "--finish":
                    assert self.machine.role_env("profileB", "--refresh").returncode == 0
                return self.check(command, point, following)
            except (AssertionError, RoleEnvError):
                if not self.machine.bus.revive():
                    raise
        return ["gnome-keyring ended each time"]


def known(state: State) -> dict[str, str]:
    """The secrets in the keyring, by the IDs of their keys."""
    in_journal = [state.journal.old, state.journal.new] if state.journal else []
    return {key.access_key_id: key.access_key_secret for key in (state.key, *in_journal) if key}


def words(command: str) -> list[str]:
    return ["rotate", "profileA", *([] if command == "rotate" else [command])]


@pytest.mark.timeout(0 if FIRST else 240)
@pytest.mark.parametrize("command", FOLLOWING)
def test_a_rotation_that_is_killed_anywhere_leaves_a_key_that_works_and_the_way_on(
    machine: Machine, ram: LocalRam, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.enter(monkeypatch)
    trial = Trial(machine, ram)
    if command != "rotate":
        assert trial.rotate("rotate").returncode == 0
    before = trial.state()
    found: Counter[str] = Counter()
    following = itertools.cycle(FOLLOWING[command])
    for point in itertools.count(FIRST) if FIRST else FEW[command]:
        then = FOLLOWING[command] if FIRST else [next(following)]
        results = trial.check_from(before, command, point, then)
        if not results:
            break
        found["; ".join(results)] += 1
        if FIRST:
            print(command, point, *results, flush=True)
    points = sum(found.values())
    print(f"\n{command} killed at {points} points:")
    print(*(f"  {count:3} {result}" for result, count in sorted(found.items())), sep="\n")
    assert points
