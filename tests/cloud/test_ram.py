"""The local RAM refuses what the real one refuses. tests/rotation/ goes through what it does."""

import time

from cloud.api_client import Answer, Key, assume, call, key_of
from cloud.ram import RAM_VERSION, LocalRam
from cloud.world import TIME_FORMAT


def ask(ram: LocalRam, action: str, key: Key | None = None, **parameters: str) -> Answer:
    """A call by test_user1, unless another key is given."""
    return call(ram, key or key_of(ram.sts), action, RAM_VERSION, **parameters)


def create(ram: LocalRam) -> Key:
    """A second key of test_user1."""
    made = ask(ram, "CreateAccessKey").document["AccessKey"]
    return Key(made["AccessKeyId"], made["AccessKeySecret"])


def listed(ram: LocalRam) -> dict[str, str]:
    """The status of each key of test_user1, by its ID."""
    keys = ask(ram, "ListAccessKeys").document["AccessKeys"]["AccessKey"]
    assert all(set(key) == {"AccessKeyId", "CreateDate", "Status"} for key in keys)
    return {key["AccessKeyId"]: key["Status"] for key in keys}


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


def test_a_request_with_another_secret_or_of_another_api_is_refused(ram: LocalRam) -> None:
    key = key_of(ram.sts)
    assert ask(ram, "CreateAccessKey", Key(key.id, "wrong")).code == "SignatureDoesNotMatch"
    assert call(ram, key, "ListAccessKeys", "2015-04-01").code == "InvalidVersion"
    assert ask(ram, "GetCallerIdentity").code == "InvalidAction.NotFound"
    assert len(ram.world.keys_of("test_user1")) == 1
