"""login and logout with CloudSSO: one token per portal, in the keyring, for every profile of that portal."""

import itertools
import json
import re
import subprocess
import time

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.world import ACCOUNT_B, ACCOUNT_C, format_time
from support.cached_sessions import key_id
from support.cases import case
from support.contexts import kernel_keeps
from support.machine import Machine
from support.shells import NOTHING_CHANGED
from support.silent_bus import SilentBus
from support.strace import Strace
from support.terminal import Person
from support.waiting import wait_until


@pytest.fixture(autouse=True)
def profiles(machine: Machine, portal: CloudSsoPortal) -> None:
    """The profile cloud, and spoke, which assumes a role with its session."""
    machine.sts.world.role("switchRoleSbc").trusts.add(f"acs:ram::{ACCOUNT_B}:root")
    machine.add(portal.section() + f"\n[spoke]\nrole_arn = {machine.sts.role_arn}\nsource_profile = cloud\n")


def login(machine: Machine, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return machine.role_env("login", "cloud", *options, **environ)


def test_a_person_signs_in_and_every_profile_of_the_portal_has_a_session(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    machine.add(portal.section("staging", ACCOUNT_C))
    portal.polls_to_wait = 1
    done = login(machine)
    assert done.returncode == 0
    page, code = f"https://{portal.address}/device?user_code=", portal.devices[-1].user_code
    assert f"role-env: open {page}{code} and sign in; the page must show the code {code}\n" in done.stderr
    assert re.search(rf"^cloud: signed in at {portal.address} until \d{{4}}-\S+Z\n$", done.stdout)
    assert key_id(machine, "cloud") == portal.sessions[-1].id
    assert key_id(machine, "staging") == portal.sessions[-1].id
    assert [session.role.account for session in portal.sessions] == [ACCOUNT_B, ACCOUNT_C]
    assert len(portal.requests_to("/device-authorization")) == 1
    assert all(request.bearer in portal.tokens for request in portal.requests_to("/cloud-credentials"))


def test_a_session_is_cached_and_the_token_is_not_used_again_while_it_is_valid(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    login(machine)
    first = key_id(machine, "cloud")
    portal.revoke_tokens()
    assert key_id(machine, "cloud") == first
    assert key_id(machine, "spoke") != first
    assert machine.sts.calls_of("AssumeRole")[-1].access_key_id == portal.sessions[-1].id
    assert len(portal.sessions) == 1


@pytest.mark.parametrize("profile", ["cloud", "spoke"])
def test_without_a_sign_in_the_hint_names_the_profile_to_sign_in_to(machine: Machine, profile: str) -> None:
    done = machine.fails(profile, status=3, said="role-env: profile cloud: there is no sign-in at localhost:")
    assert done.stderr.endswith("role-env: hint: run: role-env login cloud\n")


def test_an_expired_or_revoked_sign_in_is_exit_3_with_the_hint(machine: Machine, portal: CloudSsoPortal) -> None:
    portal.token_seconds = 2
    login(machine)
    time.sleep(2)
    done = machine.role_env("cloud")
    assert (done.returncode, "expired at" in done.stderr, "role-env login cloud" in done.stderr) == (3, True, True)
    assert not portal.requests_to("/cloud-credentials")
    portal.token_seconds = 600
    login(machine)
    portal.revoke_tokens()
    done = machine.fails("cloud", status=3, said="InvalidAccessToken")
    assert "role-env login cloud" in done.stderr


def test_the_interval_is_kept_after_a_fault_and_grows_after_slow_down(machine: Machine, portal: CloudSsoPortal) -> None:
    portal.interval, portal.polls_to_wait = 1, 1
    for fault in ("internal-error", "html-200", "reset-after-request"):
        portal.fault(fault, action="/token")
    assert login(machine).returncode == 0
    moments = [request.arrived for request in portal.requests_to("/token")]
    assert len(moments) == 5
    assert all(after - before > 0.9 for before, after in itertools.pairwise(moments))
    portal.fault("code:slow_down:400:Slower.", action="/token")
    portal.polls_to_wait = 0
    assert login(machine).returncode == 0
    before, after = [request.arrived for request in portal.requests_to("/token")][-2:]
    assert after - before > 5.9


def test_a_refused_or_expired_code_is_exit_4(machine: Machine, portal: CloudSsoPortal) -> None:
    portal.on_poll = "deny"
    assert machine.fails("login", "cloud", status=4, said="the sign-in was refused").stdout == ""
    portal.on_poll = "expire"
    assert machine.fails("login", "cloud", status=4, said="the code has expired, or was used").stdout == ""


def test_waiting_ends_with_the_code(machine: Machine, portal: CloudSsoPortal) -> None:
    portal.on_poll, portal.code_seconds = "wait", 2.5
    machine.fails("login", "cloud", status=4, said="has expired")


PORTAL_FAULTS = ["internal-error", "html-200", "html-502", "json-list", "reset-after-request", "huge", "captive-portal"]
PORTAL_FAULTS += ["throttling-429", "empty"]


@pytest.mark.parametrize("fault", PORTAL_FAULTS)
def test_a_portal_that_cannot_be_asked_at_a_sign_in_or_for_a_session_is_exit_5(
    machine: Machine, portal: CloudSsoPortal, fault: str
) -> None:
    login(machine)
    portal.fault(fault, times=None)
    for line, said in (("login cloud", portal.address), ("cloud", "profile cloud")):
        done = machine.fails(*line.split(), status=5, said=said, ROLE_ENV_TIMEOUT="3")
        assert done.stdout == (NOTHING_CHANGED if line == "cloud" else "")


def test_faults_that_last_end_the_polls_with_exit_5(machine: Machine, portal: CloudSsoPortal) -> None:
    portal.fault("503", times=None, action="/token")
    machine.fails("login", "cloud", ROLE_ENV_TIMEOUT="2", status=5, said="503")


def test_a_4xx_is_exit_4_with_the_portals_own_message(machine: Machine, portal: CloudSsoPortal) -> None:
    portal.fault("code:EntityNotExist.Directory:404:The directory is gone.")
    machine.fails("login", "cloud", status=4, said="EntityNotExist.Directory: The directory is gone.")
    login(machine)
    portal.fault("code:NoPermission.Account:403:You were removed from it.")
    machine.fails("cloud", status=4, said="NoPermission.Account: You were removed from it.")
    portal.fault("escape-in-message")
    assert "\x1b" not in machine.role_env("cloud").stderr
    token = next(iter(portal.tokens))
    portal.fault(f"code:Forbidden:403:no {token} here")
    machine.fails("cloud", status=4, said="Forbidden: no … here")


URLS = [
    "http://signin-cn-shanghai.alibabacloudsso.com/x/login",
    "https://alibabacloudsso.com.evil.example/x/login",
    "https://evil.example/signin.alibabacloudsso.com",
    "https://user@signin-cn-shanghai.alibabacloudsso.com/x/login",
    "https://evilalibabacloudsso.com/x/login",
    r"https://evil.example\.alibabacloudsso.com/x/login",
    "https://signin-cn-shanghai.alibabacloudsso.com:99999/x/login",
    "ftp://signin-cn-shanghai.alibabacloudsso.com/x/login",
]


def test_another_host_is_exit_3_and_nothing_is_sent(machine: Machine, portal: CloudSsoPortal) -> None:
    for url in URLS:
        machine.write(portal.section().replace(portal.url, url))
        for command in ("login cloud", "cloud"):
            with case(command, url):
                assert "line 2" in machine.fails(*command.split(), status=3, said="cloud_sso_sign_in_url").stderr
    assert not portal.requests


def test_a_private_portal_has_to_be_named(machine: Machine, portal: CloudSsoPortal) -> None:
    del machine.environ["ROLE_ENV_ALLOW_SSO_HOST"]
    machine.fails("login", "cloud", status=3, said="ROLE_ENV_ALLOW_SSO_HOST")
    assert not portal.requests


def test_a_profile_needs_all_three_keys(machine: Machine, portal: CloudSsoPortal) -> None:
    for missing in ("cloud_sso_sign_in_url", "cloud_sso_account_id", "cloud_sso_access_config"):
        machine.write(re.sub(rf"{missing} = .*\n", "", portal.section()))
        machine.fails("cloud", status=3, said=f"profile cloud: {missing} is missing")


def test_login_signs_in_anew_and_drops_the_sessions_of_the_sign_in_before(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    login(machine)
    first = key_id(machine, "cloud"), key_id(machine, "spoke")
    login(machine)
    assert len(portal.devices) == 2
    assert [one["expiration"] for one in json.loads(machine.role_env("list", "--json").stdout)][-2:] == [None, None]
    again = key_id(machine, "cloud"), key_id(machine, "spoke")
    assert not set(first) & set(again)


def test_logout_deletes_the_token_and_the_sessions_made_from_it(machine: Machine, portal: CloudSsoPortal) -> None:
    machine.add(portal.section("staging", ACCOUNT_C))
    login(machine)
    for profile in ("cloud", "staging", "spoke"):
        key_id(machine, profile)
    key_id(machine, "profileB")
    done = machine.role_env("logout", "cloud")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"removed the sign-in of cloud at {portal.address} and 3 cached sessions\n"
    for profile in ("cloud", "staging", "spoke"):
        assert machine.role_env(profile).returncode == 3
    calls = len(machine.sts.calls_of("AssumeRole"))
    key_id(machine, "profileB")
    assert len(machine.sts.calls_of("AssumeRole")) == calls
    done = machine.role_env("logout", "cloud")
    assert (done.returncode, done.stdout) == (0, f"cloud has no sign-in at {portal.address}\n")


def test_list_explain_and_doctor_show_until_when_a_sign_in_lasts(machine: Machine, portal: CloudSsoPortal) -> None:
    rows = {row["profile"]: row for row in json.loads(machine.role_env("list", "--json").stdout)}
    assert (rows["cloud"]["sign_in_expiration"], rows["cloud"]["source"]) == (None, "cloud_sso")
    portal.token_seconds = 1800
    login(machine)
    rows = {row["profile"]: row for row in json.loads(machine.role_env("list", "--json").stdout)}
    end = format_time(max(portal.tokens.values()))
    assert rows["cloud"]["sign_in_expiration"][:16] == end[:16]
    assert rows["spoke"]["sign_in_expiration"] == rows["cloud"]["sign_in_expiration"]
    assert rows["profileB"]["sign_in_expiration"] is None
    assert "signed in" in machine.role_env("list").stdout
    assert f"signed in until {end[:13]}" in machine.role_env("explain", "spoke").stdout
    found = {one["check"]: one for one in json.loads(machine.role_env("doctor", "--json").stdout)}
    assert (found["sign-in"]["status"], "role-env login cloud" in str(found["sign-in"])) == ("warn", True)


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"])
def test_without_any_keyring_nothing_is_asked_of_the_portal(
    machine: Machine, portal: CloudSsoPortal, backend: str
) -> None:
    environ = {"PYTHON_KEYRING_BACKEND": backend, "ROLE_ENV_CACHE": "keyring"}
    assert machine.fails("login", "cloud", status=6, said="role-env: hint:", **environ).stdout == ""
    assert not portal.requests


def test_the_kernels_keyring_keeps_the_token_to_its_end(machine: Machine, portal: CloudSsoPortal) -> None:
    machine.environ["ROLE_ENV_CACHE"] = "kernel"
    assert login(machine).returncode == 0
    machine.succeeds("cloud", "--no-cache")
    portal.token_seconds = 2
    assert login(machine).returncode == 0
    wait_until(lambda: machine.role_env("cloud", "--no-cache").returncode == 3)
    done = machine.role_env("cloud", "--no-cache")
    assert "there is no sign-in" in done.stderr or "expired" in done.stderr
    machine.role_env("logout", "cloud")


def test_without_the_keyring_that_has_the_sign_in_it_is_not_said_to_be_missing(machine: Machine) -> None:
    """As over ssh, where there is no session bus; there `login` may use the kernel's keyring."""
    assert login(machine).returncode == 0
    machine.environ["DBUS_SESSION_BUS_ADDRESS"] = ""
    said = "its sign-in cannot be read: the keyring cannot be used: there is none"
    done = machine.fails("cloud", "--no-cache", status=6, said=f"profile cloud: {said}")
    assert "role-env help headless" in done.stderr
    assert "run: role-env login cloud, for a sign-in in the kernel keyring" in done.stderr
    assert "help headless" in machine.fails("cloud", status=6, said=said, ROLE_ENV_CACHE="keyring").stderr
    for command in ("doctor --json", "explain cloud"):
        assert said.replace("its", "the") in machine.role_env(*command.split()).stdout
    if kernel_keeps():
        assert login(machine).returncode == 0
        machine.succeeds("cloud", "--no-cache")
        machine.role_env("logout", "cloud")


def test_a_keyring_that_cannot_give_the_token_is_exit_6(machine: Machine) -> None:
    login(machine)
    with SilentBus() as silent:
        done = machine.role_env("cloud", "--refresh", **silent.environment, ROLE_ENV_CACHE="keyring")
    assert (done.returncode, "profile cloud" in done.stderr) == (6, True)


def test_a_keyring_that_is_locked_meanwhile_is_exit_6_and_leaves_the_sign_in_before(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    login(machine)
    before = key_id(machine, "cloud")
    portal.after["/token"] = machine.bus.lock
    done = login(machine)
    machine.bus.unlock()
    assert (done.returncode, done.stdout) == (6, "")
    said = f"the new sign-in at {portal.address} could not be stored: the keyring cannot be used: it is locked"
    assert said in done.stderr
    assert key_id(machine, "cloud") == before


def test_sign_ins_at_the_same_time_all_succeed(machine: Machine, portal: CloudSsoPortal) -> None:
    processes = [machine.start("login", "cloud", ROLE_ENV_TIMEOUT="100") for _ in range(8)]
    reported = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, reported
    assert key_id(machine, "cloud") == portal.sessions[-1].id
    assert sum(item.attributes["service"].startswith("role-env sign-in") for item in machine.bus.items()) == 1


def test_what_a_killed_login_has_left_goes_away(machine: Machine) -> None:
    login(machine)
    (kept,) = (item for item in machine.bus.items() if item.attributes["service"].startswith("role-env sign-in"))
    left = f"{kept.attributes['service']} probe"
    machine.bus.put("left", {**kept.attributes, "service": left}, b"x")
    login(machine)
    assert left not in [item.attributes["service"] for item in machine.bus.items()]


def test_a_browser_opens_unless_it_would_not_be_the_persons(machine: Machine, portal: CloudSsoPortal) -> None:
    opened = machine.home / "opened"
    program = machine.write_program("browser", f'#!/bin/sh\nprintf "%s\\n" "$1" >> {opened}\n')
    browser = {"BROWSER": f"{program} %s", "DISPLAY": ":99"}
    portal.polls_to_wait = 1
    assert login(machine, **browser).returncode == 0
    assert opened.read_text() == f"https://{portal.address}/device?user_code={portal.devices[-1].user_code}\n"
    login(machine, "--no-browser", **browser)
    login(machine, **browser, SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")
    login(machine)
    assert len(opened.read_text().splitlines()) == 1


def test_a_terminal_shows_until_when_it_waits_and_the_line_goes_away(machine: Machine, portal: CloudSsoPortal) -> None:
    portal.on_poll = "wait"
    person = Person(machine, "login", "cloud")
    person.reads("waiting for the sign-in, until .*:[0-5][0-9]")
    portal.approve()
    person.reads(r"\r *\r.*signed in at")
    person.ends()


def test_ctrl_c_ends_the_wait_with_130_and_leaves_the_sign_in_before(machine: Machine, portal: CloudSsoPortal) -> None:
    login(machine)
    portal.on_poll = "wait"
    person = Person(machine, "login", "cloud")
    person.sees("waiting for the sign-in")
    person.interrupts()
    person.sees("role-env: interrupted")
    person.ends(130)
    machine.succeeds("cloud")


def test_only_login_waits_for_a_person(machine: Machine, portal: CloudSsoPortal) -> None:
    for command in (["cloud"], ["list"], ["explain", "cloud"], ["whoami", "cloud"], ["doctor"], ["process", "cloud"]):
        machine.role_env(*command)
    assert not [request for request in portal.requests if request.path in ("/device-authorization", "/token")]


def test_configure_remove_ends_the_sign_in_with_the_last_profile_of_the_portal(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    machine.write(f"{portal.section()}\n{portal.section('staging', ACCOUNT_C)}")
    login(machine)
    shown = machine.succeeds("configure", "--remove", "cloud", "--yes").stdout
    assert "the sign-in" not in shown
    key_id(machine, "staging")
    shown = machine.succeeds("configure", "--remove", "staging", "--yes").stdout
    assert f"and the sign-in at {portal.address}\nand 1 cached session\n" in shown
    assert not machine.file.read_text()
    machine.write(portal.section())
    machine.fails("cloud", status=3, said="there is no sign-in")


def test_a_repeated_configure_remove_ends_the_sign_in_that_a_kill_has_left(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    strace, was_killed, number = Strace(machine), True, 0
    while was_killed:
        number += 1
        machine.write(portal.section())
        login(machine)
        was_killed = strace.kill("utimensat", number, "configure", "--remove", "cloud", "--yes")
        machine.role_env("configure", "--remove", "cloud", "--yes")
        assert not machine.file.read_text()
        machine.fails("configure", "--remove", "cloud", "--yes", status=3, said="nothing that belonged to it")
    assert number > 2
