"""The shells that have the integration."""

import pytest

from support.secret_service_bus import require
from support.shell_terminal import SHELLS


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Each of them; a test that is for others names them."""
    require(request.param)
    return str(request.param)
