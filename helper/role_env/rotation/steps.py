"""What a rotation does next: one table, from where it is to an action.

Where it is: the journal's last step, the key that the profile has now, and which keys of the journal RAM has. A row
has an action for each command, and in each row at least one of them ends the rotation or brings it on: there is no
dead end.
"""

import enum

from role_env.rotation.journal import Step


class Command(enum.Enum):
    """What is wanted: to go on to the new key, to delete the old one, or to go back to it."""

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
    """Which keys of the journal RAM has, as far as one of them can sign the question."""

    BOTH = "both, and the new one is active"
    NEW_INACTIVE = "both, and the new one is inactive"
    ONLY_OLD = "the old one"
    ONLY_NEW = "the new one"
    UNKNOWN = "no key of the journal can sign"


class Action(enum.Enum):
    """A way on, or a refusal that names one."""

    CREATE = "create the new key, then as ADVANCE"
    ADVANCE = "wait until the new key works, give it to every profile, and make the old one inactive"
    FINISH = "check that the new key is used and the old one is not, and delete the old one"
    GO_BACK = "make the old key active, give it to every profile, and delete the new one"
    KEEP_OLD = "the new key was deleted: give the old one to every profile, and drop the journal"
    KEEP_NEW = "the old key was deleted: give the new one to every profile, and drop the journal"
    DROP = "drop a journal without a new key"
    GIVE_UP = "name the keys, and drop the journal"
    CLEAN_UP = "leave the profile's own key alone, delete a new key that nobody uses, and drop the journal"
    REFUSE_UNSIGNED = "the only key cannot sign; the journal is of no use"
    REFUSE_UNFINISHED = "--finish needs an inactive old key: rotate, or --abort"
    REFUSE_ABORTING = "it is going back: --abort"
    REFUSE_INACTIVE = "somebody has made the new key inactive: --abort"
    REFUSE_UNKNOWN = "no key can sign: --abort"
    REFUSE_OTHER = "the profile has another key: --abort, or --force"


_BEFORE = (Step.STARTED, Step.CREATING)
_WITH_NEW = (Step.CREATED, Step.SWAPPED, Step.RETIRED, Step.ABORTING)
_A = Action

# The steps, what RAM has (None: anything), and the action for rotate, --finish and --abort. The first row that fits
# counts. A profile without a key has got the journal's for its step before that, so it is as one with that key; of
# OLD and NEW each action makes the one that it is for.
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
    """Return whether the journal is from before CreateAccessKey was sent, and of a key that the profile had before."""
    return step is Step.STARTED and present is Present.OTHER


def action(command: Command, step: Step, present: Present, at_ram: AtRam) -> Action:
    """Return what `command` does, for a journal that is not void."""
    if present is Present.OTHER and command is not Command.ABORT:
        return Action.REFUSE_OTHER
    if present is Present.OTHER:
        return Action.GIVE_UP if at_ram is AtRam.UNKNOWN else Action.CLEAN_UP
    return next(row[2][command.value] for row in _ROWS if step in row[0] and row[1] in (None, at_ram))
