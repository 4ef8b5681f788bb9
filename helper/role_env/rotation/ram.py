"""Call RAM for a user's own access keys. API: RAM 2015-05-01; requests are signed like those to STS."""

import re
import time
from collections.abc import Mapping
from typing import Any

from role_env import timestamps, validators
from role_env.context import Context
from role_env.credentials import FIELDS, AccessKey
from role_env.dataclass import dataclass
from role_env.deadline import Deadline
from role_env.errors import ProfileError, RoleEnvError, UnreachableError
from role_env.http import responses
from role_env.http.server import TRIES
from role_env.sts import client, sdk

PUBLIC_ENDPOINT = "ram.aliyuncs.com"
VARIABLE = "ALIBABA_CLOUD_RAM_ENDPOINT"
# How long a login waits for the creation date of a key, which is optional (seconds).
_DATE_SECONDS = 2.0
NO_KEY = "EntityNotExist.User.AccessKey"
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
# The codes, or their prefixes, for a key that cannot sign: unknown, not yet or no longer known, or inactive.
_NO_SIGNER = ("InvalidAccessKeyId", "SignatureDoesNotMatch")


@dataclass(frozen=True)
class KeyState:
    """The state of an access key at RAM: its ID, its creation time (epoch seconds, or 0), and whether it is active."""

    access_key_id: str
    created: int
    is_active: bool


class UnknownUse(UnreachableError):
    """RAM's answer does not say when a key was last used."""


def endpoint_of(environ: Mapping[str, str]) -> str:
    """Return `host[:port]` of RAM, by ALIBABA_CLOUD_RAM_ENDPOINT if that is set.

    Raises ProfileError for a host that a variable may not name: it would receive new keys.
    """
    try:
        return validators.host(environ.get(VARIABLE) or PUBLIC_ENDPOINT)
    except ValueError as error:
        raise ProfileError(
            f"the variable {VARIABLE} {error}", hint="unset it, or name another host by: role-env rotate --ram-endpoint"
        ) from None


def cannot_sign(refusal: client.StsError) -> bool:
    """Return whether a call was refused because of the key that signed it."""
    return refusal.code.startswith(_NO_SIGNER)


class Ram:
    """A client of RAM at `endpoint`. Each call may take `seconds`, by default those of ROLE_ENV_TIMEOUT.

    `moment` is the time of RAM's last response (epoch seconds), by this machine's clock if RAM sent no time.
    """

    def __init__(self, context: Context, endpoint: str, *, seconds: float | None = None) -> None:
        self._endpoint = endpoint
        self._context = context
        self._seconds = seconds
        self.moment = 0

    def list_keys(self, key: AccessKey, *, tries: int = TRIES) -> list[KeyState]:
        """Return the access keys of the user who signs with `key`. Raises StsError, UnreachableError."""
        listed = self._call("ListAccessKeys", key, tries=tries).get("AccessKeys")
        entries = listed.get("AccessKey") if isinstance(listed, dict) else None
        with client.reading("RAM", self._endpoint):
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise ValueError("it contains no list of access keys")
            states = [_state(entry) for entry in entries]
            ids = [state.access_key_id for state in states]
            if len(set(ids)) < len(ids):
                raise ValueError("its list has a key twice")
            if key.access_key_id not in ids:
                raise ValueError("its list lacks the key that signed the request")
            return states

    def invalid_list(self, access_key_id: str) -> UnreachableError:
        """Return the error for a list that lacks the access key `access_key_id`, which exists."""
        return client.invalid_response("RAM", self._endpoint, f"its list lacks {access_key_id}, which exists")

    def create_key(self, key: AccessKey) -> AccessKey:
        """Create an access key for the user who signs with `key`, and return it.

        Never retried: a lost response can have created a key. Raises StsError, UnreachableError.
        """
        document = self._call("CreateAccessKey", key, tries=1).get("AccessKey")
        created = document if isinstance(document, dict) else {}
        with client.reading("RAM", self._endpoint):
            new = responses.access_key(created, *FIELDS[:2])
            if _check_id(new.access_key_id) == key.access_key_id:
                raise ValueError("AccessKeyId is that of the key that signed")
        new.created = _moment(created)
        return new

    def set_status(self, key: AccessKey, access_key_id: str, *, is_active: bool) -> None:
        """Make the access key `access_key_id` active or inactive.

        Raises StsError, with the code NO_KEY if there is no such key, and UnreachableError.
        """
        status = "Active" if is_active else "Inactive"
        self._call("UpdateAccessKey", key, UserAccessKeyId=access_key_id, Status=status)

    def delete_key(self, key: AccessKey, access_key_id: str) -> None:
        """Delete the access key `access_key_id`, if it exists. Raises StsError, UnreachableError."""
        try:
            self._call("DeleteAccessKey", key, UserAccessKeyId=access_key_id)
        except client.StsError as refusal:
            if refusal.code != NO_KEY:
                raise

    def last_used(self, key: AccessKey, access_key_id: str) -> int:
        """Return when `access_key_id` was last used (epoch seconds); 0 if never, or if there is no such key.

        For a key that was never used, RAM's date is an empty text. Raises StsError, UnreachableError, and UnknownUse
        for an answer without a date.
        """
        try:
            used = self._call("GetAccessKeyLastUsed", key, UserAccessKeyId=access_key_id).get("AccessKeyLastUsed")
        except client.StsError as refusal:
            if refusal.code != NO_KEY:
                raise
            return 0
        date = used.get("LastUsedDate") if isinstance(used, dict) else None
        try:
            return 0 if date == "" else timestamps.parse_utc(str(date))
        except ValueError:
            invalid = client.invalid_response("RAM", self._endpoint, "LastUsedDate is missing or not a time in UTC")
            raise UnknownUse(invalid.message, hint=invalid.hint) from None

    def _call(self, action: str, key: AccessKey, *, tries: int = TRIES, **parameters: str) -> dict[str, Any]:
        context = self._context.restarted()
        if self._seconds:
            context = context.with_deadline(Deadline(self._seconds))
        service = client.Service("RAM", self._endpoint, context)
        try:
            return service.send(sdk.rpc_request("Ram", "2015-05-01", action), parameters, key, tries=tries)
        finally:
            self.moment = timestamps.parse_date(service.date) or int(time.time())


def find_creation(key: AccessKey, context: Context) -> int:
    """Return when `key` was created (epoch seconds); 0 if RAM does not report it at once. A login does not need it."""
    try:
        with context.messages.waiting_for("RAM"):
            states = Ram(context, endpoint_of(context.environ), seconds=_DATE_SECONDS).list_keys(key, tries=1)
    except RoleEnvError as error:
        context.messages.decided(f"the age of {key.access_key_id} is unknown: {error.message}")
        return 0
    return next((state.created for state in states if state.access_key_id == key.access_key_id), 0)


def _state(entry: dict[str, Any]) -> KeyState:
    """Return the state in an entry of ListAccessKeys. Raises ValueError."""
    access_key_id, status = _check_id(responses.value(entry, FIELDS[0])), entry.get("Status")
    if status not in ("Active", "Inactive"):
        raise ValueError("the Status of a key is neither Active nor Inactive")
    return KeyState(access_key_id, _moment(entry), status == "Active")


def _check_id(text: str) -> str:
    """Return the ID of an access key, checked to be safe in a line to type. Raises ValueError."""
    if not _KEY_ID.fullmatch(text):
        raise ValueError("AccessKeyId is not the ID of a key")
    return text


def _moment(document: dict[str, Any]) -> int:
    """Return the CreateDate of `document` (epoch seconds); 0 if it is missing or not a time in UTC."""
    try:
        return timestamps.parse_utc(str(document.get("CreateDate")))
    except ValueError:
        return 0
