"""An OAuth refresh token is spent once, whatever the environments of the processes that want it say."""

import json
import os

import pytest

from cloud.oauth_server import OAuthServer
from support.machine import Machine

ROUNDS = int(os.environ.get("REFRESH_ROUNDS", "3"))
"""How often all processes find an expired access token; more of them prove more."""


@pytest.fixture(autouse=True)
def signed_in(machine: Machine, oauth: OAuthServer) -> None:
    """The profile me, signed in."""
    machine.use_curl_as_browser()
    machine.add("[me]\noauth_site_type = CN\n")
    machine.succeeds("login", "me")


def refreshes(oauth: OAuthServer) -> int:
    """How often the tokens were refreshed."""
    return sum(b"grant_type=refresh_token" in request.body for request in oauth.requests_to("/v1/token"))


@pytest.mark.timeout(60 + 20 * ROUNDS)
def test_processes_with_different_runtime_folders_make_one_refresh(machine: Machine, oauth: OAuthServer) -> None:
    folders = [""]  # cron and su have none
    for name in ("runtime1", "runtime2"):
        folder = machine.temporary / name
        folder.mkdir(mode=0o700)
        folders.append(str(folder))
    for number in range(1, ROUNDS + 1):
        oauth.expire_access_tokens()
        started = [
            machine.start(
                "export", "me", "--format", "json", "--no-cache", XDG_RUNTIME_DIR=folder, ROLE_ENV_TIMEOUT="60"
            )
            for folder in folders * 2
        ]
        reported = [process.communicate(timeout=70) for process in started]
        assert [process.returncode for process in started] == [0] * len(started), [err for _, err in reported]
        assert all(json.loads(out)["AccessKeyId"] for out, _ in reported)
        assert (refreshes(oauth), oauth.reused) == (number, [])


def test_no_refresh_token_is_spent_where_no_lock_can_be_taken(machine: Machine, oauth: OAuthServer) -> None:
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


def test_without_locks_an_access_token_is_exchanged_all_the_same(machine: Machine) -> None:
    assert machine.confined("no-locks", "exec", "me", "--", "true").returncode == 0
