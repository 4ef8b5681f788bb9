"""Where an organization is asked for its accounts: a variable may name only what is documented, and this machine."""

import pytest

from role_env.errors import ProfileError
from role_env.profiles.endpoint import directory_endpoint

VARIABLE = "ALIBABA_CLOUD_RESOURCE_DIRECTORY_ENDPOINT"
CHINA, INTERNATIONAL = "resourcedirectory.aliyuncs.com", "resourcedirectory-intl.aliyuncs.com"


def test_each_site_has_its_endpoint() -> None:
    assert directory_endpoint({}, "china") == CHINA
    assert directory_endpoint({VARIABLE: ""}, "international") == INTERNATIONAL


@pytest.mark.parametrize("host", [CHINA, INTERNATIONAL, f"{CHINA}:443", "localhost:8443", "127.1.2.3", "[::1]:8443"])
def test_the_variable_may_name_a_documented_host_and_this_machine(host: str) -> None:
    assert directory_endpoint({VARIABLE: host}, "china") == host


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"{CHINA}.evil.example",
        f"{CHINA}:443@evil.example",
        f"evil.{CHINA}",
        "my-bucket.oss.aliyuncs.com",
        "127.0.0.1.evil.example",
        "1270.0.0.1",
        "localhost.evil.example",
        "[::ffff:192.0.2.1]",
        "http://localhost",
        f"{CHINA}\n",
        "évil.example",
    ],
)
def test_it_may_name_no_other(host: str) -> None:
    with pytest.raises(ProfileError, match=f"the variable {VARIABLE} "):
        directory_endpoint({VARIABLE: host}, "china")
