"""The class of values does what that of `dataclasses` does: each test runs with both."""

import dataclasses
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from role_env import dataclass as ours


@pytest.fixture(params=[ours, dataclasses], ids=["ours", "dataclasses"])
def module(request: pytest.FixtureRequest) -> ModuleType:
    """The module under test: role-env's own, or Python's."""
    found: ModuleType = request.param
    return found


@pytest.fixture
def role(module: ModuleType) -> Any:
    """A class of values with a field that is required and two that are not."""

    class Role:
        name: str
        region: str = ""
        tags: tuple[str, ...] = ()

    return module.dataclass(frozen=True)(Role)


def test_a_value_has_the_fields_that_are_given_and_the_defaults_of_the_others(role: Any) -> None:
    one = role("ops", region="cn-beijing")
    assert (one.name, one.region, one.tags) == ("ops", "cn-beijing", ())
    assert (role.region, role.tags) == ("", ())
    assert list(vars(role(tags=("a",), region="x", name="ops"))) == ["name", "region", "tags"]


def test_a_copy_differs_in_the_replaced_field_only(module: ModuleType, role: Any) -> None:
    one = role("ops")
    copy = module.replace(one, region="cn-beijing")
    assert vars(copy) == {"name": "ops", "region": "cn-beijing", "tags": ()}
    assert vars(one) == {"name": "ops", "region": "", "tags": ()}


def test_a_field_that_is_missing_unknown_or_given_twice_is_an_error(role: Any) -> None:
    for values, named in (((), {}), (("ops",), {"other": 1}), (("ops",), {"name": "dev"}), (("a", "b", (), 1), {})):
        with pytest.raises(TypeError):
            role(*values, **named)


def test_no_field_can_be_changed_or_removed(role: Any) -> None:
    one = role("ops")
    with pytest.raises(AttributeError):
        one.name = "dev"
    with pytest.raises(AttributeError):
        del one.region
    assert vars(one) == {"name": "ops", "region": "", "tags": ()}


def test_values_are_equal_if_their_fields_are_and_can_be_keys(role: Any) -> None:
    assert role("ops") == role("ops", "")
    assert len({role("ops", "x"), role(region="x", name="ops"), role("dev")}) == 2
    assert role("ops") != SimpleNamespace(name="ops", region="", tags=())


def test_no_value_shows_itself_since_it_may_be_a_secret() -> None:
    class Secret:
        text: str

    made: Any = ours.dataclass(frozen=True)(Secret)
    assert "s3cret" not in repr(made("s3cret"))
