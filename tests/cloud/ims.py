"""A local IMS, for the network policies of a user's own keys: version 2019-08-15 over TLS, signed as STS's calls are.

In a test::

    with LocalIms(tmp_path / "ims", sts) as ims:
        ...                                     # ims.endpoint is host:port, as ALIBABA_CLOUD_IMS_ENDPOINT wants it
        ims.lag = 2                             # so many calls of GetAccessKeyPolicy after a Set return what was before
        ims.fault("code:NoPermission:403", action="SetAccessKeyPolicy")

It shares its world with `sts`: a key's policy is `network_policy` there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from cloud.answers import Document, Refused
from cloud.api_server import ApiServer, check_mandatory
from cloud.local_sts import LocalSts
from cloud.signatures import Request
from cloud.world import AccessKey, Identity, User

IMS_VERSION = "2019-08-15"
IMS_ACTIONS = ("GetAccessKeyPolicy", "SetAccessKeyPolicy")
COMMON = {"AccessKeyId", "Action", "Format", "RegionId", "SignatureType", "Timestamp", "Version"}
COMMON |= {"Signature", "SignatureMethod", "SignatureNonce", "SignatureVersion"}
"""The parameters of every action of an RPC API."""


class LocalIms(ApiServer):
    """A running IMS; see ApiServer."""

    def __init__(self, folder: Path, sts: LocalSts) -> None:
        self.sts = sts
        self.answers: dict[str, Document] = {}
        """What an action answers instead of being carried out."""
        self.lag = 0
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """The action, the version and the parameters of each request, without those that every action has."""
        self._before: list[str] = []
        super().__init__(folder, sts.world)

    def version_of(self, action: str) -> str | None:
        """Return IMS's version for its actions, else None."""
        return IMS_VERSION if action in IMS_ACTIONS else None

    def act(self, request: Request, identity: Identity, fault: str) -> Document:
        """Carry out what the identity asks for. Raises Refused."""
        own = {name: value for name, value in request.parameters.items() if name not in COMMON}
        self.asked.append((request.action, request.version, own))
        if identity.session:
            raise Refused("EntityNotExist.User")
        resource = f"acs:ram::{identity.account}:" + (f"user/{identity.owner.name}" if identity.owner else "root")
        if not identity.is_allowed(f"ram:{request.action}", resource):  # the prefix is RAM's
            raise Refused("NoPermission")
        check_mandatory(request.parameters, ("UserAccessKeyId",))
        if request.action in self.answers:
            return self.answers[request.action]
        key = self.world.keys.get(request.parameters["UserAccessKeyId"])
        if not key or (key.account, key.user) != (identity.account, cast("User | None", identity.owner)):
            raise Refused("EntityNotExist.User.AccessKey")
        if request.action == "SetAccessKeyPolicy":
            return self._set(key, request.parameters.get("AccessKeyPolicy", ""))
        shown = self._before.pop() if self._before else key.network_policy
        return {"AccessKeyId": key.id, "AccessKeyPolicy": shown}

    def _set(self, key: AccessKey, text: str) -> Document:
        try:
            document = json.loads(text)
            statements = document["Statements"]
        except (ValueError, KeyError, TypeError):  # `{}` too: there is no way to delete a policy
            raise Refused("InvalidParameter.AccessKeyPolicy") from None
        if document.get("Status") not in ("Active", "Inactive") or not isinstance(statements, list):
            raise Refused("InvalidParameter.AccessKeyPolicy")
        self._before = [key.network_policy] * self.lag
        key.network_policy = json.dumps({"Version": 1, **document})
        return {"AccessKeyId": key.id, "AccessKeyPolicy": key.network_policy}
