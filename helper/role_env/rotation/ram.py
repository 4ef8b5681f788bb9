"""Call RAM (API 2015-05-01, signed like STS's) for a user's own keys, and look which keys of a rotation it has."""

import enum
import re
import time
from collections.abc import Mapping
from typing import Any

from role_env.context import Context
from role_env.credentials import FIELDS, AccessKey, parse_date, parse_utc
from role_env.dataclass import dataclass
from role_env.deadline import Deadline
from role_env.errors import RoleEnvError
from role_env.http import responses
from role_env.http.client import TRIES
from role_env.profiles.endpoint import named_endpoint
from role_env.rotation.journal import Journal
from role_env.sts import client, sdk
from role_env.sts.client import StsError

PUBLIC_ENDPOINT = "ram.aliyuncs.com"
_VARIABLE = "ALIBABA_CLOUD_RAM_ENDPOINT"
# How long a login waits for the creation date of a key, which is optional (seconds).
_DATE_SECONDS = 2.0
_NO_KEY = "EntityNotExist.User.AccessKey"
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# The codes, or their prefixes, for a key that cannot sign: unknown, not yet or no longer known, or inactive.
_NO_SIGNER = ("InvalidAccessKeyId", "SignatureDoesNotMatch")


@dataclass(frozen=True)
class KeyState:
    """The state of an access key at RAM: its ID, its creation time (epoch seconds, or 0), and whether it is active."""

    access_key_id: str
    created: int
    is_active: bool


def cannot_sign(refusal: StsError) -> bool:
    """Return whether a call was refused because of the key that signed it."""
    return refusal.code.startswith(_NO_SIGNER) or refusal.is_key_leaked


class Ram(client.Service):
    """A client of RAM at `endpoint`, by default the one that ALIBABA_CLOUD_RAM_ENDPOINT names, else the public one.

    Each call may take `seconds`, by default those of ROLE_ENV_TIMEOUT. `moment` is the time of RAM's last response (in
    epoch seconds), by this machine's clock if RAM sent no time.
    """

    def __init__(self, context: Context, endpoint: str = "", *, seconds: float | None = None) -> None:
        endpoint = endpoint or named_endpoint(context.environ, _VARIABLE, default=PUBLIC_ENDPOINT)
        super().__init__("RAM", endpoint, context)
        self._context = context
        self._limit = seconds
        self.moment = 0

    def list_keys(self, key: AccessKey, *, tries: int = TRIES) -> list[KeyState]:
        """Return the access keys of the user of `key`, itself among them. Raises StsError, UnreachableError."""
        listed = self._call("ListAccessKeys", key, tries=tries).get("AccessKeys")
        entries = listed.get("AccessKey") if isinstance(listed, dict) else None
        with self.reading():
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise ValueError("it contains no list of access keys")
            states = [_state(entry) for entry in entries]
            if key.access_key_id not in {state.access_key_id for state in states}:
                raise ValueError("its list lacks the key that signed the request")
            return states

    def create_key(self, key: AccessKey) -> AccessKey:
        """Create an access key for the user who signs with `key`, and return it.

        Never retried: a lost response can have created a key. Raises StsError, UnreachableError.
        """
        document = self._call("CreateAccessKey", key, tries=1).get("AccessKey")
        created = document if isinstance(document, dict) else {}
        with self.reading():
            new = responses.access_key(created, *FIELDS[:2])
            if _check_id(new.access_key_id) == key.access_key_id:
                raise ValueError("AccessKeyId is that of the key that signed")
        new.created = _moment(created)
        return new

    def set_status(self, key: AccessKey, access_key_id: str, *, is_active: bool) -> None:
        """Make the access key `access_key_id` active or inactive, if it exists. Raises StsError, UnreachableError."""
        status = "Active" if is_active else "Inactive"
        self._call_of_key("UpdateAccessKey", key, access_key_id, Status=status)

    def delete_key(self, key: AccessKey, access_key_id: str) -> None:
        """Delete the access key `access_key_id`, if it exists. Raises StsError, UnreachableError."""
        self._call_of_key("DeleteAccessKey", key, access_key_id)

    def last_used(self, key: AccessKey, access_key_id: str) -> int | None:
        """Return when `access_key_id` was last used (epoch seconds); 0 if never, or if there is no such key.

        For a key that was never used, RAM's date is an empty text. Return None for an answer without a date. Raises
        StsError, UnreachableError.
        """
        answer = self._call_of_key("GetAccessKeyLastUsed", key, access_key_id)
        if answer is None:
            return 0
        used = answer.get("AccessKeyLastUsed")
        date = used.get("LastUsedDate") if isinstance(used, dict) else None
        try:
            return 0 if date == "" else parse_utc(str(date))
        except ValueError:
            return None

    def _call_of_key(self, action: str, key: AccessKey, access_key_id: str, **more: str) -> dict[str, Any] | None:
        """Return the response about the access key `access_key_id`, None if there is no such key."""
        try:
            return self._call(action, key, parameters={"UserAccessKeyId": access_key_id, **more})
        except StsError as refusal:
            if refusal.code != _NO_KEY:
                raise
            return None

    def _call(
        self, action: str, key: AccessKey, *, tries: int = TRIES, parameters: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        self.deadline = Deadline(self._limit) if self._limit else self._context.restarted().deadline
        try:
            return self.send(sdk.rpc_request("Ram", "2015-05-01", action), parameters or {}, key, tries=tries)
        finally:
            self.moment = parse_date(self.date) or int(time.time())


def find_creation(key: AccessKey, context: Context) -> int:
    """Return when `key` was created (epoch seconds); 0 if RAM does not report it at once. A login does not need it."""
    try:
        with context.messages.waiting_for("RAM"):
            states = Ram(context, seconds=_DATE_SECONDS).list_keys(key, tries=1)
    except RoleEnvError as error:
        context.messages.decided(f"the age of {key.shown_id} is unknown: {error.message}")
        return 0
    return next(state.created for state in states if state.access_key_id == key.access_key_id)


def _state(entry: dict[str, Any]) -> KeyState:
    access_key_id, status = _check_id(responses.value(entry, FIELDS[0])), entry.get("Status")
    if status not in ("Active", "Inactive"):
        raise ValueError("the Status of a key is neither Active nor Inactive")
    return KeyState(access_key_id, _moment(entry), status == "Active")


def _check_id(text: str) -> str:
    if not _KEY_ID.fullmatch(text):
        raise ValueError("AccessKeyId is not the ID of a key")
    return text


def _moment(document: dict[str, Any]) -> int:
    try:
        return parse_utc(str(document.get("CreateDate")))
    except ValueError:
        return 0


# -- the keys of a rotation --


class Status(enum.Enum):
    """What RAM says of a key."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DELETED = "deleted"
    UNKNOWN = "unknown at RAM"


@dataclass(frozen=True)
class Look:
    """RAM's answer: the `states` of the journal's keys by ID, and the user's `others`.

    `signer` is the key that signed the request. If none could, `refusal` is the refusal of the old key.
    """

    states: dict[str, Status]
    others: list[KeyState]
    signer: AccessKey | None
    refusal: StsError | None = None

    @property
    def said(self) -> str:
        """The states as a phrase."""
        return ", ".join(f"{key_id} is {state.value}" for key_id, state in self.states.items())


def look(journal: Journal, ram: Ram) -> Look:
    """Return RAM's answer, signed with the old key if it works, else with the new one.

    So a new key that RAM has not propagated yet is listed, and one that nobody uses stays unused. A retired old key
    signs last. Raises StsError for a refusal that is not the key's fault, UnreachableError.
    """
    refusals: dict[str, StsError] = {}
    for key in journal.keys[::-1] if journal.retired_at else journal.keys:
        try:
            listed = ram.list_keys(key)
        except StsError as refusal:
            if not cannot_sign(refusal):
                raise
            refusals[key.access_key_id] = refusal
        else:
            found = {one.access_key_id: Status.ACTIVE if one.is_active else Status.INACTIVE for one in listed}
            found[key.access_key_id] = Status.ACTIVE
            for missing in (other for other in journal.keys if other.access_key_id not in found):
                _check_deleted(missing, ram, refusals.get(missing.access_key_id))
            states = {one.access_key_id: found.get(one.access_key_id, Status.DELETED) for one in journal.keys}
            return Look(states, [one for one in listed if not journal.names(one.access_key_id)], key)
    states = {key_id: _refused(refusal) for key_id, refusal in refusals.items()}
    return Look(states, [], None, refusals[journal.old_id])


def _check_deleted(key: AccessKey, ram: Ram, refusal: StsError | None) -> None:
    """Raise UnreachableError if `key`, which RAM does not list, still exists: its secret is stored nowhere else.

    `refusal` is RAM's answer to a request that `key` has signed; None for none yet.
    """
    if refusal is None:
        try:
            ram.list_keys(key)
        except StsError as refused:
            refusal = refused
    if refusal is None or not cannot_sign(refusal) or _refused(refusal) is not Status.UNKNOWN:
        raise ram.invalid(f"its list lacks {key.access_key_id}, which exists")


def _refused(refusal: StsError) -> Status:
    """Return what the refusal says of the key that signed. RAM answers one that has leaked with nothing else."""
    if refusal.is_key_leaked:
        return Status.ACTIVE
    return Status.INACTIVE if refusal.code.startswith("InvalidAccessKeyId.Inactive") else Status.UNKNOWN
