"""The local RAM refuses what the real one refuses. tests/rotation/ goes through what it does."""

from cloud.api_client import Answer, Key, assume, call, key_of
from cloud.ram import RAM_VERSION, LocalRam


def ask(ram: LocalRam, action: str, key: Key | None = None, **parameters: str) -> Answer:
    """A call by test_user1, unless another key is given."""
    return call(ram, key or key_of(ram.sts), action, RAM_VERSION, **parameters)


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
