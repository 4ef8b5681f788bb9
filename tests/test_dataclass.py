"""The class of values refuses what `dataclasses` refuses, and does what that does: each test runs with both."""

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
        tags: tuple[str, ...] = module.field(default=(), metadata={"check": str})

        @property
        def shown(self) -> str:
            return f"{self.name} {self.region}".strip()

    return module.dataclass(frozen=True)(Role)


def test_a_value_has_the_fields_that_are_given_and_the_defaults_of_the_others(role: Any) -> None:
    one = role("ops", region="cn-beijing")
    assert (one.name, one.region, one.tags, one.shown) == ("ops", "cn-beijing", (), "ops cn-beijing")
    assert (role.region, role.tags) == ("", ())
    assert list(vars(role(tags=("a",), region="x", name="ops"))) == ["name", "region", "tags"]


def test_a_copy_differs_in_the_replaced_field_only(module: ModuleType, role: Any) -> None:
    one = role("ops")
    copy = module.replace(one, region="cn-beijing")
    assert vars(copy) == {"name": "ops", "region": "cn-beijing", "tags": ()}
    assert vars(one) == {"name": "ops", "region": "", "tags": ()}
    with pytest.raises(TypeError):
        module.replace(one, regoin="cn-beijing")


def test_values_are_equal_if_their_fields_are_and_can_be_keys(role: Any) -> None:
    assert role("ops") == role("ops", "")
    assert len({role("ops"), role("ops"), role("dev")}) == 2
    assert role("ops") != SimpleNamespace(name="ops", region="", tags=())


def test_a_class_names_its_fields_with_what_it_says_of_them(module: ModuleType, role: Any) -> None:
    found = {one.name: dict(one.metadata) for one in module.fields(role)}
    assert found == {"name": {}, "region": {}, "tags": {"check": str}}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((), {"region": "cn-beijing"}),
        (("ops", "", (), "surplus"), {}),
        (("ops",), {"name": "dev"}),
        (("ops",), {"regoin": "cn-beijing"}),
    ],
    ids=["nothing", "required missing", "too many", "twice", "unknown"],
)
def test_values_that_do_not_fit_the_fields_are_refused(role: Any, values: Any, named: Any) -> None:
    with pytest.raises(TypeError):
        role(*values, **named)


def test_a_value_does_not_change(role: Any) -> None:
    one = role("ops")
    with pytest.raises(AttributeError):
        one.name = "dev"
    with pytest.raises(AttributeError):
        del one.name
    assert one.name == "ops"


def test_a_required_field_after_one_with_a_default_is_refused(module: ModuleType) -> None:
    class Wrong:
        region: str = ""
        name: str

    with pytest.raises(TypeError):
        module.dataclass(frozen=True)(Wrong)


@pytest.mark.parametrize("default", [[], {}, set()], ids=["list", "dict", "set"])
def test_a_default_that_all_values_would_share_is_refused(module: ModuleType, default: object) -> None:
    class Wrong:
        tags: object = default

    with pytest.raises(ValueError, match="tags"):
        module.dataclass(frozen=True)(Wrong)


def test_no_value_shows_itself_since_it_may_be_a_secret() -> None:
    class Secret:
        text: str

    made: Any = ours.dataclass(frozen=True)(Secret)
    assert "s3cret" not in repr(made("s3cret"))


def test_a_class_that_would_lose_the_fields_of_another_is_refused() -> None:
    @ours.dataclass(frozen=True)
    class Role:
        name: str

    class Wrong(Role):
        other: str = ""

    with pytest.raises(TypeError, match="would lose"):
        ours.dataclass(frozen=True)(Wrong)
