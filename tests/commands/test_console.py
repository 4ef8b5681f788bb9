"""role-env console: the sign-in at both sites over TLS, where it may lead, and what a browser's arguments show."""

import json
import sys
from urllib.parse import parse_qs, urlsplit

import pytest

from cloud.federation import Federation
from role_env.command_table import SITES
from role_env.errors import UsageError
from role_env.sign_in.console import destination
from support.machine import ROLE_ENV, Machine
from support.prompts import expired
from support.shells import environment
from support.terminal import on_terminal

BROWSER = """
import http.client, json, pathlib, sys, urllib.parse
url = sys.argv[1]
parts = urllib.parse.urlsplit(url)
def get(path):
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Location"), answer.read().decode(), dict(answer.getheaders())
guessed = get("/")
idle = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
idle.connect()
first = get(parts.path)
seen = {"arguments": sys.argv[1:], "guessed": guessed, "first": first}
pathlib.Path("seen.json").write_text(json.dumps(seen))
"""


def with_browser(machine: Machine) -> dict[str, str]:
    """The environment of a machine whose browser notes what it is given and what it gets."""
    program = machine.home / "browser.py"
    program.write_text(BROWSER)
    return {"BROWSER": f"{sys.executable} {program} %s"}


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query, strict_parsing=True).items()}


# ---- the address ----


def test_within_a_session_the_console_is_that_sessions_and_without_one_a_profile_is_required(
    machine: Machine, federation: Federation
) -> None:
    words = ("exec", "profileB", "--read-only", "--duration", "900", "--", ROLE_ENV, "console", "--print")
    assert machine.succeeds(*words).stdout.startswith("https://signin.aliyun.com/federation?")
    assert len(machine.sts.calls) == 1
    assert "console requires PROFILE" in machine.fails("console", "--print", status=2, said="").stderr


def test_within_a_session_no_edit_of_its_profile_leads_the_console_to_another_account(
    machine: Machine, federation: Federation
) -> None:
    """An expired session, one that is not whole, and another account than the expected are refused."""
    found = environment(machine.succeeds("exec", "profileB", "--", "env", "-0").stdout)
    session = {name: value for name, value in found.items() if name.startswith(("ALI", "OSS", "ROLE_ENV_"))}
    machine.write(machine.standard_profiles().replace(machine.sts.role_arn, machine.sts.world.role("spoke1").arn))
    machine.succeeds("console", "--print", "--expect-account", session["ROLE_ENV_ACCOUNT_ID"], **session)
    assert len(machine.sts.calls) == 1
    for status, said, changed in (
        (3, "the session has expired", expired(session)),
        (3, "no longer the session's", session | {"OSS_ACCESS_KEY_ID": "LTAIx"}),
        (3, "ROLE_ENV_REQUEST is missing", session | {"ROLE_ENV_REQUEST": ""}),
    ):
        machine.fails("console", "--print", status=status, said=said, **changed)
    machine.fails("console", "--print", "--expect-account", "1" * 16, status=4, said="is not of account", **session)
    machine.fails("console", "--print", "--refresh", status=2, said="leave out --refresh", **session)


def test_the_printed_address_signs_in_at_the_site_and_leads_to_the_console(
    machine: Machine, federation: Federation
) -> None:
    done = machine.role_env("console", "profileB", "--print", "--destination", "ecs")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert done.stdout.startswith("https://signin.aliyun.com/federation?Action=Login&")
    assert query(done.stdout.strip()) == {
        "Action": "Login",
        "LoginUrl": "https://signin.aliyun.com/",
        "Destination": "https://ecs.console.aliyun.com/",
        "SigninToken": federation.tokens[0],
    }
    # No secret is in the address that is asked: the federation checks that the body of the POST has it.
    assert (federation.asked, federation.hosts) == (["/federation"], ["signin.aliyun.com"])


@pytest.mark.parametrize(
    ("text", "site", "host", "leads_to"),
    [
        ("", "", "signin.aliyun.com", "https://home.console.aliyun.com/"),
        ("", "international", "signin.alibabacloud.com", "https://home.console.alibabacloud.com/"),
        ("oss", "international", "signin.alibabacloud.com", "https://oss.console.alibabacloud.com/"),
        ("https://ram.console.alibabacloud.com/roles?x=1#y", "", "signin.alibabacloud.com", ""),
        ("https://console.aliyun.com", "china", "signin.aliyun.com", ""),
    ],
)
def test_each_site_signs_in_for_its_own_consoles(text: str, site: str, host: str, leads_to: str) -> None:
    assert destination(text, site) == (host, leads_to or text)


ELSEWHERE = [
    *("https://evil.example/", "http://ecs.console.aliyun.com/", "https://ecs.console.aliyun.com.evil.example/"),
    *("https://evilconsole.aliyun.com/", "https://x@evil.example/console.aliyun.com", "javascript:alert(1)"),
    *("https://console.aliyun.com@evil.example/", "https://evil.example\\@ecs.console.aliyun.com/", "ecs/", "ECS"),
    *("https://evil.example#.console.aliyun.com/", "https://evil.example\\.console.aliyun.com/", "a b", "ecs.x"),
    *("https://ecs.console.aliyun.com:8443/", "https://ecs.console.aliyun.com/\r\nX: y", "//evil.example", "ecs\n"),
    *("https://ecs.console.aliyun.com/a\\b", "https://ecs.console.aliyun.com/\x1b[2J", "https://.console.aliyun.com"),
]


@pytest.mark.parametrize("text", ELSEWHERE)
@pytest.mark.parametrize("site", ["", *SITES])
def test_nobody_is_signed_in_for_any_other_address(text: str, site: str) -> None:
    with pytest.raises(UsageError):
        destination(text, site)


# ---- the browser ----


def test_a_browser_gets_a_loopback_address_and_is_sent_on_once(machine: Machine, federation: Federation) -> None:
    """So no argument list, which others can read, ever holds the sign-in token."""
    screen = on_terminal(machine, "console", "profileB", "--destination", "ecs", environ=with_browser(machine))
    assert screen.status == 0
    assert screen.lines[-1] == f"the console of {machine.sts.role_arn} opens in the browser"
    reported = json.loads((machine.home / "seen.json").read_text())
    (address,) = reported["arguments"]
    assert address.startswith("http://127.0.0.1:")
    assert len(urlsplit(address).path) > 40
    assert reported["guessed"][:2] == [404, None]
    status, location, body, headers = reported["first"]
    assert (status, body) == (303, "")
    assert query(location)["SigninToken"] == federation.tokens[0]
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert federation.tokens[0] not in screen.raw
    assert len(federation.tokens) == 1


def test_what_the_sign_in_refuses_is_shown_in_the_terminal_and_not_in_the_browser(
    machine: Machine, federation: Federation
) -> None:
    federation.answers = [(403, b'{"Code":"NoPermission","Message":"the whole request"}')]
    done = machine.role_env("console", "profileB", **with_browser(machine))
    assert done.returncode == 4
    assert "role-env: the console's sign-in at signin.aliyun.com said NoPermission (403)\n" in done.stderr
    assert "the whole request" not in done.stderr
    status, location, body, _ = json.loads((machine.home / "seen.json").read_text())["first"]
    assert (status, location, "NoPermission" in body) == (502, None, False)


def test_a_browser_that_does_not_come_is_not_waited_for_without_end(machine: Machine, federation: Federation) -> None:
    done = machine.role_env("console", "profileB", BROWSER="true", ROLE_ENV_TIMEOUT="3")
    assert (done.returncode, "no browser opened the address" in done.stderr) == (5, True)
    assert not federation.tokens


# ---- failures ----


def test_an_answer_that_is_no_token_is_a_failure(machine: Machine, federation: Federation) -> None:
    for status, body, expected in (
        (200, b"<html>hotel</html>", 5),
        (200, b"{}", 5),
        (200, b'{"SigninToken": ""}', 5),
        (200, b'{"SigninToken": "a\\nb"}', 5),
        (200, b'{"SigninToken": 1}', 5),
        (302, b"", 5),
        (400, b'{"Code": "Invalid\\u001b[2J"}', 4),
    ):
        federation.answers = [(status, body)]
        done = machine.role_env("console", "profileB", "--print")
        assert (done.returncode, done.stdout) == (expected, ""), body
        assert done.stderr.startswith("role-env: "), body
        assert done.stderr.replace("\n", "").isprintable(), body
