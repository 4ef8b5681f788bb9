"""login and logout with OAuth: the user's own session, by a sign-in in the browser."""

import contextlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from cloud.oauth_server import CLIENT_IDS, OAuthServer
from cloud.world import ACCOUNT_A
from support.cached_sessions import key_id
from support.loopback_browser import IDLE, LoopbackBrowser, approve, begin
from support.machine import Machine
from support.secret_service_bus import require
from support.waiting import DEADLINE, wait_until

ARN = f"acs:ram::{ACCOUNT_A}:assumed-role/oauth-user/alice"
NO_BROWSER = {"BROWSER": "", "DISPLAY": ""}


@pytest.fixture(autouse=True)
def desktop(machine: Machine, oauth: OAuthServer) -> None:
    """A browser that follows each redirect; the profile me, and spoke, which assumes a role with its session."""
    machine.use_curl_as_browser()
    machine.add(f"[me]\noauth_site_type = CN\n\n[spoke]\nrole_arn = {machine.sts.role_arn}\nsource_profile = me\n")


def sign_in(machine: Machine, **environ: str) -> subprocess.CompletedProcess[str]:
    """Signs in by the browser."""
    return machine.role_env("login", "me", **environ)


def test_the_browser_comes_back_and_the_session_is_the_users_own(machine: Machine, oauth: OAuthServer) -> None:
    done = sign_in(machine)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^me: signed in as {ARN} at {oauth.address} until \d{{4}}-\S+Z\n$", done.stdout)
    assert f"ask an administrator to allow the application {CLIENT_IDS['CN']}" in done.stderr
    assert key_id(machine, "me") == oauth.sessions[-1].id
    assert oauth.sessions[-1].role.account == ACCOUNT_A
    assert key_id(machine, "me") == oauth.sessions[-1].id
    assert len(oauth.sessions) == 2  # login has asked whose it is
    key_id(machine, "spoke")
    assert machine.sts.calls_of("AssumeRole")[-1].access_key_id == oauth.sessions[-1].id


def test_both_spellings_of_a_session_are_read(machine: Machine, oauth: OAuthServer) -> None:
    oauth.pascal_case = oauth.expires_in_as_text = True
    assert sign_in(machine).returncode == 0
    assert key_id(machine, "me") == oauth.sessions[-1].id


@pytest.mark.parametrize(("site", "client"), [("INTL", ""), ("cn", "1234567890")])
def test_the_client_is_the_sites_or_the_profiles_own(
    machine: Machine, oauth: OAuthServer, site: str, client: str
) -> None:
    own = f"oauth_client_id = {client}\n" if client else ""
    machine.write(f"[me]\noauth_site_type = {site}\n{own}")
    oauth.client_ids.add("1234567890")
    assert sign_in(machine).returncode == 0
    assert oauth.authorizations[-1].client_id == (client or CLIENT_IDS["INTL"])


def test_a_callback_with_a_wrong_state_is_ignored(machine: Machine) -> None:
    person, address = begin(machine, **IDLE)
    browser = LoopbackBrowser()
    right = approve(machine, browser.visit(address).location)
    home = right.partition("?")[0]
    for query in ("code=stolen&state=wrong", "error=access_denied&state=wrong", "code=stolen"):
        assert browser.visit(f"{home}?{query}").status == HTTPStatus.BAD_REQUEST
    assert browser.visit(home.replace("/cli/callback", "/other")).status == HTTPStatus.NOT_FOUND
    assert browser.visit(right).status == HTTPStatus.OK
    person.ends()


def test_the_server_listens_on_loopback_only(machine: Machine) -> None:
    person, address = begin(machine, **IDLE)
    port = urllib.parse.urlsplit(address).port or 0
    listening = [
        line.split()[1]
        for name in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(name).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == port
    ]
    assert listening == [f"0100007F:{port:04X}"]
    person.interrupts()
    person.ends(130)


def test_another_port_is_taken_where_the_first_is_in_use(machine: Machine, oauth: OAuthServer) -> None:
    with socket.socket() as first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        while True:  # another worker may have it for a moment
            with contextlib.suppress(OSError):
                first.bind(("127.0.0.1", 12345))
                break
            time.sleep(0.05)
        first.listen()
        assert sign_in(machine).returncode == 0
    assert not oauth.authorizations[-1].redirect_uri.startswith("http://127.0.0.1:12345/")


def test_a_refusal_is_exit_4_with_the_pages_own_words(machine: Machine, oauth: OAuthServer) -> None:
    oauth.consent = "deny"
    done = machine.fails("login", "me", status=4, said="the sign-in was refused: access_denied: The user refused.")
    assert done.stdout == ""


@pytest.mark.parametrize("environ", [{}, {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22", "DISPLAY": ":99"}])
def test_without_a_browser_the_address_is_pasted_and_a_wrong_one_is_asked_for_again(
    machine: Machine, oauth: OAuthServer, environ: dict[str, str]
) -> None:
    person, address = begin(machine, *([] if environ else ["--no-browser"]), **environ)
    person.answers("paste its address here", "http://127.0.0.1:12345/cli/callback?code=stolen&state=wrong")
    person.answers("this is the address of another sign-in: paste that of the page that does not load", "what?")
    right = approve(machine, address)
    person.answers("this is not the address of a sign-in's last page: paste", right)
    reported = person.ends()
    assert f"me: signed in as {ARN} at" in reported
    assert right not in reported
    assert key_id(machine, "me") == oauth.sessions[-1].id


def test_the_address_can_come_over_a_pipe_and_the_end_of_stdin_ends_the_wait(
    machine: Machine, oauth: OAuthServer
) -> None:
    machine.fails("login", "me", "--no-browser", text="what?\n", status=2, said="stdin ended before")
    machine.fails("login", "me", "--no-browser", text="x" * 70_000, status=2, said="too long to be an address")
    assert not oauth.requests_to("/v1/token")


def test_a_4xx_is_exit_4_with_the_servers_own_message(machine: Machine, oauth: OAuthServer) -> None:
    oauth.fault("code:invalid_request:400:Not like this.", action="/v1/token")
    machine.fails("login", "me", status=4, said="invalid_request: Not like this.")
    sign_in(machine)
    oauth.fault("code:access_denied:403:Not from here.", action="/v1/exchange")
    machine.fails("me", status=4, said="access_denied: Not from here.")


@pytest.mark.parametrize(
    "endpoints", ["http://localhost:1", "https://localhost:1/path", "localhost:1", "https://a@localhost:1"]
)
def test_an_endpoint_that_is_not_https_is_exit_3(machine: Machine, endpoints: str) -> None:
    for command in (["login", "me"], ["me"]):
        machine.fails(*command, ROLE_ENV_OAUTH_ENDPOINTS=endpoints, status=3, said="ROLE_ENV_OAUTH_ENDPOINTS")


def test_a_token_is_sent_only_to_the_host_that_issued_it(machine: Machine, oauth: OAuthServer) -> None:
    sign_in(machine)
    key_id(machine, "me")
    with OAuthServer(machine.sts) as other:
        done = machine.role_env("me", **other.environment)
        assert (done.returncode, oauth.address in done.stderr, other.address in done.stderr) == (3, True, True)
        assert "role-env login me" in done.stderr
        assert not other.requests


def test_without_a_keyring_nothing_is_asked_even_if_the_kernels_is_there(machine: Machine, oauth: OAuthServer) -> None:
    for backend in ("keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"):
        done = sign_in(machine, PYTHON_KEYRING_BACKEND=backend)
        assert (done.returncode, done.stdout, "https://" in done.stderr) == (6, "", False)
    assert not oauth.requests


def test_logout_revokes_and_deletes(machine: Machine, oauth: OAuthServer) -> None:
    sign_in(machine)
    key_id(machine, "me")
    key_id(machine, "spoke")
    done = machine.role_env("logout", "me")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"removed the sign-in of me at {oauth.address} and 2 cached sessions\n"
    assert not oauth.refresh
    for profile in ("me", "spoke"):
        assert machine.role_env(profile).returncode == 3


def test_logout_deletes_what_could_not_be_revoked_and_warns(machine: Machine, oauth: OAuthServer) -> None:
    sign_in(machine)
    oauth.fault("503", times=None, action="/v1/revoke")
    done = machine.role_env("logout", "me", ROLE_ENV_TIMEOUT="5")
    assert (done.returncode, "the sign-in could not be revoked" in done.stderr) == (0, True)
    assert machine.role_env("me").returncode == 3


def test_a_sign_in_is_of_one_profile(machine: Machine) -> None:
    machine.add("[other]\noauth_site_type = CN\n")
    sign_in(machine)
    assert machine.role_env("other").returncode == 3
    assert key_id(machine, "me")


def begin_refresh(machine: Machine, oauth: OAuthServer, seconds: int = 2) -> "subprocess.Popen[str]":
    """A command that refreshes the sign-in of me, whose new tokens the server sends late."""
    oauth.expire_access_tokens()
    oauth.fault(f"delay:{seconds}", action="/v1/token")
    process = machine.start("me", "--no-cache")
    wait_until(lambda: any(b"grant_type=refresh_token" in one.body for one in oauth.requests_to("/v1/token")))
    return process


def check_newest_is_used(machine: Machine, oauth: OAuthServer) -> None:
    """Check that a session of me is made from the tokens of the newest sign-in."""
    key_id(machine, "me", "--no-cache")
    bearer = oauth.requests_to("/v1/exchange")[-1].bearer
    assert oauth.access[bearer].family == oauth.authorizations[-1].family


def test_a_refresh_that_ends_after_a_new_sign_in_does_not_replace_it(machine: Machine, oauth: OAuthServer) -> None:
    sign_in(machine)
    person, address = begin(machine, **IDLE)
    process = begin_refresh(machine, oauth)
    browser = LoopbackBrowser()
    right = approve(machine, browser.visit(address).location)
    assert browser.visit(right).status == HTTPStatus.OK
    person.ends()
    assert process.wait(DEADLINE) == 0
    check_newest_is_used(machine, oauth)


def test_a_refresh_that_another_process_did_not_wait_for_does_not_replace_its_sign_in(
    machine: Machine, oauth: OAuthServer
) -> None:
    sign_in(machine)
    process = begin_refresh(machine, oauth, seconds=60)
    elsewhere = str(machine.temporary / "state")  # as if the wait for the lock had ended
    assert sign_in(machine, XDG_STATE_HOME=elsewhere).returncode == 0
    oauth.heal()
    assert process.wait(DEADLINE) == 5
    check_newest_is_used(machine, oauth)


def test_a_refresh_that_ends_after_logout_brings_nothing_back(machine: Machine, oauth: OAuthServer) -> None:
    sign_in(machine)
    process = begin_refresh(machine, oauth)
    machine.succeeds("logout", "me")
    process.wait(DEADLINE)
    assert "there is no sign-in" in machine.role_env("me", "--no-cache").stderr
    assert not oauth.refresh


def test_ctrl_c_is_130(machine: Machine) -> None:
    for environ in (IDLE, NO_BROWSER):
        person, _ = begin(machine, **environ)
        person.presses("c")
        assert "role-env: interrupted" in person.ends(130)


@pytest.fixture
def chromium(machine: Machine, desktop: None) -> Iterator[None]:
    """Debian's Chromium as the browser, without a window and a keyring of its own."""
    name = next(filter(shutil.which, ("chromium", "google-chrome")), "")
    if not name:
        require("chromium")
    # Its socket's path has to be short, and what it keeps of the sign-in's addresses belongs to the browser.
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        machine.write_program(
            "browser",
            f"#!/bin/sh\nunset DISPLAY DBUS_SESSION_BUS_ADDRESS\nexport TMPDIR={folder} HOME={folder}\n"
            f"exec {name} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --password-store=basic"
            f" --ignore-certificate-errors --user-data-dir={folder}/profile --virtual-time-budget=5000"
            f' --dump-dom "$1" >{folder}/page 2>{folder}/log\n',
        )
        yield


@pytest.mark.timeout(180)  # on a busy machine a browser alone may take a minute to start
@pytest.mark.usefixtures("chromium")
def test_a_real_browser_goes_through_the_sign_in(machine: Machine, oauth: OAuthServer) -> None:
    oauth.consent = "button"
    done = sign_in(machine)
    assert done.returncode == 0, done.stderr
    assert key_id(machine, "me") == oauth.sessions[-1].id
