"""The keys of role-env's TLS connections go to no file: whoever reads them can read what was sent."""

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.oauth_server import OAuthServer
from cloud.ram import LocalRam
from support.machine import Machine


@pytest.fixture(autouse=True)
def browser(machine: Machine) -> None:
    """A browser that writes no log of its own keys."""
    machine.use_curl_as_browser()
    machine.environ["BROWSER"] = f"env -u SSLKEYLOGFILE {machine.environ['BROWSER']}"


def test_a_key_log_variable_makes_no_file_whatever_is_asked(
    machine: Machine, portal: CloudSsoPortal, oauth: OAuthServer, ram: LocalRam
) -> None:
    machine.add(portal.section())
    machine.add("[me]\noauth_site_type = CN\n")
    log = machine.temporary / "keys"
    for command in (
        "exec profileB -- true",
        "whoami profileB",
        "login cloud",
        "exec cloud -- true",
        "login me",
        "exec me -- true",
        "logout me",
        "rotate profileA",
    ):
        machine.succeeds(*command.split(), SSLKEYLOGFILE=str(log))
    assert machine.sts.requests_seen
    assert portal.requests
    assert oauth.requests
    assert ram.calls_of("CreateAccessKey")
    assert not log.exists()


def test_a_key_log_that_cannot_be_written_stops_nothing(machine: Machine) -> None:
    machine.succeeds("exec", "profileB", "--", "true", SSLKEYLOGFILE="/no/such/folder/log")
