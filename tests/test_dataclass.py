"""The data classes that need no `dataclasses`."""

import pytest

from role_env.dataclass import dataclass, replace


@dataclass
class Role:
    name: str
    region: str = ""


def test_a_copy_differs_in_the_replaced_field_only() -> None:
    role = Role("ops")
    copy = replace(role, region="cn-beijing")
    assert vars(copy) == {"name": "ops", "region": "cn-beijing"}
    assert (role.name, role.region) == ("ops", "")


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="Role has no field regoin"):
        replace(Role("ops"), regoin="cn-beijing")  # type: ignore[call-arg]
