"""OAuth as a source: one refresh for all, and no refresh token lost that was received."""

import itertools
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from cloud.oauth_server import OAuthServer
from support.cached_sessions import key_id
from support.cases import case
from support.machine import ROLE_ENV, Machine
from support.waiting import wait_until

EVERY = 1 if os.environ.get("OAUTH_POINTS") == "all" else 9
"""At which of its calls a refresh is killed: at every one with OAUTH_POINTS=all."""
KILLER = """
import _thread, itertools, os, signal, sys
def look(_, event, call):
    if event == "c_return" and call.__name__ in ("send", "sendall", "write", "replace"):
        if type(call.__self__).__name__ in ("socket", "_SSLSocket", "module") and next(numbers) == point:
            os.kill(os.getpid(), signal.SIGKILL)
def start(function, *arguments):
    def run(*given):
        sys.setprofile(look)
        function(*given)
    return start_new_thread(run, *arguments)
numbers, point = itertools.count(1), int(os.environ["KILL_POINT"])
start_new_thread, _thread.start_new_thread = _thread.start_new_thread, start
sys.setprofile(look)
"""
"""Kills a Python that runs it first after its call KILL_POINT, from 1, that sends to a socket or changes a file."""
ROUNDS = int(os.environ.get("REFRESH_ROUNDS", "2"))
"""How often many processes find an expired access token; more of them prove more."""
PATIENT = {"ROLE_ENV_TIMEOUT": "100"}
HINT = "role-env: hint: run: role-env login me\n"


@pytest.fixture(autouse=True)
def signed_in(machine: Machine, oauth: OAuthServer, request: pytest.FixtureRequest) -> None:
    """The profile me, signed in, with an access token that lasts the parameter's seconds."""
    machine.use_curl_as_browser()
    machine.add("[me]\noauth_site_type = CN\n")
    age(machine, oauth, getattr(request, "param", 3600))


def refreshes(oauth: OAuthServer) -> int:
    """How often the tokens were refreshed."""
    return sum(b"grant_type=refresh_token" in request.body for request in oauth.requests_to("/v1/token"))


def age(machine: Machine, oauth: OAuthServer, seconds: float) -> None:
    """Signs in with an access token that lasts `seconds`, which login exchanges once, however short that is."""
    oauth.access_seconds, oauth.least_left = seconds, 0
    machine.succeeds("login", "me")
    oauth.access_seconds, oauth.least_left = 3600, 890
    oauth.sessions.clear()


def test_an_access_token_is_used_until_15_minutes_before_its_end(machine: Machine, oauth: OAuthServer) -> None:
    key_id(machine, "me", "--refresh")
    key_id(machine, "me", "--refresh")
    assert (refreshes(oauth), len(oauth.sessions)) == (0, 2)
    age(machine, oauth, 850)
    key_id(machine, "me", "--refresh")
    key_id(machine, "me", "--refresh")
    assert (refreshes(oauth), len(oauth.sessions)) == (1, 2)


@pytest.mark.parametrize("signed_in", [850], indirect=True)
def test_a_token_that_lives_15_minutes_is_exchanged_at_once(machine: Machine, oauth: OAuthServer) -> None:
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


@pytest.mark.parametrize("signed_in", [850], indirect=True)
def test_a_sign_in_that_has_ended_and_each_permanent_error_are_exit_3_with_the_hint(
    machine: Machine, oauth: OAuthServer
) -> None:
    for code in ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_token"):
        oauth.fault(f"code:{code}:400:No.", action="/v1/token")
        with case(code):
            assert machine.fails("me", status=3, said="").stderr.endswith(HINT)
    oauth.revoke_everything()
    assert machine.fails("me", status=3, said="profile me: its sign-in has ended").stderr.endswith(HINT)


@pytest.mark.parametrize("signed_in", [850], indirect=True)
@pytest.mark.parametrize(("action", "fault"), [("token", "503"), ("exchange", "reset-after-request")])
def test_a_request_without_an_answer_is_exit_5_and_costs_no_refresh_token(
    machine: Machine, oauth: OAuthServer, action: str, fault: str
) -> None:
    """The new one is stored before the exchange."""
    oauth.fault(fault, times=None, action=f"/v1/{action}")
    assert machine.role_env("me", ROLE_ENV_TIMEOUT="5").returncode == 5
    oauth.heal()
    assert key_id(machine, "me") == oauth.sessions[-1].id
    assert (action == "token" or refreshes(oauth) == 1, oauth.reused) == (True, [])


@pytest.mark.parametrize("signed_in", [850], indirect=True)
def test_processes_with_any_runtime_folders_make_one_refresh(machine: Machine, oauth: OAuthServer) -> None:
    for number in range(6):
        session_name = f"role_session_name = spoke{number}\n"
        machine.add(f"[spoke{number}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = me\n{session_name}")
    folders = [""]  # cron and su have none
    for name in ("runtime1", "runtime2"):
        (machine.temporary / name).mkdir(mode=0o700)
        folders.append(str(machine.temporary / name))
    names = ["me"] * 6 + [f"spoke{number}" for number in range(6)]
    for refreshed in range(1, ROUNDS + 1):
        processes = [
            machine.start("export", name, "--format", "json", "--no-cache", XDG_RUNTIME_DIR=folder, **PATIENT)
            for name, folder in zip(names, folders * 4, strict=True)
        ]
        reported = [process.communicate(timeout=60) for process in processes]
        assert [process.returncode for process in processes] == [0] * 12, [err for _, err in reported if err]
        assert all(json.loads(out)["AccessKeyId"] for out, _ in reported)
        assert (refreshes(oauth), oauth.reused) == (refreshed, [])
        oauth.expire_access_tokens()


def test_no_refresh_token_is_spent_where_no_lock_can_be_taken(machine: Machine, oauth: OAuthServer) -> None:
    done = machine.confined("no-locks", "exec", "me", "--", "true")  # an access token is exchanged all the same
    assert (done.returncode, len(oauth.sessions)) == (0, 1), done.stderr
    state = machine.home / ".local" / "state" / "role-env"
    oauth.expire_access_tokens()
    state.chmod(0o770)
    machine.fails("me", "--no-cache", status=3, said=f"{state} is not this user's alone")
    state.chmod(0o700)
    done = machine.confined("no-locks", "me", "--no-cache")
    assert (done.returncode, "cannot be taken: No locks available" in done.stderr) == (3, True), done.stderr
    assert refreshes(oauth) == 0
    machine.succeeds("exec", "me", "--no-cache", "--", "true")
    assert (refreshes(oauth), oauth.reused) == (1, [])


@pytest.mark.timeout(0 if EVERY == 1 else 240)  # three commands for each point where one can be killed
def test_a_refresh_that_is_killed_anywhere_loses_no_token_that_was_stored(machine: Machine, oauth: OAuthServer) -> None:
    found: Counter[str] = Counter()
    killer = machine.temporary / "killer" / "sitecustomize.py"
    killer.parent.mkdir()
    killer.write_text(KILLER)
    for point in itertools.count(1, EVERY):
        oauth.expire_access_tokens()
        before = refreshes(oauth)
        environ = {"PYTHONPATH": str(killer.parent), "KILL_POINT": str(point)}
        if machine.run(ROLE_ENV, "me", "--no-cache", **environ).returncode != -9:
            break
        done = machine.role_env("me", "--no-cache")
        sent = refreshes(oauth) - before
        if done.returncode:  # the server had rotated the token, and the new one was not stored
            assert (done.returncode, done.stderr.endswith(HINT)) == (3, True), done.stderr
            assert sent == 2
            age(machine, oauth, 3600)
        outcome = "refused: the new token was not stored" if done.returncode else "a session"
        found[f"{sent} refreshes in all, then {outcome}"] += 1
        if EVERY == 1:
            print(point, sent, outcome, flush=True)
    print(f"\n{point - 1} points:", *(f"  {count:3} {what}" for what, count in sorted(found.items())), sep="\n")
    assert found["1 refreshes in all, then a session"] > sum(found.values()) / 2


def test_a_refresh_that_cannot_be_stored_is_exit_6_and_says_to_sign_in_again(
    machine: Machine, oauth: OAuthServer
) -> None:
    oauth.expire_access_tokens()
    oauth.after["/v1/token"] = machine.bus.lock
    done = machine.role_env("me")
    machine.bus.unlock()
    assert (done.returncode, refreshes(oauth)) == (6, 1)
    assert "profile me: its refreshed sign-in could not be stored" in done.stderr
    assert done.stderr.endswith("hint: when the keyring can be used again: role-env login me\n")


def test_a_refresh_token_is_not_spent_where_the_new_one_could_not_be_stored(
    machine: Machine, oauth: OAuthServer
) -> None:
    (machine.home / "full.py").write_text(
        "import support.file_keyring\n"
        "class Keyring(support.file_keyring.PlaintextKeyring):\n"
        "    def set_password(self, *_):\n"
        "        raise OSError('No space left on device')\n"
    )
    machine.environ["PYTHONPATH"] = f"{Path(__file__).parents[1]}:{machine.home}"
    machine.environ["PYTHON_KEYRING_BACKEND"] = "support.file_keyring.PlaintextKeyring"
    age(machine, oauth, 3600)
    oauth.expire_access_tokens()
    assert machine.role_env("me", PYTHON_KEYRING_BACKEND="full.Keyring").returncode == 6
    assert refreshes(oauth) == 0
    assert key_id(machine, "me") == oauth.sessions[-1].id
    (machine.home / "keyring.json").unlink()  # a plain file, which the canary would report


@pytest.mark.parametrize("signed_in", [850], indirect=True)
def test_an_interruption_lets_a_refresh_that_has_begun_end(machine: Machine, oauth: OAuthServer) -> None:
    oauth.fault("delay:1.5", action="/v1/token")
    process = machine.start("me")
    wait_until(lambda: refreshes(oauth))
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in err) == (143, True)
    assert key_id(machine, "me") == oauth.sessions[-1].id
    assert (refreshes(oauth), oauth.reused) == (1, [])
