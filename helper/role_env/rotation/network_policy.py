"""Give a new key the network access policy of the old one. API: IMS 2019-08-15, signed like calls to RAM.

Such a policy lists the networks from which a key works, in the place of the account's policy. It belongs to one key: a
new key has none. API: GetAccessKeyPolicy, SetAccessKeyPolicy; in a RAM policy both begin with `ram:`.
"""

import time
from typing import Any

from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.dataclass import dataclass
from role_env.deadline import Deadline
from role_env.errors import UnreachableError
from role_env.json_reader import json_value
from role_env.profiles.endpoint import named_endpoint
from role_env.sts import client, sdk
from role_env.sts.client import StsError

PUBLIC_ENDPOINT = "ims.aliyuncs.com"
GET_ACTION = "ram:GetAccessKeyPolicy"
"""The name of the action in a RAM policy, as SET_ACTION."""
SET_ACTION = "ram:SetAccessKeyPolicy"
SECONDS = 60.0
"""How long IMS may return another policy after it was set: its answers lag."""
PAUSE_SECONDS = 3.0
_VARIABLE = "ALIBABA_CLOUD_IMS_ENDPOINT"
# Beginnings of codes: for a key without a policy (IMS usually answers `{}`), for a key that IMS does not have, or not
# yet, and for a missing permission.
_NO_POLICY = "EntityNotExist.AccessKeyPolicy"
_NO_KEY = "EntityNotExist"
_NOT_ALLOWED = ("NoPermission", "Forbidden", "AuthenticationFail.NoPermission")


@dataclass(frozen=True)
class Policy:
    """A network access policy as IMS writes it: its JSON, and the document in it."""

    text: str
    document: dict[str, Any]

    @property
    def is_none(self) -> bool:
        """Whether it is what IMS returns for a key without a policy: nothing, or an inactive one without statements."""
        is_inactive = self.document.get("Status") == "Inactive" and not self.document.get("Statements")
        return is_inactive or not self.document

    def has_same_content(self, other: "Policy") -> bool:
        """Return whether both are the same document. IMS adds a Version to one that was set without it."""
        return {"Version": 1, **self.document} == {"Version": 1, **other.document}


class Ims(client.Service):
    """A client of IMS at the endpoint that ALIBABA_CLOUD_IMS_ENDPOINT names, else at the public one."""

    def __init__(self, context: Context) -> None:
        super().__init__("IMS", named_endpoint(context.environ, _VARIABLE, default=PUBLIC_ENDPOINT), context)
        self._context = context

    def policy_of(self, access_key_id: str, signer: AccessKey, *, is_new: bool = False) -> Policy | None:
        """Return the network policy of a key of the user of `signer`.

        Return None without one, and for an `is_new` key that IMS does not have yet. Raises StsError, UnreachableError.
        """
        try:
            text = self._call("GetAccessKeyPolicy", access_key_id, signer).get("AccessKeyPolicy")
        except StsError as refusal:
            if not refusal.code.startswith(_NO_KEY if is_new else _NO_POLICY):
                raise
            return None
        with self.reading():
            document = json_value(text.encode()) if isinstance(text, str) else None
            if not isinstance(text, str) or not isinstance(document, dict):
                raise ValueError("AccessKeyPolicy is not the text of a JSON object")
            return Policy(text, document)

    def set_policy(self, access_key_id: str, policy: Policy, signer: AccessKey) -> bool:
        """Set the network policy of a key of the user of `signer`. Return False if IMS does not have the key yet.

        Raises StsError, UnreachableError.
        """
        try:
            self._call("SetAccessKeyPolicy", access_key_id, signer, AccessKeyPolicy=policy.text)
        except StsError as refusal:
            if not refusal.code.startswith(_NO_KEY):
                raise
            return False
        return True

    def _call(self, action: str, access_key_id: str, signer: AccessKey, **more: str) -> dict[str, Any]:
        self.deadline = self._context.restarted().deadline
        request = sdk.rpc_request("Ims", "2019-08-15", action)
        return self.send(request, {"UserAccessKeyId": access_key_id, **more}, signer)


def copy_policy(old_id: str, new_id: str, signer: AccessKey, ims: Ims) -> str:
    """Set the network policy of the key `old_id` on the key `new_id`, and wait until IMS returns it for that.

    It can be repeated. Return the action that the user of `signer` may not call, for which nothing was set; empty if
    the new key is as restricted as the old one. Raises StsError for another refusal, UnreachableError.
    """
    action = GET_ACTION
    try:
        wanted = ims.policy_of(old_id, signer)
        if wanted is None or wanted.is_none:
            return ""
        is_set, end = False, Deadline(SECONDS)
        while True:
            action = GET_ACTION
            found = ims.policy_of(new_id, signer, is_new=True)
            if found and found.has_same_content(wanted):
                return ""
            action = SET_ACTION
            if not is_set and ims.set_policy(new_id, wanted, signer):
                is_set = True
                continue
            if end.remaining() <= PAUSE_SECONDS:
                raise UnreachableError(f"{ims.endpoint} does not return the network policy that was set on {new_id}")
            time.sleep(PAUSE_SECONDS)
    except StsError as refusal:
        if refusal.is_key_leaked or not refusal.code.startswith(_NOT_ALLOWED):
            raise
        return action
