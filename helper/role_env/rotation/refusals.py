"""The errors of a rotation that cannot continue: its state, and what can be done."""

from role_env.errors import RefusedError
from role_env.rotation.journal import Journal
from role_env.rotation.look import ACTIVE, Look
from role_env.rotation.steps import Action


def of_action(action: Action, profile: str, journal: Journal, found: Look) -> RefusedError | None:
    """Return the error for an action that is a refusal, or that would delete an active old key, else None."""
    rotate, old, new = f"role-env rotate {profile}", journal.old.access_key_id, journal.new_id
    states = ", ".join(f"{key_id} is {state}" for key_id, state in found.states.items())
    why = f": {found.refusal.message}" if found.refusal else ""
    said = {
        Action.REFUSE_UNSIGNED: (
            f"the access key {old} of {profile} does not work{why}",
            f"if it was replaced elsewhere, store the new one: role-env login {profile}",
        ),
        Action.REFUSE_UNFINISHED: (f"there is no finished rotation of {profile}", f"go on with: {rotate}"),
        Action.REFUSE_ABORTING: (f"the rotation of {profile} is being aborted", f"{rotate} --abort"),
        Action.REFUSE_INACTIVE: (
            f"the new key {new} was made inactive at RAM",
            f"go back: {rotate} --abort; or make it active in the RAM console",
        ),
        Action.REFUSE_UNKNOWN: (
            f"no key of the rotation of {profile} can sign: {states}",
            f"make one active in the RAM console; or drop the rotation: {rotate} --abort",
        ),
        Action.REFUSE_OTHER: (
            f"profile {profile} has another key by now, in the middle of a rotation: {states}",
            f"clean up at RAM: {rotate} --abort; or only drop the journal: {rotate} --force",
        ),
    }.get(action)
    if action is Action.FINISH and found.states[old] == ACTIVE:
        said = (
            f"the old key {old} is active at RAM, so something may need it",
            f"make it inactive: {rotate}; or go back: {rotate} --abort",
        )
    return RefusedError(said[0], hint=said[1]) if said else None
