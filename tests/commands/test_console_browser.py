"""Which browser `console` opens: a graphical one that never gets the terminal, and with --isolated one of its own."""

import re
import shutil
import tempfile
from pathlib import Path

import pytest

from cloud.federation import Federation
from support.files import write_program
from support.machine import Machine
from support.secret_service_bus import require
from support.terminal import Person
from support.waiting import wait_until

ADDRESS = "https://signin.aliyun.com/federation?Action=Login&"
VISIT = 'for address; do :; done\nexec curl -s -o /dev/null "$address"\n'
BROWSERS = (
    *("xdg-open", "x-www-browser", "firefox", "firefox-esr", "google-chrome", "google-chrome-stable", "chromium"),
    *("chromium-browser", "microsoft-edge", "microsoft-edge-stable", "lynx", "w3m", "links", "www-browser"),
)


@pytest.fixture
def programs(machine: Machine) -> Path:
    """A folder at the head of PATH, on a machine without any browser."""
    machine.hide(*BROWSERS)
    folder = machine.home / "bin"
    folder.mkdir()
    machine.environ["PATH"] = f"{folder}:{machine.environ['PATH']}"
    return folder


@pytest.mark.parametrize("environ", [{}, {"BROWSER": "lynx"}, {"DISPLAY": ":9", "BROWSER": "lynx -cookies:w3m %s"}])
@pytest.mark.parametrize("option", [(), ("--isolated",)])
def test_no_browser_in_the_terminal_is_started_and_the_address_is_printed(
    machine: Machine, federation: Federation, programs: Path, environ: dict[str, str], option: tuple[str, ...]
) -> None:
    for name in ("lynx", "w3m", "www-browser"):
        write_program(programs / name, "#!/bin/sh\necho STARTED >/dev/tty\n")
    person = Person(machine, "console", "profileB", *option, columns=400, **environ)
    person.sees("open this address within 30 seconds; it works once")
    person.sees(ADDRESS)
    assert not person.has_raw_terminal
    assert "STARTED" not in person.ends()
    assert len(federation.tokens) == 1


def test_a_browser_has_no_terminal_whatever_it_is(machine: Machine, federation: Federation, programs: Path) -> None:
    took = machine.home / "took"
    script = f"#!/bin/sh\nif (: </dev/tty) 2>/dev/null; then echo yes; else echo no $BROWSER; fi >{took}\nexit 3\n"
    write_program(programs / "xdg-open", script)
    person = Person(machine, "console", "profileB", columns=400, DISPLAY=":9", BROWSER="lynx")
    person.sees(ADDRESS)
    person.ends()
    assert took.read_text() == "no\n"
    assert federation.tokens


def test_the_next_browser_is_tried_when_one_fails(machine: Machine, federation: Federation, programs: Path) -> None:
    write_program(programs / "xdg-open", "#!/bin/sh\nexit 4\n")
    write_program(programs / "firefox", f"#!/bin/sh\n{VISIT}")
    done = machine.succeeds("console", "profileB", WAYLAND_DISPLAY="wayland-0")
    assert done.stdout == f"the console of {machine.sts.role_arn} opens in the browser\n"
    assert federation.tokens


def test_each_profile_has_a_browser_profile_of_its_own_until_clear(machine: Machine, federation: Federation) -> None:
    """With the real Chromium, which runs without a display here."""
    require("chromium")
    machine.add(f"[b/2]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    options = "--headless=new --no-sandbox --disable-gpu --dump-dom --timeout=5000"
    start = f"TMPDIR={tempfile.gettempdir()} {shutil.which('chromium')}"  # where a socket's path is short enough
    script = f'#!/bin/sh\n{start} {options} "$@"\n: >{machine.home}/ended.$$\n'
    program = write_program(machine.home / "bin" / "chromium", script)
    for name in ("profileB", "b/2"):
        done = machine.succeeds("console", name, "--isolated", BROWSER=str(program))
        assert "opens in the browser" in done.stdout
    assert len(federation.tokens) == 2
    wait_until(lambda: len(list(machine.home.glob("ended.*"))) == 2)  # they write into their folders until then
    folders = list((machine.home / ".local/state/role-env/browsers").iterdir())
    assert len(folders) == 2
    for folder in folders:
        assert (folder / "chromium").stat().st_mode & 0o777 == 0o700
        assert list((folder / "chromium").iterdir())
    assert "removed the browser profile of b/2\n" in machine.succeeds("clear", "b/2").stdout
    assert len(list(folders[0].parent.iterdir())) == 1
    assert "removed all browser profiles" in machine.succeeds("clear", "--all").stdout
    assert not folders[0].parent.exists()
    assert "browser profile" not in machine.succeeds("clear", "--all").stdout


@pytest.mark.parametrize(
    ("name", "option"), [("firefox", "--profile"), ("microsoft-edge", "--user-data-dir="), ("google-chrome", "--user-")]
)
def test_other_browsers_get_their_own_option_for_it(
    machine: Machine, federation: Federation, programs: Path, name: str, option: str
) -> None:
    """By stand-ins: Debian has neither Chrome nor Edge."""
    seen = machine.home / "seen"
    write_program(programs / name, f'#!/bin/sh\necho "$@" >{seen}\n{VISIT}')
    for _ in range(2):
        machine.succeeds("console", "profileB", "--isolated", DISPLAY=":9")
        assert re.match(f"{option}.*/role-env/browsers/[0-9a-f]+/", seen.read_text())
    assert len(federation.tokens) == 2


@pytest.mark.parametrize("script", ["exec /snap/bin/firefox", "exec /usr/bin/flatpak run org.mozilla.firefox"])
def test_a_browser_in_a_snap_or_flatpak_is_not_started_and_the_address_is_printed(
    machine: Machine, federation: Federation, programs: Path, script: str
) -> None:
    write_program(programs / "firefox", f'#!/bin/sh\n{script} "$@"\n')
    done = machine.succeeds("console", "profileB", "--isolated", DISPLAY=":9")
    assert done.stdout.startswith(ADDRESS)
    assert "one in a snap or flatpak cannot reach it" in done.stderr
    assert federation.tokens
