"""No token, code, verifier or key where it may not be: each test ends with the canary of the `machine` fixture."""

import signal
import subprocess
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.oauth_server import OAuthServer
from cloud.ram import LocalRam
from support.loopback_browser import LoopbackBrowser, approve
from support.machine import ROLE_ENV, Machine
from support.terminal import Person
from support.waiting import wait_until


@pytest.fixture(autouse=True)
def browser(machine: Machine) -> None:
    """A browser that follows each redirect."""
    machine.use_curl_as_browser()


def succeed(machine: Machine, *commands: str) -> None:
    for command in commands:
        machine.succeeds(*command.split())


def test_sign_ins_and_a_refresh_show_no_secret_even_with_verbose(
    machine: Machine, portal: CloudSsoPortal, oauth: OAuthServer
) -> None:
    machine.add(f"{portal.section()}[me]\noauth_site_type = CN\n")
    succeed(machine, "login cloud --verbose", f"configure --cloud-sso {portal.url} --yes", "login me --verbose")
    oauth.expire_access_tokens()
    succeed(machine, "exec --verbose cloud -- true", "exec --verbose me -- true")
    succeed(machine, "logout cloud --verbose", "logout me --verbose")


def test_a_sign_in_that_is_refused_shows_neither_a_token_nor_what_only_the_browser_has(
    machine: Machine, oauth: OAuthServer
) -> None:
    machine.add("[me]\noauth_site_type = CN\nexpected_account_id = 9999999999999999\n")
    person = Person(machine, "login", "me", "--verbose", columns=1000, BROWSER="true %s")
    browser = LoopbackBrowser()
    page = browser.visit(person.reads(r"open (http://\S+) and sign in")[1]).location
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(page).query)
    for secret in (*browser.cookies.values(), *query["state"]):
        oauth.guard(secret)
    assert browser.visit(approve(machine, page)).status == HTTPStatus.OK
    person.ends(4)
    oauth.fault("code:access_denied:403:" + "x" * 20, action="/v1/exchange")
    machine.fails("login", "me", "--verbose", status=4, said="nothing was stored")


def test_a_rotation_and_a_narrower_session_show_no_secret(machine: Machine, ram: LocalRam) -> None:
    succeed(machine, "rotate profileA", "exec --verbose profileB -- true", "rotate profileA --status")
    succeed(machine, "rotate profileA --finish", "exec --verbose --read-only profileB -- true")
    succeed(machine, "rotate profileA", "rotate profileA --abort")


def dump_core(machine: Machine, *words: str, until: Callable[[], object], text: str = "") -> None:
    """Abort role-env, which may dump core, as soon as `until` says so."""
    with subprocess.Popen(
        ["sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh", ROLE_ENV, *words],
        env=machine.environ,
        cwd=machine.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        process.stdin.write(text)
        process.stdin.close()
        wait_until(until)
        process.send_signal(signal.SIGABRT)
        assert process.stderr
        machine.reported.append(process.stderr.read())
    assert process.returncode == -signal.SIGABRT, (words, machine.reported[-1])


def test_an_aborted_command_leaves_no_core_dump_and_the_one_of_exec_may(
    machine: Machine,
) -> None:
    machine.sts.fault("hang", times=None)
    key = {"ALIBABA_CLOUD_ACCESS_KEY_ID": machine.sts.access_key_id}
    key["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = machine.sts.access_key_secret
    machine.environ |= key
    asked: list[str] = []

    def is_asked() -> bool:
        """Return whether STS has seen a request of each command so far."""
        return machine.sts.requests_seen - before >= len(asked)

    before = machine.sts.requests_seen
    for line in ("export profileB", "exec profileB -- true", "process profileB", "whoami profileA", "whoami"):
        asked.append(line)
        dump_core(machine, *line.split(), until=is_asked)
    assert list(machine.home.glob("core*")) == []
    machine.sts.heal()
    done = machine.shell("sh", "ulimit -c 4096; role-env exec profileB -- sh -c 'ulimit -c'")
    assert done.stdout == "4096\n"
    assert not list(machine.home.glob("core*"))
