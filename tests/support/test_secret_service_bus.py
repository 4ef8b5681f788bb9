"""The private buses do what the other tests count on: a real keyring, real hangs, and nothing left running."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import bus_client, secret_service_bus, silent_bus
from support.secret_service_bus import KeptItem, KeyringBus, PrivateBus, missing, require
from support.silent_bus import SilentBus, StoppedBus
from support.waiting import DEADLINE, wait_until

# Choosing a backend is keyring's business, and costs more than all the rest.
KEYRING = "from keyring.backends.SecretService import Keyring; keyring = Keyring(); "
GET = KEYRING + "print(keyring.get_password('service', 'name'))"
SET = KEYRING + "keyring.set_password('service', 'name', 'sécret')"
DELETE = KEYRING + "keyring.delete_password('service', 'name')"

HANGS = 2.0
"""Seconds after which keyring, which needs 0.2, is taken to hang."""


@pytest.fixture(scope="module")
def shared_keyring() -> Iterator[KeyringBus]:
    with KeyringBus() as bus:
        yield bus


@pytest.fixture
def keyring_bus(shared_keyring: KeyringBus) -> KeyringBus:
    shared_keyring.clear()
    return shared_keyring


def start_python(code: str, bus: PrivateBus) -> subprocess.Popen[str]:
    """Start Python code in a process whose session bus is the given one."""
    command, environ = [sys.executable, "-I", "-X", "utf8", "-c", code], {"PATH": os.environ["PATH"], **bus.environment}
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    return subprocess.Popen(command, env=environ, stdin=null, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")


def python(code: str, bus: PrivateBus) -> subprocess.CompletedProcess[str]:
    """Run Python code in such a process."""
    with start_python(code, bus) as process:
        out, err = process.communicate(timeout=DEADLINE)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def assert_hangs(code: str, bus: PrivateBus, is_reached: Callable[[], bool] = lambda: True) -> None:
    """Check that Python code neither ends nor fails once it has come as far as `is_reached` says."""
    with start_python(code, bus) as process:
        wait_until(is_reached)
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=HANGS)
        process.kill()


def running_on(bus: PrivateBus) -> list[str]:
    """Command lines of the live processes that belong to a bus: its folder's name is unique."""
    marks = (str(bus.runtime).encode(), str(bus.folder).encode())
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            about = command + (process / "environ").read_bytes()
        except OSError:
            continue
        if any(mark in about for mark in marks):
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_keyring_sets_gets_and_deletes(keyring_bus: KeyringBus) -> None:
    assert python(GET, keyring_bus).stdout == "None\n"

    done = python(SET, keyring_bus)
    assert (done.returncode, done.stderr) == (0, "")
    (item,) = keyring_bus.items()
    assert item.secret.decode() == "sécret"
    assert item.attributes.items() >= {"service": "service", "username": "name"}.items()
    assert item.label

    assert python(GET, keyring_bus).stdout == "sécret\n"
    assert python(DELETE, keyring_bus).returncode == 0
    assert keyring_bus.items() == []


def test_put_adds_beside_an_item_with_the_same_attributes(keyring_bus: KeyringBus) -> None:
    """Two items may have the same attributes, as when a foreign program stored one."""
    keyring_bus.put("first", {"service": "service", "username": "name"}, b"1")
    keyring_bus.put("second", {"service": "service", "username": "name"}, b"2")
    assert sorted((item.label, item.secret) for item in keyring_bus.items()) == [("first", b"1"), ("second", b"2")]


def test_a_locked_keyring_gives_nothing_until_it_is_unlocked(keyring_bus: KeyringBus) -> None:
    """Without a prompter gnome-keyring refuses at once, and keyring raises."""
    keyring_bus.put("label", {"service": "service", "username": "name"}, b"secret")
    with keyring_bus.locked():
        locked = python(GET, keyring_bus)
    assert (locked.returncode, locked.stdout) == (1, "")
    assert "KeyringLocked" in locked.stderr
    assert python(GET, keyring_bus).stdout == "secret\n"


def test_a_locked_keyring_with_a_prompter_nobody_sees_hangs() -> None:
    """Without a timeout keyring waits for a password dialog that never comes."""
    with KeyringBus(prompter=True) as bus:
        bus.put("label", {"service": "service", "username": "name"}, b"secret")
        assert python(GET, bus).stdout == "secret\n"
        bus.lock()
        assert_hangs(GET, bus)


def test_each_bus_has_a_keyring_of_its_own(keyring_bus: KeyringBus, tmp_path: Path) -> None:
    """A second bus, in a folder too deep for a socket and with an abstract address, sees nothing of the first."""
    keyring_bus.put("label", {"service": "service"}, b"secret")
    deep = tmp_path / ("d" * 120)
    with KeyringBus(deep, abstract=True) as other:
        assert other.address.startswith("unix:abstract=")
        assert other.items() == []
        other.put("other", {"of": "the other"}, b"1")
        (item,) = other.items()
    assert item == KeptItem("other", {**item.attributes, "of": "the other"}, b"1")
    assert [item.label for item in keyring_bus.items()] == ["label"]


@pytest.mark.parametrize("answers", [0, 1, 2, 3])
def test_keyring_hangs_on_a_silent_service(answers: int) -> None:
    """However many calls were answered before: keyring has no timeout of its own."""
    with SilentBus(answers=answers) as bus:
        assert_hangs(GET, bus, lambda: len(bus.calls()) > answers)
        assert len(bus.calls()) == answers + 1


def test_what_a_silent_service_answers_is_plausible() -> None:
    with SilentBus(answers=1000, secret=b"kept") as bus:
        for code, printed in ((GET, "kept\n"), (SET, ""), (DELETE, "")):
            done = python(code, bus)
            assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")
        assert {"OpenSession", "SearchItems", "GetSecret", "CreateItem", "Delete"} <= set(bus.calls())


@pytest.mark.parametrize("answers", [0, 2])
def test_a_service_that_dies_fails_its_caller(answers: int) -> None:
    with SilentBus(answers=answers, dies=True) as bus:
        done = python(GET, bus)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(bus.calls()) == answers + 1


def test_a_stopped_bus_does_not_even_greet() -> None:
    greet = (
        "from jeepney.io.blocking import open_dbus_connection as connect; print(connect(auth_timeout=%s).unique_name)"
    )
    with StoppedBus() as bus:
        assert "Did not authenticate" in python(greet % 0.5, bus).stderr
        assert_hangs(greet % 60, bus)
        bus.resume()
        assert python(greet % DEADLINE, bus).stdout.startswith(":1.")


@pytest.mark.parametrize("kind", [KeyringBus, SilentBus, StoppedBus])
def test_nothing_is_left_of_a_bus(kind: type[PrivateBus], tmp_path: Path) -> None:
    with kind(tmp_path) as bus:
        assert any("dbus-daemon" in command for command in running_on(bus))
        began = time.monotonic()
    assert running_on(bus) == []
    assert not bus.runtime.exists()
    assert tmp_path.exists()
    assert time.monotonic() - began < bus_client.DEADLINE
    bus.stop()


def test_nothing_is_left_of_a_bus_that_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bus = SilentBus(tmp_path)
    monkeypatch.setattr(silent_bus, "SERVICE", "no name of a service")
    with pytest.raises(Exception, match="no name of a service"):
        bus.start()
    assert running_on(bus) == []
    monkeypatch.setattr(secret_service_bus, "CONFIGURATION", "no configuration of a bus")
    with pytest.raises(RuntimeError, match=r"(?s)did not start:.*bus\.conf"):
        bus.start()
    assert running_on(bus) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a signal upon the parent's death is Linux's")
def test_nothing_is_left_when_the_tests_are_killed() -> None:
    """A bus ends with the process that started it, even where that has no chance to stop it."""
    code = (
        "import os; from support.silent_bus import SilentBus; bus = SilentBus(); bus.start();"
        "os.write(1, bytes(bus.runtime)); os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 9
    bus = PrivateBus()
    bus.runtime = bus.folder = Path(done.stdout)
    assert bus.runtime.name.startswith("bus-")
    wait_until(lambda: not running_on(bus))
    bus.stop()


def test_missing_names_what_is_not_installed() -> None:
    assert missing("no-such-program", "sh", "nor-this-one") == ["no-such-program", "nor-this-one"]


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_program_skips_a_test_locally_and_fails_it_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    """Where nobody looks at skips, a test must not be skipped for want of a package."""
    monkeypatch.setenv("CI", ci)
    require("sh")
    with pytest.raises(outcome, match="no-such-shell"):
        require("sh", "no-such-shell")
