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

from cloud.api_server import ApiServer, check_mandatory
from cloud.local_sts import LocalSts
from cloud.refusals import Refused
from cloud.service import Document
from cloud.signatures import Request
from cloud.world import AccessKey, Identity, User, format_time
from support.machine import Machine

RAM_VERSION = "2015-05-01"
MOST_KEYS = 2
"""The keys that a user may have, inactive ones included."""


class LocalRam(ApiServer):
    """A running RAM; see ApiServer."""

    def __init__(self, folder: Path, sts: LocalSts) -> None:
        self.sts = sts
        self.answers: dict[str, Document] = {}
        """What an action answers instead of being carried out."""
        self.after: dict[str, Callable[[], object]] = {}
        """What happens after an action, before its answer."""
        self._actions = {
            "CreateAccessKey": self._create,
            "ListAccessKeys": self._list,
            "UpdateAccessKey": self._update,
            "DeleteAccessKey": self._delete,
            "GetAccessKeyLastUsed": self._last_used,
        }
        super().__init__(folder, sts.world)

    def version_of(self, action: str) -> str | None:
        """Return RAM's version for its actions, else None."""
        return RAM_VERSION if action in self._actions else None

    def act(self, request: Request, identity: Identity, fault: str) -> Document:
        """Carry out what the identity asks for. Raises Refused."""
        account, user = self._owner(request, identity)
        resource = f"acs:ram:*:{account}:" + (f"user/{user.name}" if user else "root")
        if not identity.is_allowed(f"ram:{request.action}", resource):
            raise Refused("NoPermission")
        if request.action in self.answers:
            return self.answers[request.action]
        document = self._actions[request.action](request, account, user)
        self.after.get(request.action, bool)()
        return document

    def _owner(self, request: Request, identity: Identity) -> tuple[str, User | None]:
        """Return whose keys are meant: those of `UserName`, by default the caller's own."""
        name = request.parameters.get("UserName")
        if not name:
            if identity.session:
                raise Refused("EntityNotExist.User")
            return identity.account, identity.user
        users = (key.user for key in (*self.world.keys.values(), *self.world.deleted_keys) if key.user)
        found = next((user for user in users if (user.account, user.name) == (identity.account, name)), None)
        if found is None:
            raise Refused("EntityNotExist.User", f"The user does not exist: {name}.")
        if identity.user and identity.user is not found and found.name != identity.user.name:
            raise Refused("NoPermission")
        return identity.account, found

    def _owned(self, account: str, user: User | None) -> list[AccessKey]:
        def is_owned(key: AccessKey) -> bool:
            return key.account == account and (key.user and key.user.name) == (user and user.name)

        return [key for key in self.world.keys.values() if is_owned(key)]

    def _named(self, request: Request, account: str, user: User | None) -> AccessKey:
        check_mandatory(request.parameters, ["UserAccessKeyId"])
        wanted = request.parameters["UserAccessKeyId"]
        for key in self._owned(account, user):
            if key.id == wanted:
                return key
        raise Refused("EntityNotExist.User.AccessKey")

    def _create(self, _request: Request, account: str, user: User | None) -> Document:
        if len(self._owned(account, user)) >= MOST_KEYS:
            raise Refused("LimitExceeded.User.AccessKey")
        key = self.world.add_key(account, user)
        key.created = self.now()
        return {"AccessKey": {**_described(key), "AccessKeySecret": key.secret}}

    def _list(self, _request: Request, account: str, user: User | None) -> Document:
        return {"AccessKeys": {"AccessKey": [_described(key) for key in self._owned(account, user)]}}

    def _update(self, request: Request, account: str, user: User | None) -> Document:
        check_mandatory(request.parameters, ["Status"])
        if request.parameters["Status"] not in ("Active", "Inactive"):
            raise Refused("InvalidParameter.Status")
        self._named(request, account, user).active = request.parameters["Status"] == "Active"
        return {}

    def _delete(self, request: Request, account: str, user: User | None) -> Document:
        key = self._named(request, account, user)
        del self.world.keys[key.id]
        self.world.deleted_keys.append(key)
        return {}

    def _last_used(self, request: Request, account: str, user: User | None) -> Document:
        key = self._named(request, account, user)
        return {"AccessKeyLastUsed": {"LastUsedDate": format_time(key.last_used) if key.last_used else ""}}


def _described(key: AccessKey) -> dict[str, str]:
    status = "Active" if key.active else "Inactive"
    return {"AccessKeyId": key.id, "CreateDate": format_time(key.created), "Status": status}


@contextlib.contextmanager
def ram_of(machine: Machine) -> Iterator[LocalRam]:
    """Give the machine a RAM whose world is the STS's, and the key of profileA in the keyring and nowhere else."""
    with LocalRam(machine.temporary / "ram", machine.sts) as started:
        machine.environ["ALIBABA_CLOUD_RAM_ENDPOINT"] = started.endpoint
        machine.write(f"[profileA]\n\n[profileB]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
        machine.log_in("profileA")
        yield started
