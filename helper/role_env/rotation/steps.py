"""Decide what a rotation does next, by one table from its state to an action.

The state is the journal's last step, the key that the profile has now, and which of the journal's keys RAM has. A row
has an action for each command, and in every row at least one of them continues or ends the rotation.
"""

import enum

from role_env.rotation.journal import Step


class Command(enum.Enum):
    """The user's command: continue to the new key, delete the old one, or go back to it."""

    ROTATE = 0
    FINISH = 1
    ABORT = 2


class Present(enum.Enum):
    """The key that the profile has now, compared with the journal's."""

    OLD = "old"
    NEW = "new"
    NONE = "none: a swap was interrupted"
    OTHER = "another one"


class AtRam(enum.Enum):
    """The journal's keys that RAM has, as far as one of them can sign the request."""

    BOTH = "both, and the new one is active"
    NEW_INACTIVE = "both, and the new one is inactive"
    ONLY_OLD = "the old one"
    ONLY_NEW = "the new one"
    UNKNOWN = "no key of the journal can sign"


class Action(enum.Enum):
    """The next action, or a refusal that names one."""

    CREATE = "create the new key, then as ADVANCE"
    ADVANCE = "wait until the new key works, give it to every profile, and make the old one inactive"
    FINISH = "check that the new key is used and the old one is not, and delete the old one"
    GO_BACK = "make the old key active, give it to every profile, and delete the new one"
    KEEP_OLD = "the new key was deleted: give the old one to every profile, and drop the journal"
    KEEP_NEW = "the old key was deleted: give the new one to every profile, and drop the journal"
    DROP = "drop a journal without a new key"
    GIVE_UP = "name the keys, and drop the journal"
    CLEAN_UP = "leave the profile's own key alone, delete a new key that nobody uses, and drop the journal"
    REFUSE_UNSIGNED = "the only key cannot sign, so nothing can be done with it"
    REFUSE_UNFINISHED = "--finish needs an inactive old key: rotate, or --abort"
    REFUSE_ABORTING = "it is going back: --abort"
    REFUSE_INACTIVE = "somebody has made the new key inactive: --abort"
    REFUSE_UNKNOWN = "no key can sign: --abort"
    REFUSE_OTHER = "the profile has another key: --abort, or --force"


_BEFORE = (Step.STARTED, Step.CREATING)
_WITH_NEW = (Step.CREATED, Step.SWAPPED, Step.RETIRED, Step.ABORTING)
_A = Action

# The steps, what RAM has (None: anything), and the actions for rotate, --finish and --abort. The first matching row
# counts. A profile without a key gets the journal's key for the step before the action runs, so Present.NONE needs no
# row. OLD and NEW need no row either, since an action stores the key that it needs.
_ROWS: tuple[tuple[tuple[Step, ...], AtRam | None, tuple[Action, Action, Action]], ...] = (
    ((Step.STARTED,), AtRam.UNKNOWN, (_A.REFUSE_UNSIGNED, _A.REFUSE_UNFINISHED, _A.DROP)),
    ((Step.CREATING,), AtRam.UNKNOWN, (_A.REFUSE_UNKNOWN, _A.GIVE_UP, _A.GIVE_UP)),
    (_BEFORE, None, (_A.CREATE, _A.REFUSE_UNFINISHED, _A.DROP)),
    (_WITH_NEW, AtRam.UNKNOWN, (_A.REFUSE_UNKNOWN, _A.GIVE_UP, _A.GIVE_UP)),
    (_WITH_NEW, AtRam.ONLY_OLD, (_A.KEEP_OLD, _A.KEEP_OLD, _A.KEEP_OLD)),
    (_WITH_NEW, AtRam.ONLY_NEW, (_A.KEEP_NEW, _A.KEEP_NEW, _A.KEEP_NEW)),
    (_WITH_NEW, AtRam.NEW_INACTIVE, (_A.REFUSE_INACTIVE, _A.REFUSE_INACTIVE, _A.GO_BACK)),
    ((Step.CREATED, Step.SWAPPED), AtRam.BOTH, (_A.ADVANCE, _A.REFUSE_UNFINISHED, _A.GO_BACK)),
    ((Step.RETIRED,), AtRam.BOTH, (_A.ADVANCE, _A.FINISH, _A.GO_BACK)),
    ((Step.ABORTING,), AtRam.BOTH, (_A.REFUSE_ABORTING, _A.REFUSE_ABORTING, _A.GO_BACK)),
)


def is_void(step: Step, present: Present) -> bool:
    """Return whether CreateAccessKey was never sent, and the profile now has another key."""
    return step is Step.STARTED and present is Present.OTHER


def action(command: Command, step: Step, present: Present, at_ram: AtRam) -> Action:
    """Return the action for `command`. The journal must not be void."""
    if present is Present.OTHER and command is not Command.ABORT:
        return Action.REFUSE_OTHER
    if present is Present.OTHER:
        return Action.GIVE_UP if at_ram is AtRam.UNKNOWN else Action.CLEAN_UP
    return next(row[2][command.value] for row in _ROWS if step in row[0] and row[1] in (None, at_ram))
