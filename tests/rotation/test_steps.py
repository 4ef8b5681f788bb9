"""The table of a rotation: every state has a way on, and no way can lose a key."""

import itertools
from typing import Any

import pytest

from role_env.credentials import AccessKey
from role_env.keyrings import Entry
from role_env.rotation.holders import Journal, Step
from role_env.rotation.ram import AtRam, Look
from role_env.rotation.rotation import Goal, Rotation

STATES = [
    state
    for state in itertools.product(Step, (False, True), AtRam)
    if state[0] not in (Step.STARTED, Step.CREATING) or state[2] in (AtRam.ONLY_OLD, AtRam.UNKNOWN)
]
"""Every state that there can be: before CreateAccessKey was answered, RAM is asked for the old key alone.

With True the profile has a key that is not the journal's.
"""


def ways(step: Step, has_other: bool, at_ram: AtRam) -> dict[Goal, str]:
    """Return the name of the way to each goal."""
    unused: Any = None
    journal = Journal(Entry("", ""), step, AccessKey("", ""), started_at=0)
    found = Look(at_ram, {}, [], None)
    parts = (unused, unused, unused, unused, journal, found)
    goals = (Goal.ROTATE, Goal.FINISH, Goal.ABORT)
    return {goal: Rotation(*parts, goal, unused).way(has_other=has_other).__name__ for goal in goals}


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_a_way_on(state: tuple[Step, bool, AtRam]) -> None:
    assert not ways(*state)[Goal.ABORT].startswith("refuse")


@pytest.mark.parametrize("state", STATES)
def test_a_key_is_deleted_only_where_the_other_one_is_there(state: tuple[Step, bool, AtRam]) -> None:
    step, has_other, at_ram = state
    found = set(ways(*state).values())
    if "finish" in found:
        assert (step, has_other, at_ram) == (Step.RETIRED, False, AtRam.BOTH)
    if "go_back" in found:
        assert at_ram in (AtRam.BOTH, AtRam.NEW_INACTIVE)
    if has_other:
        assert found == {"refuse_other", "clean_up"}
