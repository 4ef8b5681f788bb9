"""Another user of this machine signs in, or another person gives a session: nothing of theirs is stored unseen."""

import contextlib
import os
import socket
import subprocess
import sys
from http import HTTPStatus

import pytest

from cloud.metadata_server import has_namespaces
from cloud.oauth_server import OAuthServer
from cloud.world import ACCOUNT_A, ACCOUNT_B
from role_env.sign_in.console import Redirect
from support.cached_sessions import key_id
from support.loopback_browser import IDLE, LoopbackBrowser, approve, begin
from support.machine import ROLE_ENV, Machine

SOMEBODY = ("setpriv", "--reuid=4711", "--regid=4711", "--clear-groups")
is_root = pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root can become another user")


@pytest.fixture(autouse=True)
def desktop(machine: Machine, oauth: OAuthServer) -> None:
    """A browser that follows each redirect, and the profile me."""
    machine.use_curl_as_browser()
    machine.write("[me]\noauth_site_type = CN\n")


def families(oauth: OAuthServer) -> set[int]:
    """The sign-ins, by number, whose access tokens were used for a session."""
    return {oauth.access[request.bearer].family for request in oauth.requests_to("/v1/exchange")}


# ---- who reads the arguments ----


def test_the_browsers_arguments_show_neither_state_nor_challenge(machine: Machine, oauth: OAuthServer) -> None:
    noted = machine.home / "arguments"
    browser = machine.environ["BROWSER"].removesuffix(" %s")
    machine.write_program("noting", f'#!/bin/sh\necho "$@" >{noted}\nexec {browser} "$1"\n')
    done = machine.succeeds("login", "me", BROWSER=f"{machine.home / 'noting'} %s")
    query = oauth.requests_to("/oauth2/v1/auth")[0].query
    for shown in (noted.read_text(), done.stderr):
        assert "http://127.0.0.1:" in shown
        assert not [value for value in (query["state"], query["code_challenge"]) if value in shown]


def test_a_callback_without_the_cookie_is_ignored_even_with_the_right_state(
    machine: Machine, oauth: OAuthServer
) -> None:
    person, address = begin(machine, **IDLE)
    browser, attacker = LoopbackBrowser(), LoopbackBrowser({"role_env_sign_in": "guessed"})
    page = browser.visit(address).location
    his, mine = approve(machine, page), approve(machine, page)
    denied = his.partition("?")[0] + "?error=access_denied&" + his.partition("&")[2]
    for callback in (his, denied):
        for visitor in (attacker, LoopbackBrowser()):
            assert visitor.visit(callback).status == HTTPStatus.FORBIDDEN
    assert browser.visit(mine).status == HTTPStatus.OK
    person.ends()
    assert families(oauth) == {2}


def test_the_page_works_once_and_a_second_browser_ends_the_sign_in(machine: Machine, oauth: OAuthServer) -> None:
    person, address = begin(machine, **IDLE)
    attacker, browser = LoopbackBrowser(), LoopbackBrowser()
    his = approve(machine, attacker.visit(address).location)
    assert browser.visit(address).status == HTTPStatus.GONE
    with contextlib.suppress(OSError):  # the server may be gone
        assert attacker.visit(his).status == HTTPStatus.GONE
    assert "was opened by two browsers, perhaps by another user of this machine" in person.ends(4)
    machine.fails("me", status=3, said="there is no sign-in")
    assert not oauth.requests_to("/v1/token")


def test_the_browser_that_has_begun_may_come_again(machine: Machine) -> None:
    person, address = begin(machine, **IDLE)
    browser = LoopbackBrowser()
    page = browser.visit(address).location
    assert browser.visit(address).status == HTTPStatus.GONE
    assert browser.visit(approve(machine, page)).status == HTTPStatus.OK
    person.ends()


def test_the_cookie_is_for_the_browser_and_this_machine_alone(machine: Machine) -> None:
    person, address = begin(machine, **IDLE)
    done = machine.run("curl", "-si", address)
    (cookie,) = [line for line in done.stdout.splitlines() if line.startswith("Set-Cookie: ")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    person.interrupts()
    person.ends(130)


@is_root
def test_another_user_who_comes_first_gets_no_answer(machine: Machine, oauth: OAuthServer) -> None:
    person, address = begin(machine, **IDLE)
    done = machine.run(*SOMEBODY, "curl", "-si", "--max-time", "5", address)
    assert (done.returncode, done.stdout) == (52, "")
    browser = LoopbackBrowser()
    page = browser.visit(address).location
    callback = approve(machine, page)
    config = f'url = "{callback}"\n'  # its code may not be in arguments
    done = machine.run(*SOMEBODY, "curl", "-si", "--max-time", "5", "--config", "-", text=config)
    assert (done.returncode, done.stdout) == (52, "")
    assert browser.visit(callback).status == HTTPStatus.OK
    assert ACCOUNT_A in person.ends()


HURRIED = """
import socket, sys, urllib.parse
parts = urllib.parse.urlsplit(sys.argv[1])
for _ in range(40):
    try:
        connection = socket.create_connection((parts.hostname, parts.port), timeout=5)
    except OSError:
        break
    connection.sendall(f"GET {parts.path} HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n".encode())
    connection.sendall(b"\\r\\n")
    connection.close()
"""
"""A visitor who closes each connection at once: then the kernel names root as its user."""


@is_root
@pytest.mark.timeout(180)  # its visitors come hundreds of times, one after another
def test_another_user_who_hangs_up_at_once_neither_ends_a_sign_in_nor_uses_up_a_page(machine: Machine) -> None:
    person, address = begin(machine, **IDLE)
    for _ in range(5):
        assert machine.run(*SOMEBODY, sys.executable, "-S", "-c", HURRIED, address).returncode == 0
    browser = LoopbackBrowser()
    page = browser.visit(address).location
    assert browser.visit(approve(machine, page)).status == HTTPStatus.OK
    person.ends()
    with contextlib.closing(Redirect(lambda: "https://signin.example/secret")) as server:
        for _ in range(5):
            command = [*SOMEBODY, sys.executable, "-S", "-c", HURRIED, server.address]
            subprocess.run(command, check=True)
        assert browser.visit(server.address).location == "https://signin.example/secret"


MAPPED = """
import socket, sys, urllib.parse
parts = urllib.parse.urlsplit(sys.argv[1])
with socket.socket(socket.AF_INET6) as connection:
    connection.settimeout(5)
    connection.connect(("::ffff:127.0.0.1", parts.port))
    connection.sendall(f"GET {parts.path} HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n".encode())
    print(connection.recv(12))
"""
"""A visitor by a socket of IPv6."""


@is_root
@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_another_user_is_recognized_behind_a_socket_of_ipv6() -> None:
    for visitor, answer in ((SOMEBODY, b"b''\n"), ((), b"b'HTTP/1.0 303")):
        with contextlib.closing(Redirect(lambda: "https://signin.example/secret")) as server:
            command = [*visitor, sys.executable, "-S", "-c", MAPPED, server.address]
            done = subprocess.run(command, capture_output=True, check=False)
        assert done.stdout.startswith(answer), (done.stdout, done.stderr)


TAKEN = """
import os, socket, sys, time
reader, writer = os.pipe()
person = os.getpid()
if not os.fork():
    os.setgid(4711)
    os.setuid(4711)
    taken = [socket.create_server(("127.0.0.1", port)) for port in range(12345, 12350)]
    os.write(writer, b".")
    os.close(1), os.close(2)
    while os.getppid() == person:
        time.sleep(0.1)
    os._exit(0)
os.read(reader, 1)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a command where another user has every port of the sign-in."""


@is_root
def test_no_browser_is_sent_to_ports_of_another_user(machine: Machine) -> None:
    if not has_namespaces():
        pytest.skip("no network namespaces for this user")
    noted = machine.home / "opened"
    machine.write_program("noting", f'#!/bin/sh\necho "$@" >{noted}\n')
    environ = {"BROWSER": f"{machine.home / 'noting'} %s"}
    taken = ("unshare", "--net", sys.executable, "-c", TAKEN)
    done = machine.run(*taken, ROLE_ENV, "login", "me", **environ)
    assert done.returncode == 5, done.stderr
    assert "the ports 12345 to 12349, where the browser ends, are all in use, perhaps by another user" in done.stderr
    assert "add --no-browser" in done.stderr
    assert not noted.exists()
    pasted = machine.run(*taken, ROLE_ENV, "login", "me", "--no-browser", **environ)
    assert (pasted.returncode, "paste its address here" in pasted.stderr) == (2, True), pasted.stderr


# ---- who has signed in ----


def expect(machine: Machine, account: str, *keys: str) -> None:
    """Let me expect `account`."""
    lines = "\n".join(("[me]", "oauth_site_type = CN", f"expected_account_id = {account}", *keys))
    machine.write(f"{lines}\n")


def test_the_identity_is_asked_for_before_anything_is_stored_and_printed(machine: Machine, oauth: OAuthServer) -> None:
    stored: list[int] = []
    oauth.after["/v1/exchange"] = lambda: stored.append(machine.role_env("export", "me", "--no-cache").returncode)
    done = machine.role_env("login", "me")
    oauth.after.clear()
    assert stored[0] == 3
    assert done.stdout.startswith(f"me: signed in as acs:ram::{ACCOUNT_A}:assumed-role/oauth-user/alice at ")


def test_a_sign_in_of_another_account_is_exit_4_and_nothing_is_stored(machine: Machine, oauth: OAuthServer) -> None:
    expect(machine, ACCOUNT_B)
    done = machine.fails("login", "me", status=4, said=f"of account {ACCOUNT_A}, not of {ACCOUNT_B}")
    assert done.stdout == ""
    assert f"assumed-role/oauth-user/alice has signed in, of account {ACCOUNT_A}" in done.stderr
    assert "hint: nothing was stored" in done.stderr
    assert not oauth.refresh  # revoked: nobody else can have it
    machine.fails("me", status=3, said="there is no sign-in")


def test_the_sign_in_before_stays_where_the_new_one_is_refused(machine: Machine, oauth: OAuthServer) -> None:
    machine.succeeds("login", "me")
    key_id(machine, "me")
    expect(machine, ACCOUNT_B)
    machine.fails("login", "me", status=4, said="nothing was stored")
    for kind in ("code:access_denied:403:Not from here.", "code:invalid_token:401:No.", "503"):
        oauth.fault(kind, times=None, action="/v1/exchange")
        status = {"code:a": 4, "code:i": 3}.get(kind[:6], 5)
        done = machine.fails("login", "me", status=status, said="who has signed in is unknown", ROLE_ENV_TIMEOUT="3")
        assert "hint: nothing was stored" in done.stderr
        oauth.heal()
        assert len(oauth.refresh) == 1  # the new tokens are revoked: nobody else can have them
    machine.fails("login", "me", status=5, said="unknown: STS at", ALIBABA_CLOUD_STS_ENDPOINT="127.0.0.1:9")
    expect(machine, ACCOUNT_A)
    key_id(machine, "me", "--no-cache")
    assert oauth.access[oauth.requests_to("/v1/exchange")[-1].bearer].family == 1


def test_the_expected_account_of_a_role_is_not_that_of_the_sign_in(machine: Machine) -> None:
    expect(machine, ACCOUNT_B, f"role_arn = {machine.sts.role_arn}")
    machine.succeeds("login", "me")
    machine.succeeds("exec", "me", "--", "true")


# ---- who gives a session later ----

OTHERS = [("oauth-user", ACCOUNT_B), ("mallory", ACCOUNT_A)]
"""Who is not the person that signed in: of another account, and another person of the same one."""


@pytest.fixture
def signed_in(machine: Machine) -> None:
    """The profile me, signed in, and spoke with its session as the source."""
    machine.add(f"[spoke]\nrole_arn = {machine.sts.role_arn}\nsource_profile = me\n")
    machine.succeeds("login", "me")


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize("profile", ["me", "spoke"])
@pytest.mark.parametrize("is_refreshed", [False, True])
def test_a_session_of_somebody_else_is_exit_4_and_neither_exported_nor_stored(
    machine: Machine, oauth: OAuthServer, profile: str, is_refreshed: bool
) -> None:
    for other in OTHERS:
        if is_refreshed:
            oauth.expire_access_tokens()
        oauth.person = other
        said = ("its sign-in gave a session of acs:ram::", f"{ACCOUNT_A}:assumed-role/oauth")
        message = machine.refuses(profile, 4, *said)
        assert "hint: nothing was exported or stored; sign in again: role-env login me" in message
        assert not machine.sts.calls_of("AssumeRole")
        assert '"valid": false' in machine.role_env("explain", profile, "--json").stdout
    oauth.person = ("oauth-user", ACCOUNT_A)
    assert key_id(machine, profile)


def test_a_profile_with_a_role_of_its_own_assumes_it_as_nobody_else(machine: Machine, oauth: OAuthServer) -> None:
    machine.add(f"[both]\noauth_site_type = CN\nrole_arn = {machine.sts.role_arn}\n")
    machine.succeeds("login", "both")
    for other in OTHERS:
        oauth.person = other
        machine.refuses("both", 4, "its sign-in gave a session of")
    assert not machine.sts.calls_of("AssumeRole")


@pytest.mark.usefixtures("signed_in")
def test_a_new_sign_in_revokes_the_one_before(machine: Machine, oauth: OAuthServer) -> None:
    (before,) = oauth.refresh
    done = machine.succeeds("login", "me")
    assert done.stderr.count("revoked") == 0
    assert before not in oauth.refresh
    assert len(oauth.refresh) == 1
    assert key_id(machine, "me")


@pytest.mark.usefixtures("signed_in")
def test_a_sign_in_before_that_cannot_be_revoked_is_a_warning(machine: Machine, oauth: OAuthServer) -> None:
    oauth.fault("503", times=None, action="/v1/revoke")
    done = machine.succeeds("login", "me", ROLE_ENV_TIMEOUT="5")
    assert "the former sign-in could not be revoked" in done.stderr
    oauth.heal()
    assert key_id(machine, "me")
