"""The table of a rotation: every state has a way on, and no action can lose a key."""

import itertools

import pytest

from role_env.rotation.journal import Step
from role_env.rotation.steps import Action, AtRam, Command, Present, action, is_void

STATES = [
    state
    for state in itertools.product(Step, Present, AtRam)
    if not is_void(*state[:2])
    and (state[0] not in (Step.STARTED, Step.CREATING) or state[2] in (AtRam.ONLY_OLD, AtRam.UNKNOWN))
]
"""Every state that there can be: before CreateAccessKey was answered, RAM is asked for the old key alone."""
DELETES_OLD = {Action.FINISH}
DELETES_NEW = {Action.GO_BACK, Action.CLEAN_UP}


def actions(state: tuple[Step, Present, AtRam]) -> dict[Command, Action]:
    return {command: action(command, *state) for command in Command}


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_a_way_on(state: tuple[Step, Present, AtRam]) -> None:
    assert [found for found in actions(state).values() if not found.name.startswith("REFUSE")]
    assert not actions(state)[Command.ABORT].name.startswith("REFUSE")


@pytest.mark.parametrize("state", STATES)
def test_a_key_is_deleted_only_where_the_other_one_is_there(state: tuple[Step, Present, AtRam]) -> None:
    step, present, at_ram = state
    found = actions(state)
    if DELETES_OLD & set(found.values()):
        assert (step, at_ram) == (Step.RETIRED, AtRam.BOTH)
        assert present is not Present.OTHER
    if Action.GO_BACK in found.values():
        assert at_ram in (AtRam.BOTH, AtRam.NEW_INACTIVE)
    if present is Present.OTHER:
        assert set(found.values()) <= {Action.REFUSE_OTHER, Action.CLEAN_UP, Action.GIVE_UP}
