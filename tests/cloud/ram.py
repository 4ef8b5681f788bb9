"""A local RAM, for a user's own access keys: version 2015-05-01 over TLS, signed as STS's calls are.

In a test::

    with LocalRam(tmp_path / "ram", sts) as ram:
        ...                                     # ram.endpoint is host:port, as ALIBABA_CLOUD_RAM_ENDPOINT wants it
        ram.sts.propagation_seconds = 5         # so long STS does not know a new key
        ram.fault("reset-mid-answer", action="CreateAccessKey")   # the key is made, and its answer is lost
        ram.fault("code:NoPermission:403", after=2)               # the third call from now is refused

It shares its world with `sts`: what is made, switched off or deleted here is so there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from cloud.answers import Document, Refused
from cloud.api_server import ApiServer
from cloud.ims import IMS_ACTIONS, LocalIms
from cloud.local_sts import LocalSts
from cloud.signatures import Request
from cloud.world import OWN_KEYS, AccessKey, Identity, User, format_time
from support.machine import Machine

RAM_VERSION = "2015-05-01"
MOST_KEYS = 2
"""The keys that a user may have, inactive ones included."""


class LocalRam(ApiServer):
    """A running RAM; see ApiServer. `ims` is the IMS beside it, if `ram_of` started both."""

    ims: LocalIms

    def __init__(self, folder: Path, sts: LocalSts) -> None:
        self.sts = sts
        self.answers: dict[str, Document] = {}
        """What an action answers instead of being carried out."""
        self.after: dict[str, Callable[[], object]] = {}
        """What happens after an action, before its answer."""
        self.leaked: set[str] = set()
        """The IDs of keys that were found in public: RAM refuses every call that they sign."""
        super().__init__(folder, sts.world)

    def version_of(self, action: str) -> str | None:
        """Return RAM's version for its actions, else None."""
        return RAM_VERSION if f"ram:{action}" in OWN_KEYS and action not in IMS_ACTIONS else None

    def act(self, request: Request, identity: Identity, fault: str) -> Document:
        """Carry out what the identity asks for. Raises Refused."""
        if identity.session:  # whose keys are the role's, which has none
            raise Refused("EntityNotExist.User")
        if request.access_key_id in self.leaked:
            raise Refused("Forbidden")
        resource = f"acs:ram:*:{identity.account}:" + (f"user/{identity.owner.name}" if identity.owner else "root")
        if not identity.is_allowed(f"ram:{request.action}", resource):
            raise Refused("NoPermission")
        if request.action in self.answers:
            return self.answers[request.action]
        document = self._carry_out_for(request, identity.account, cast("User | None", identity.owner))
        self.after.get(request.action, bool)()
        return document

    def _carry_out_for(self, request: Request, account: str, user: User | None) -> Document:
        keys = {key.id: key for key in self.world.keys.values() if (key.account, key.user) == (account, user)}
        action, given = request.action, request.parameters
        if action == "ListAccessKeys":
            return {"AccessKeys": {"AccessKey": [_described(key) for key in keys.values()]}}
        if action == "CreateAccessKey":
            if len(keys) >= MOST_KEYS:
                raise Refused("LimitExceeded.User.AccessKey")
            key = self.world.add_key(account, user)
            key.created = self.now()
            return {"AccessKey": {**_described(key), "AccessKeySecret": key.secret}}
        if given.get("UserAccessKeyId") not in keys:
            raise Refused("EntityNotExist.User.AccessKey")
        key = keys[given["UserAccessKeyId"]]
        if action == "GetAccessKeyLastUsed":
            return {"AccessKeyLastUsed": {"LastUsedDate": format_time(key.last_used) if key.last_used else ""}}
        if action == "UpdateAccessKey":
            key.active = {"Active": True, "Inactive": False}[given["Status"]]
        else:
            self.world.deleted_keys.append(self.world.keys.pop(key.id))
        return {}


def _described(key: AccessKey) -> dict[str, str]:
    status = "Active" if key.active else "Inactive"
    return {"AccessKeyId": key.id, "CreateDate": format_time(key.created), "Status": status}


@contextlib.contextmanager
def ram_of(machine: Machine) -> Iterator[LocalRam]:
    """Give the machine a RAM and an IMS of the STS's world, and the key of profileA in the keyring and nowhere else."""
    folder, sts = machine.temporary, machine.sts
    with LocalRam(folder / "ram", sts) as started, LocalIms(folder / "ims", sts) as started.ims:
        machine.environ["ALIBABA_CLOUD_RAM_ENDPOINT"] = started.endpoint
        machine.environ["ALIBABA_CLOUD_IMS_ENDPOINT"] = started.ims.endpoint
        machine.write(f"[profileA]\n\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
        machine.log_in("profileA")
        yield started
