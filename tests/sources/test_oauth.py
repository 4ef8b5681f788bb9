"""OAuth as a source: one refresh for all, and no refresh token lost that was received."""

import json
import re
import subprocess
import time
from collections import Counter

import pytest

from support.cached_sessions import key_id
from support.machine import INSTALLED, Machine
from support.oauth_server import OAuthServer
from support.secret_service_bus import require

ROLE_ENV = str(INSTALLED / "role-env")
HINT = "role-env: hint: run: role-env login me\n"


@pytest.fixture(autouse=True)
def signed_in(machine: Machine, oauth: OAuthServer) -> None:
    """The profile me, signed in."""
    program = machine.home / "browser"
    program.write_text('#!/bin/sh\nexec curl -sL --cacert "$SSL_CERT_FILE" -o /dev/null "$1"\n')
    program.chmod(0o700)
    machine.add("[me]\noauth_site_type = CN\n")
    done = machine.run(ROLE_ENV, "login", "me", BROWSER=f"{program} %s", DISPLAY=":99")
    assert done.returncode == 0, done.stderr


def refreshes(oauth: OAuthServer) -> int:
    """How often the tokens were refreshed."""
    return sum(b"grant_type=refresh_token" in request.body for request in oauth.requests_to("/v1/token"))


def age(machine: Machine, oauth: OAuthServer, seconds: float) -> None:
    """Signs in with an access token that lasts `seconds`."""
    oauth.access_seconds = seconds
    program = machine.home / "browser"
    assert machine.run(ROLE_ENV, "login", "me", BROWSER=f"{program} %s", DISPLAY=":99").returncode == 0
    oauth.access_seconds = 3600


def test_an_access_token_is_used_until_15_minutes_before_its_end(machine: Machine, oauth: OAuthServer) -> None:
    key_id(machine, "me", "--refresh")
    key_id(machine, "me", "--refresh")
    assert (refreshes(oauth), len(oauth.sessions)) == (0, 2)
    age(machine, oauth, 850)
    key_id(machine, "me", "--refresh")
    key_id(machine, "me", "--refresh")
    assert (refreshes(oauth), len(oauth.sessions)) == (1, 4)


def test_a_token_that_lives_15_minutes_is_exchanged_at_once(machine: Machine, oauth: OAuthServer) -> None:
    age(machine, oauth, 850)
    oauth.access_seconds = 900
    key_id(machine, "me")
    assert refreshes(oauth) == 1


def test_a_refresh_token_is_kept_where_no_new_one_came(machine: Machine, oauth: OAuthServer) -> None:
    oauth.rotates = False
    for _ in range(2):
        age(machine, oauth, 850)
        oauth.access_seconds = 850
        machine.role_env("me", "--refresh")
    oauth.access_seconds = 3600
    key_id(machine, "me", "--refresh")
    assert not oauth.reused


def test_a_token_that_ended_before_its_time_is_refreshed(machine: Machine, oauth: OAuthServer) -> None:
    oauth.expire_access_tokens()
    assert key_id(machine, "me") == oauth.sessions[-1].id
    assert refreshes(oauth) == 1


def test_a_sign_in_that_has_ended_is_exit_3_with_the_hint(machine: Machine, oauth: OAuthServer) -> None:
    oauth.revoke_everything()
    done = machine.role_env("me")
    assert (done.returncode, done.stderr.endswith(HINT)) == (3, True)
    assert "profile me: its sign-in has ended" in done.stderr


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "unauthorized_client", "invalid_token"])
def test_each_permanent_error_is_exit_3_with_the_hint(machine: Machine, oauth: OAuthServer, code: str) -> None:
    age(machine, oauth, 850)
    oauth.fault(f"refuse:400:{code}:No.", path="/v1/token")
    done = machine.role_env("me")
    assert (done.returncode, done.stderr.endswith(HINT)) == (3, True)


def test_a_refresh_that_was_not_answered_is_exit_5_and_the_token_stays(machine: Machine, oauth: OAuthServer) -> None:
    age(machine, oauth, 850)
    oauth.fault("503", times=None, path="/v1/token")
    assert machine.role_env("me", ROLE_ENV_TIMEOUT="5").returncode == 5
    oauth.heal()
    assert key_id(machine, "me") == oauth.sessions[-1].id


def test_the_new_refresh_token_is_stored_before_the_exchange(machine: Machine, oauth: OAuthServer) -> None:
    age(machine, oauth, 850)
    oauth.fault("reset", times=None, path="/v1/exchange")
    assert machine.role_env("me", ROLE_ENV_TIMEOUT="5").returncode == 5
    oauth.heal()
    assert key_id(machine, "me") == oauth.sessions[-1].id
    assert (refreshes(oauth), oauth.reused) == (1, [])


def test_fifty_processes_make_one_refresh(machine: Machine, oauth: OAuthServer) -> None:
    roles = "".join(
        f"[spoke{number}]\nrole_arn = {machine.sts.world.role('switchRoleSbc').arn}\nsource_profile = me\n"
        f"role_session_name = spoke{number}\n\n"
        for number in range(25)
    )
    machine.add(roles)
    age(machine, oauth, 850)
    names = ["me"] * 25 + [f"spoke{number}" for number in range(25)]
    processes = [
        subprocess.Popen(
            [ROLE_ENV, "export", name, "--format", "json"],
            env=machine.environ | {"ROLE_ENV_TIMEOUT": "100"},
            cwd=machine.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    reported = [process.communicate(timeout=110) for process in processes]
    assert [process.returncode for process in processes] == [0] * 50, [err for _, err in reported if err]
    assert Counter(json.loads(out)["AccessKeyId"] for out, _ in reported)[oauth.sessions[0].id] == 25
    assert (refreshes(oauth), oauth.reused) == (1, [])
    assert len(oauth.sessions) == 1


STEPS = ("connect", "sendto", "sendmsg", "recvfrom", "recvmsg", "read", "write")
"""The system calls of a refresh that another side can see."""


def trace(machine: Machine, *options: str) -> list[str]:
    """What strace writes of `role-env me`, which makes a refresh; `options` are strace's."""
    log = machine.temporary / "strace"
    log.unlink(missing_ok=True)
    strace = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(STEPS)}", *options]
    machine.run(*strace, ROLE_ENV, "me", "--no-cache")
    return log.read_text("utf-8", "replace").splitlines() if log.exists() else []


@pytest.mark.timeout(400)
def test_killed_at_any_step_of_a_refresh_no_token_is_lost_that_was_stored(machine: Machine, oauth: OAuthServer) -> None:
    require("strace")
    oauth.expire_access_tokens()
    lines = trace(machine)
    if not any("htons" in line for line in lines):
        pytest.skip("strace may not trace here")
    steps = _steps(lines, oauth.address.partition(":")[2])
    assert len(steps) > 10
    lost = 0
    for name, count in steps[:: max(1, len(steps) // 14)]:
        oauth.expire_access_tokens()
        before = refreshes(oauth)
        trace(machine, "-e", f"inject={name}:signal=KILL:when={count}")
        done = machine.role_env("me", "--no-cache")
        if done.returncode:  # the server had rotated, and nobody had stored it
            assert (done.returncode, done.stderr.endswith(HINT)) == (3, True), done.stderr
            assert refreshes(oauth) > before
            lost += 1
            age(machine, oauth, 3600)
    assert lost < len(steps) / 2


def _steps(lines: list[str], port: str) -> list[tuple[str, int]]:
    """The system calls from the first connection to `port` on, each with its number among those of its name."""
    counts: Counter[str] = Counter()
    steps = []
    reached = False
    for line in lines:
        reached = reached or f"htons({port})" in line
        if found := re.match(r"\d+ +(\w+)\(", line):
            counts[found[1]] += 1
            if reached:
                steps.append((found[1], counts[found[1]]))
    return steps


def test_an_interruption_lets_a_refresh_that_has_begun_end(machine: Machine, oauth: OAuthServer) -> None:
    age(machine, oauth, 850)
    oauth.fault("delay:1.5", path="/v1/token")
    process = subprocess.Popen(
        [ROLE_ENV, "me"], env=machine.environ, cwd=machine.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not refreshes(oauth):
        time.sleep(0.02)
    process.terminate()
    _, err = process.communicate(timeout=20)
    assert (process.returncode, b"interrupted" in err) == (143, True)
    assert key_id(machine, "me") == oauth.sessions[-1].id
    assert (refreshes(oauth), oauth.reused) == (1, [])
