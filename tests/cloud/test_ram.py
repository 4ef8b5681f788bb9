"""The local RAM refuses what the real one refuses, and loses an answer where a test says so."""

import http.client
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.api_client import Answer, Key, assume, call, key_of, send, sign
from cloud.local_sts import LocalSts
from cloud.ram import LocalRam
from cloud.world import TIME_FORMAT

RAM = "2015-05-01"


@pytest.fixture
def ram(tmp_path: Path, sts: LocalSts) -> Iterator[LocalRam]:
    with LocalRam(tmp_path / "ram", sts) as running:
        yield running


def ask(ram: LocalRam, action: str, key: Key | None = None, **parameters: str) -> Answer:
    """A call by test_user1, unless another key is given."""
    return call(ram, key or key_of(ram.sts), action, RAM, **parameters)


def create(ram: LocalRam) -> Key:
    """A second key of test_user1."""
    made = ask(ram, "CreateAccessKey").document["AccessKey"]
    return Key(made["AccessKeyId"], made["AccessKeySecret"])


def listed(ram: LocalRam) -> dict[str, str]:
    """The status of each key of test_user1, by its ID."""
    keys = ask(ram, "ListAccessKeys").document["AccessKeys"]["AccessKey"]
    assert all(set(key) == {"AccessKeyId", "CreateDate", "Status"} for key in keys)
    return {key["AccessKeyId"]: key["Status"] for key in keys}


def test_a_key_is_made_used_switched_off_and_deleted(ram: LocalRam) -> None:
    old, new = key_of(ram.sts), create(ram)
    assert listed(ram) == {old.id: "Active", new.id: "Active"}
    assert call(ram.sts, new, "GetCallerIdentity").document["Arn"] == ram.sts.user_arn

    assert ask(ram, "UpdateAccessKey", new, UserAccessKeyId=old.id, Status="Inactive").status == 200
    assert call(ram.sts, old, "GetCallerIdentity").code == "InvalidAccessKeyId.Inactive"
    assert ask(ram, "UpdateAccessKey", new, UserAccessKeyId=old.id, Status="Active").status == 200
    assert call(ram.sts, old, "GetCallerIdentity").status == 200

    assert ask(ram, "DeleteAccessKey", UserAccessKeyId=new.id).status == 200
    assert call(ram.sts, new, "GetCallerIdentity").code == "InvalidAccessKeyId.NotFound"
    assert [key.id for key in ram.world.keys_of("test_user1")] == [old.id]
    assert [key.secret for key in ram.world.deleted_keys] == [new.secret]


def test_only_creation_shows_a_secret(ram: LocalRam) -> None:
    new = create(ram)
    for action in ("ListAccessKeys", "GetAccessKeyLastUsed"):
        body = ask(ram, action, UserAccessKeyId=new.id).body
        assert new.secret.encode() not in body
    assert new.secret not in repr((ram.calls, ram.world))


def test_a_third_key_is_beyond_the_limit_even_beside_an_inactive_one(ram: LocalRam) -> None:
    new = create(ram)
    ask(ram, "UpdateAccessKey", UserAccessKeyId=new.id, Status="Inactive")
    refused = ask(ram, "CreateAccessKey")
    assert (refused.status, refused.code) == (409, "LimitExceeded.User.AccessKey")


def test_a_new_key_is_unknown_until_it_has_spread(ram: LocalRam) -> None:
    ram.sts.propagation_seconds = 2
    new = create(ram)
    assert call(ram.sts, new, "GetCallerIdentity").code == "InvalidAccessKeyId.NotFound"
    assert ask(ram, "ListAccessKeys", new).status == 200
    ram.sts.clock_offset = 3
    assert call(ram.sts, new, "GetCallerIdentity").status == 200
    ram.propagation_seconds = 60
    assert ask(ram, "ListAccessKeys", new).code == "InvalidAccessKeyId.NotFound"


def test_the_last_use_is_of_either_service(ram: LocalRam) -> None:
    new = create(ram)

    def last_used() -> str:
        document = ask(ram, "GetAccessKeyLastUsed", UserAccessKeyId=new.id).document
        return str(document["AccessKeyLastUsed"]["LastUsedDate"])

    assert last_used() == ""
    call(ram.sts, new, "GetCallerIdentity")
    used = last_used()
    assert abs(time.mktime(time.strptime(used, TIME_FORMAT)) - time.mktime(time.gmtime())) < 60


def test_a_user_without_the_permission_is_refused(ram: LocalRam) -> None:
    user = ram.world.key_of("test_user1").user
    assert user
    user.allows.discard("ram:CreateAccessKey")
    refused = ask(ram, "CreateAccessKey")
    assert (refused.status, refused.code) == (403, "NoPermission")
    assert len(listed(ram)) == 1


def test_whose_keys_are_meant_is_checked(ram: LocalRam) -> None:
    assert ask(ram, "ListAccessKeys", UserName="test_user1").status == 200
    assert ask(ram, "ListAccessKeys", UserName="test_user2").code == "NoPermission"
    assert ask(ram, "ListAccessKeys", UserName="nobody").code == "EntityNotExist.User"
    assert ask(ram, "ListAccessKeys", assume(ram.sts).key).code == "EntityNotExist.User"
    root = key_of(ram.sts, "root")
    assert ask(ram, "ListAccessKeys", root, UserName="test_user2").status == 200


def test_a_key_that_is_not_the_users_does_not_exist(ram: LocalRam) -> None:
    for foreign in ("LTAIunknown", key_of(ram.sts, "test_user2").id):
        refused = ask(ram, "DeleteAccessKey", UserAccessKeyId=foreign)
        assert (refused.status, refused.code) == (404, "EntityNotExist.User.AccessKey")
    assert ask(ram, "DeleteAccessKey").code == "MissingUserAccessKeyId"
    own = key_of(ram.sts).id
    assert ask(ram, "UpdateAccessKey", UserAccessKeyId=own, Status="Off").code == "InvalidParameter.Status"


def test_a_request_that_is_not_signed_as_it_should_be_is_refused(ram: LocalRam) -> None:
    key = key_of(ram.sts)
    assert ask(ram, "CreateAccessKey", Key(key.id, "wrong")).code == "SignatureDoesNotMatch"
    target = sign(key, "ListAccessKeys", RAM)
    assert [send(ram, target).code for _ in range(2)] == ["", "SignatureNonceUsed"]
    assert call(ram, key, "ListAccessKeys", "2015-04-01").code == "InvalidVersion"
    assert call(ram, key, "GetCallerIdentity", RAM).code == "InvalidAction.NotFound"
    assert len(ram.world.keys_of("test_user1")) == 1


def test_an_answer_can_be_lost_after_a_key_was_made(ram: LocalRam) -> None:
    ram.fault("reset-mid-answer", action="CreateAccessKey")
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(ram, "CreateAccessKey")
    assert len(ram.world.keys_of("test_user1")) == 2


def test_an_error_can_be_ordered_between_any_two_calls(ram: LocalRam) -> None:
    for count in range(4):
        ram.fault("code:InternalError:500", after=count)
        codes = [ask(ram, "ListAccessKeys").code for _ in range(count + 2)]
        assert codes == [*[""] * count, "InternalError", ""]
