"""The shells that have the integration, and where the sessions in them are cached."""

import pytest

from support.secret_service_bus import require
from support.shell_terminal import SHELLS


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Each of them; a test that is for others names them."""
    require(request.param)
    return str(request.param)


@pytest.fixture(autouse=True)
def _spare_the_keyring(request: pytest.FixtureRequest) -> None:
    if "machine" in request.fixturenames:
        request.getfixturevalue("machine").spare_the_keyring()
