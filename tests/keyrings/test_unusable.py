"""A keyring that cannot be used costs one warning and one wait, and where the kernel's stands in, nothing."""

import os
import socket
from collections.abc import Callable, Iterator

import pexpect
import pytest

from support.contexts import kernel_keeps
from support.fault_rows import USERS, Environ, Fault, cause, check, environ, rows
from support.machine import Machine
from support.secret_service_bus import KeyringBus, PrivateBus
from support.silent_bus import SilentBus, StoppedBus

# ---- keyrings ----

LATE, LOCKED = "it timed out; is it locked, or hung?", "it is locked"


@cause
def on(machine: Machine, bus: Callable[[], PrivateBus]) -> Iterator[Environ]:
    """By what is on the session bus."""
    with bus() as started:
        yield started.environment


@cause
def on_locked(machine: Machine, *, prompter: bool = False) -> Iterator[Environ]:
    """By a locked keyring on the session bus, which may ask where nobody looks."""
    with KeyringBus(prompter=prompter) as bus:
        bus.lock()
        yield bus.environment


@cause
def dead_socket(machine: Machine) -> Iterator[Environ]:
    """By a socket that nobody listens on, as a bus leaves it that died."""
    path = machine.bus.runtime / "dead"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    yield {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}
    path.unlink()


@cause
def backend(machine: Machine, name: str) -> Iterator[Environ]:
    """By the backend that the environment names; those of ODD_KEYRINGS are made for it."""
    (machine.home / "odd_keyrings.py").write_text(ODD_KEYRINGS)
    yield {"PYTHON_KEYRING_BACKEND": name, "PYTHONPATH": str(machine.home)}


ODD_KEYRINGS = """
import threading, time
from pathlib import Path
from keyring.backend import KeyringBackend
class Keyring(KeyringBackend):
    priority = 1
    def get_password(self, service, username): pass
    def set_password(self, service, username, password): pass
    delete_password = get_password
class Raises(Keyring):
    def set_password(self, service, username, password): raise KeyError(password)
class HangsUninterruptibly(Keyring):
    def get_password(self, service, username):
        threading.Thread(target=time.sleep, args=(60,), daemon=False).start()
        while True:
            try: time.sleep(60)
            except BaseException: pass
class LeavesAThread(Keyring):
    def get_password(self, service, username):
        threading.Thread(target=time.sleep, args=(60,), daemon=False).start()
class SlowAtFirst(Keyring):
    waited = 0
    def get_password(self, service, username):
        time.sleep(0 if SlowAtFirst.waited else 7)
        SlowAtFirst.waited = 1
class HangsAtTheSecondWrite(Keyring):
    file = Path.home() / "keyring.ini"
    def get_password(self, service, username):
        if service.startswith("role-env session ") and self.file.exists(): return self.file.read_text()
    def set_password(self, service, username, password):
        time.sleep(60 if self.file.exists() else 0)
        self.file.write_text(password)
"""

KEYRINGS = rows(
    "the keyring",
    Fault("the service never answers", on(SilentBus), reported=(LATE,), smoke=True),
    Fault("the service answers once", on(lambda: SilentBus(answers=1)), reported=(LATE,)),
    Fault("the service answers all but the last message", on(lambda: SilentBus(answers=3)), reported=(LATE,)),
    Fault("the service dies at the first call", on(lambda: SilentBus(dies=True))),
    Fault("the service dies in the middle", on(lambda: SilentBus(answers=2, dies=True))),
    Fault("the bus stands still", on(StoppedBus), reported=(LATE,)),
    Fault("the bus is dead", dead_socket()),
    Fault("the bus's address is malformed", environ(DBUS_SESSION_BUS_ADDRESS="garbage")),
    Fault("locked, and nothing can ask", on_locked(), reported=(LOCKED,)),
    Fault("locked, and nobody sees the question", on_locked(prompter=True), reported=(LATE,)),
    Fault("a KeePassXC that is locked", on(lambda: SilentBus(answers=10**6, locked=True)), reported=(LATE,)),
    Fault("no backend of that name", backend("no.such.Keyring"), reported=("PYTHON_KEYRING_BACKEND",)),
    Fault("a backend that raises its own exceptions", backend("odd_keyrings.Raises"), reported=("KeyError",)),
    Fault("a backend that cannot be interrupted", backend("odd_keyrings.HangsUninterruptibly"), reported=(LATE,)),
)


@pytest.mark.parametrize("fault", KEYRINGS)
def test_a_keyring_that_cannot_be_used_costs_one_warning_and_one_wait(machine: Machine, fault: Fault) -> None:
    """Meanwhile sessions are cached in the kernel's keyring; without any keyring that needs no warning."""
    mode = "auto" if kernel_keeps() else "keyring"
    reported = ("the keyring cannot be used", *fault.reported) if fault.reported or mode == "keyring" else ()
    with fault.cause(machine) as caused:
        variables = caused | {"ROLE_ENV_CACHE": mode}
        first = machine.role_env("profileB", **variables)
        check(machine, first, reported=reported)
        second = machine.succeeds("profileB", **variables)
        if LATE in fault.reported:  # which would be reported again, had it been waited for again
            assert second.stderr == ""
        if kernel_keeps():
            assert ("are cached in the kernel's" in first.stderr) == bool(reported)
            assert second.stdout == first.stdout
    assert len(machine.sts.issued) == (1 if kernel_keeps() else 2)


@pytest.mark.parametrize(
    ("name", "reported", "keeps"),
    [
        ("keyring.backends.null.Keyring", "", False),
        ("keyring.backends.fail.Keyring", "there is none on this system", False),
        ("keyring.backends.chainer.ChainerBackend", "", True),
        ("odd_keyrings.LeavesAThread", "", False),
    ],
)
def test_another_backend_does_what_it_says(machine: Machine, name: str, reported: str, keeps: bool) -> None:
    """The backend null keeps nothing and says nothing, fail says that there is none, a chain keeps in its first."""
    with backend(name)(machine) as caused:
        variables = caused | {"ROLE_ENV_CACHE": "keyring"}
        for _ in range(2):
            check(machine, machine.role_env("profileB", **variables), reported=(reported,) if reported else ())
    assert len(machine.sts.issued) == (1 if keeps else 2)


def test_nobody_is_warned_where_nobody_reads(machine: Machine) -> None:
    variables = {"PYTHON_KEYRING_BACKEND": "no.such.Keyring", "ROLE_ENV_CACHE": "keyring"}
    check(machine, machine.role_env("profileB", CI="true", **variables))
    assert machine.role_env("process", "profileB", **variables).stderr == ""


def test_a_short_deadline_is_not_spent_on_the_keyring_alone(machine: Machine, silent: SilentBus) -> None:
    done = machine.role_env("profileB", ROLE_ENV_TIMEOUT="12", ROLE_ENV_CACHE="keyring", **silent.environment)
    check(machine, done, reported=(LATE,))


def test_a_person_at_a_prompt_is_waited_for_and_sees_a_line(machine: Machine) -> None:
    """What they take is not counted against the time for the whole command, five seconds here."""
    more = {"DISPLAY": ":0", "ROLE_ENV_TIMEOUT": "5", "ROLE_ENV_CACHE": "keyring"}
    command = "role-env exec profileB -- printenv ROLE_ENV_PROFILE"
    with backend("odd_keyrings.SlowAtFirst")(machine) as caused:
        output, status = pexpect.run(command, env=machine.environ | caused | more, withexitstatus=True, timeout=60)
    reported, blank, printed = output.decode().splitlines()
    assert (reported, blank.strip(), printed) == ("role-env: waiting for the keyring", "", "profileB")
    assert status == 0


def test_a_renewal_waits_for_no_person_at_the_keyring_that_stores_the_new_session(machine: Machine) -> None:
    """It has three seconds for everything, while another use of the keyring has a minute on a desktop."""
    machine.sts.session_seconds = 150  # `process` renews a session that has less than 200 seconds left
    more = {"DISPLAY": ":0", "ROLE_ENV_CACHE": "keyring"}
    with backend("odd_keyrings.HangsAtTheSecondWrite")(machine) as caused:
        for _ in range(2):
            command = "sh -c 'role-env process profileB >session.ini'"
            environ, home = machine.environ | caused | more, str(machine.home)
            _, status = pexpect.run(command, env=environ, cwd=home, withexitstatus=True, timeout=40)
            assert status == 0
    assert machine.sts.issued[1].token in (machine.home / "session.ini").read_text()


# ---- the kernel's keyring ----


@pytest.fixture
def headless(machine: Machine) -> Machine:
    """A machine without a session bus, as over ssh, whose kernel keeps keys."""
    if not kernel_keeps():
        pytest.skip("this kernel keeps no keys for us, as in many containers")
    del machine.environ["DBUS_SESSION_BUS_ADDRESS"]
    return machine


def test_without_a_bus_sessions_are_cached_in_the_kernel_without_a_message(headless: Machine) -> None:
    """Where a new session keyring, as ssh and su give one, finds them too."""
    headless.settle()
    answers = [headless.confined("new-session", "profileB") for _ in range(2)] + [headless.role_env("profileB")]
    for done in answers:
        check(headless, done)
    assert len({done.stdout for done in answers}) == len(headless.sts.issued) == 1
    assert headless.role_env("clear", "--all").returncode == 0
    check(headless, headless.role_env("profileB"))
    assert len(headless.sts.issued) == 2


@pytest.mark.parametrize("kind", ["EPERM", "ENOSYS", "full"])
def test_a_kernel_that_keeps_nothing_costs_one_warning_and_none_under_ci(headless: Machine, kind: str) -> None:
    """As in Docker, in podman, and where others have taken all of an ordinary user's share."""
    if kind == "full" and os.geteuid():
        pytest.skip("only root can become another user, whose share is known")
    reported = {"EPERM": "blocked here", "ENOSYS": "has no keyring", "full": "no room left for this user"}
    for variables in ({"ROLE_ENV_CACHE": "auto"}, {"ROLE_ENV_CACHE": "kernel"}):
        words = ("no session is cached", reported[kind] if "kernel" in variables.values() else "")
        for ci in ({}, {"CI": "true"}):
            # One after the other: the kernel counts what a user had before for a while.
            way = f"{kind}:{next(USERS)}" if kind == "full" else kind
            check(headless, headless.confined(way, "profileB", **variables, **ci), reported=() if ci else words)
    assert len(headless.sts.issued) == 4
