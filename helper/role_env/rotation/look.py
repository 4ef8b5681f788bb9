"""Ask RAM which keys of a rotation exist, signed with a key of the journal."""

from collections.abc import Callable

from role_env.credentials import AccessKey
from role_env.dataclass import dataclass
from role_env.rotation.journal import Journal, Step
from role_env.rotation.ram import KeyState, Ram, cannot_sign
from role_env.rotation.steps import AtRam
from role_env.sts.client import StsError

ACTIVE, INACTIVE, DELETED, UNKNOWN = "active", "inactive", "deleted", "unknown at RAM"
YOUNG_SECONDS = 900
"""For this long after a rotation began, a new key may be unknown only because RAM has not propagated it."""


@dataclass(frozen=True)
class Look:
    """RAM's answer: the `states` of the journal's keys by ID, and the user's `others`.

    `signer` is the key that signed the request. If none could, `refusal` is the refusal of the old key.
    """

    at_ram: AtRam
    states: dict[str, str]
    others: list[KeyState]
    signer: AccessKey | None
    refusal: StsError | None = None


def look(
    journal: Journal, ram: Ram, *, new_first: bool = True, wait: Callable[[AccessKey], bool] | None = None
) -> Look:
    """Return RAM's answer, signed with the new key if it works, else with the old one.

    Without `new_first` the order is reversed. RAM may not know a young new key yet. Then `wait` waits for it and
    returns whether it works. Raises StsError for a refusal that is not the key's fault, UnreachableError.
    """
    found = _ask(journal, ram, new_first=new_first)
    new = journal.new
    if wait and new and found.states[new.access_key_id] in (DELETED, UNKNOWN) and is_young(journal, ram) and wait(new):
        found = _ask(journal, ram, new_first=True)
    return found


def is_young(journal: Journal, ram: Ram) -> bool:
    """Return whether RAM created the new key a short time ago and no use of it has succeeded yet."""
    return journal.step is Step.CREATED and ram.moment - journal.started_at < YOUNG_SECONDS


def _ask(journal: Journal, ram: Ram, *, new_first: bool) -> Look:
    refusals: dict[str, StsError] = {}
    keys = journal.keys
    for key in reversed(keys) if new_first else keys:
        try:
            listed = ram.list_keys(key)
        except StsError as refusal:
            if not cannot_sign(refusal):
                raise
            refusals[key.access_key_id] = refusal
        else:
            found = {state.access_key_id for state in listed}
            for missing in (other for other in keys if other.access_key_id not in found):
                _check_deleted(missing, ram, refusals.get(missing.access_key_id))
            return _listed(journal, key, listed)
    states = {key_id: _refused(refusal) for key_id, refusal in refusals.items()}
    return Look(AtRam.UNKNOWN, states, [], None, refusals[journal.old.access_key_id])


def _check_deleted(key: AccessKey, ram: Ram, refusal: StsError | None) -> None:
    """Raise UnreachableError if `key`, which RAM does not list, still exists: its secret is stored nowhere else.

    `refusal` is RAM's answer to a request that `key` has signed; None for none yet.
    """
    if refusal is None:
        try:
            ram.list_keys(key)
        except StsError as refused:
            refusal = refused
    if refusal is None or not cannot_sign(refusal) or _refused(refusal) == INACTIVE:
        raise ram.invalid_list(key.access_key_id)


def _refused(refusal: StsError) -> str:
    return INACTIVE if refusal.code.startswith("InvalidAccessKeyId.Inactive") else UNKNOWN


def _listed(journal: Journal, signer: AccessKey, listed: list[KeyState]) -> Look:
    """Return the answer for RAM's list of keys, in which the key that signed is active."""
    found = {state.access_key_id: ACTIVE if state.is_active else INACTIVE for state in listed}
    found[signer.access_key_id] = ACTIVE
    states = {key.access_key_id: found.get(key.access_key_id, DELETED) for key in journal.keys}
    others = [state for state in listed if not journal.names(state.access_key_id)]
    return Look(_summary(journal, states), states, others, signer)


def _summary(journal: Journal, states: dict[str, str]) -> AtRam:
    new = states.get(journal.new_id, DELETED)
    if new == DELETED:
        return AtRam.ONLY_OLD
    if states[journal.old.access_key_id] == DELETED:
        return AtRam.ONLY_NEW if new == ACTIVE else AtRam.UNKNOWN
    return AtRam.BOTH if new == ACTIVE else AtRam.NEW_INACTIVE
