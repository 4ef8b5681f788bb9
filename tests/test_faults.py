"""Every fault that a person can meet, produced for real, and what `role-env profileB` makes of it.

The tables read like a list of what can go wrong. A row says the fault, the exit status of the contract, the words of
the message, and how the fault is made. Whatever it is: nothing but a session or `false` is on stdout, what is
reported are whole printable lines of role-env's own, no wait is longer than it may be, and the machine's canary finds
no secret.
"""

import base64
import itertools
import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec

import pexpect
import pytest

from support.cached_sessions import age, asks
from support.certificates import Certificate
from support.contexts import kernel_keeps
from support.faults import FAULTS
from support.local_sts import LocalSts
from support.machine import CONFINED, ROLE_ENV, Machine, is_pythons_own
from support.proxy import Proxy
from support.secret_service_bus import KeyringBus, PrivateBus, SilentBus, StoppedBus
from support.shells import NOTHING_CHANGED

WITHIN = 30.0
"""Seconds in which every call ends, also on a crowded machine; on an idle one they need a tenth of it."""

Environ = dict[str, str]
Cause = Callable[[Machine], AbstractContextManager[Environ]]
P = ParamSpec("P")


@dataclass(frozen=True)
class Fault:
    """One row. `reported` are words of the message, if there is one. `asked` is how often STS was reached."""

    said: str
    cause: Cause
    status: int = 0
    reported: tuple[str, ...] = ()
    asked: int | None = None
    shell: str = ""
    """What is run in bash instead of the plain command, where the fault is the shell's."""
    smoke: bool = False


def rows(group: str, *faults: Fault) -> list[object]:
    """The rows of one group as parameters, each with a name that says what it is."""
    marks = {True: [pytest.mark.smoke], False: []}
    return [pytest.param(fault, id=f"{group}: {fault.said}", marks=marks[fault.smoke]) for fault in faults]


# ---- how a fault is made ----


def cause(make: Callable[Concatenate[Machine, P], Iterator[Environ]]) -> Callable[P, Cause]:
    """Let `make`, which yields variables for the command while there is the fault, get its machine later."""

    def of(*words: P.args, **more: P.kwargs) -> Cause:
        return lambda machine: contextmanager(make)(machine, *words, **more)

    return of


@cause
def environ(machine: Machine, /, **variables: str) -> Iterator[Environ]:
    """By the environment."""
    yield {name: value.format(machine=machine) for name, value in variables.items()}


@cause
def sts(machine: Machine, /, kind: str, times: int | None = None, **variables: str) -> Iterator[Environ]:
    """By STS, as tests/support/faults.py has them; `times` None: each time."""
    machine.sts.fault(kind, times=times)
    yield variables


@cause
def certificate(machine: Machine, kind: Certificate) -> Iterator[Environ]:
    """By a server in STS's place whose certificate is wrong, and which must be sent nothing."""
    with LocalSts(machine.temporary / "wrong", certificate=kind) as wrong:
        yield {"ALIBABA_CLOUD_STS_ENDPOINT": wrong.endpoint, "SSL_CERT_FILE": str(wrong.ca_file)}
        assert (wrong.connections_seen, wrong.requests_seen) == (1, 0)


@cause
def nobody_listens(machine: Machine) -> Iterator[Environ]:
    """By a port that nobody else can have, and where no connection is taken."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        yield {"ALIBABA_CLOUD_STS_ENDPOINT": f"localhost:{silent.getsockname()[1]}"}


@cause
def black_hole(machine: Machine) -> Iterator[Environ]:
    """By a port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        yield {"ALIBABA_CLOUD_STS_ENDPOINT": f"localhost:{hole.getsockname()[1]}", "ROLE_ENV_TIMEOUT": "1"}


@cause
def proxy(machine: Machine, status: str, asked: int) -> Iterator[Environ]:
    """By a proxy that answers with `status`; it is asked so many times, and its password is not shown."""
    with closing(Proxy(status)) as made:
        yield {"HTTPS_PROXY": f"http://me:hunter22@{made.address}"}
    assert len(made.heads) == asked
    for secret in ("hunter22", base64.b64encode(b"me:hunter22").decode()):
        assert secret not in machine.reported[-1]


@cause
def clock(machine: Machine, seconds: float) -> Iterator[Environ]:
    """By the clock of STS: one's own is only known by the difference."""
    machine.sts.clock_offset = seconds
    yield {}


@cause
def renewed(machine: Machine, kind: str) -> Iterator[Environ]:
    """By STS, while a valid session near its end is cached."""
    asks(machine, calls=1)
    age(machine, 3400)
    machine.sts.fault(kind, times=None)
    yield {"ROLE_ENV_CACHE": "auto"}


@cause
def profiles(machine: Machine, text: str) -> Iterator[Environ]:
    """By further lines of profileB, the last section of the profiles file."""
    machine.add(text + "\n")
    yield {}


@cause
def file(machine: Machine, deed: Callable[[Path], object]) -> Iterator[Environ]:
    """By what is done to the profiles file."""
    deed(machine.file)
    yield {}


def linked(file: Path) -> None:
    file.rename(file.with_name("elsewhere.ini"))
    file.symlink_to("elsewhere.ini")


def anothers(path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(path, 12345, 12345)


@cause
def folder(machine: Machine, mode: int, variable: str, *, foreign: bool = False) -> Iterator[Environ]:
    """By a folder with that mode, named by a variable; a `foreign` one looks right and belongs to somebody else."""
    made = machine.home / "folder"
    made.mkdir()
    made.chmod(mode)
    if foreign:
        os.chown(made, 12345, 12345) if os.geteuid() == 0 else made.chmod(0o777)
    try:
        yield {variable: str(made), "ROLE_ENV_CACHE": "auto"}
    finally:
        made.chmod(0o700)
    if foreign or mode & 0o022:  # others could have made whatever is in it, and hold every lock
        assert list(made.iterdir()) == []


@cause
def planted_lock(machine: Machine) -> Iterator[Environ]:
    """By locks that lead elsewhere: who can write to the folder could make us create a file of their choice."""
    runtime = machine.home / "runtime"
    (runtime / "role-env").mkdir(parents=True, mode=0o700)
    runtime.chmod(0o700)
    environ = {"XDG_RUNTIME_DIR": str(runtime), "ROLE_ENV_CACHE": "auto"}
    machine.role_env("profileB", **environ)
    machine.role_env("clear", "--all", **environ)
    locks = list((runtime / "role-env").glob("*.lock"))
    assert locks
    for lock in locks:
        lock.unlink()
        lock.symlink_to(machine.home / "made")
    yield environ
    assert not (machine.home / "made").exists()


@cause
def no_disk_space(machine: Machine) -> Iterator[Environ]:
    """By a disk without a free block for all that role-env writes."""
    if os.geteuid():
        pytest.skip("only root can mount a small disk; `nothing can be written` is the same for others")
    disk = machine.home / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=3", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this container may not mount")
    (disk / "full").write_bytes(b"x" * 4096)
    folders = {name: str(disk) for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "TMPDIR")}
    try:
        yield {**folders, "ROLE_ENV_CACHE": "auto"}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# ---- the tables ----

STILL_USED = "the current session is used until it expires"
LONG_POLICY = '{"a": "' + "x" * 2048 + '"}'

NETWORK = rows(
    "STS and network",
    Fault("connection refused", nobody_listens(), 5, ("refused", "check the network"), smoke=True),
    Fault("reset when it connects", sts("reset-on-accept"), 5, ("try again",), asked=3),
    Fault("reset after the handshake", sts("reset-after-handshake"), 5, ("try again",), asked=3),
    Fault("reset after the request", sts("reset-after-request"), 5, ("try again",), asked=3),
    Fault("reset in the middle of the answer", sts("reset-mid-answer"), 5, ("try again",), asked=3),
    Fault("reset twice and then well", sts("reset-after-request", 2), asked=3),
    Fault(
        "a host without an address",
        environ(ALIBABA_CLOUD_STS_ENDPOINT="sts.no-such-region.aliyuncs.com"),
        5,
        ("sts.no-such-region.aliyuncs.com", "name"),
    ),
    Fault("a certificate for another host", certificate("wrong-host"), 5, ("certificate", "nothing was sent")),
    Fault("a certificate that has expired", certificate("expired"), 5, ("certificate", "nothing was sent")),
    Fault("a certificate of an unknown authority", certificate("unknown-ca"), 5, ("certificate", "CA_BUNDLE")),
    Fault("no authority is trusted", environ(SSL_CERT_FILE="/dev/null"), 5, ("certificate",), asked=1),
    Fault("a black hole", black_hole(), 5, ("timed out",), smoke=True),
    Fault("a handshake that stops", sts("hang-in-handshake", ROLE_ENV_TIMEOUT="1"), 5, ("timed out",)),
    Fault("an answer that never comes", sts("hang", ROLE_ENV_TIMEOUT="1"), 5, ("timed out",)),
    Fault("one byte a second", sts("slow", ROLE_ENV_TIMEOUT="2"), 5, ("timed out",)),
    Fault("an answer that takes a while", sts("delay:1.5"), asked=1),
    Fault("retries that outlast the deadline", sts("500", ROLE_ENV_TIMEOUT="0.4"), 5, ("STS at", "try again")),
    Fault("a deadline that is none", environ(ROLE_ENV_TIMEOUT="soon"), 3, ("ROLE_ENV_TIMEOUT",), asked=0),
    Fault("200 with HTML", sts("html-200"), 5, ("did not answer like STS", "sign-in page"), asked=1),
    Fault("a captive portal", sts("captive-portal"), 5, ("did not answer like STS", "sign-in page"), asked=1),
    Fault("a redirect, which is not followed", sts("redirect"), 5, ("did not answer like STS",), asked=1),
    Fault("a list in JSON", sts("json-list"), 5, ("did not answer like STS",), asked=1),
    Fault("no body at all", sts("empty"), 5, ("did not answer like STS",), asked=1),
    Fault("JSON that is cut", sts("truncated-json"), 5, ("did not answer like STS",), asked=1),
    Fault("an answer without key id", sts("missing-id"), 5, ("AccessKeyId is missing",), asked=1),
    Fault("an answer without secret", sts("missing-secret"), 5, ("AccessKeySecret is missing",), asked=1),
    Fault("an answer without token", sts("missing-token"), 5, ("SecurityToken is missing",), asked=1),
    Fault("an answer without expiry", sts("missing-expiration"), 5, ("Expiration is missing",), asked=1),
    Fault("an expiry in the past", sts("expired-answer"), 5, ("already expired", "clock"), asked=1),
    Fault("an expiry without zone", sts("expiration-without-zone"), 5, ("Expiration is missing or not",), asked=1),
    Fault("an answer of 10 MB", sts("huge"), 5, ("did not answer like STS",), asked=1),
    Fault("500", sts("500"), 5, ("500", "try again"), asked=3),
    Fault("500 twice and then well", sts("500", 2), asked=3),
    Fault("503", sts("503"), 5, ("503", "try again"), asked=3),
    Fault("502 with HTML", sts("html-502"), 5, ("502", "try again"), asked=3),
    Fault("STS's own InternalError", sts("internal-error"), 5, ("InternalError",), asked=3),
    Fault("throttled twice and then well", sts("throttling", 2), asked=3, smoke=True),
    Fault("throttled by 429 twice and then well", sts("throttling-429", 2), asked=3),
    Fault("throttled for good", sts("throttling"), 5, ("Throttling", "try again"), asked=3),
    Fault("a proxy that is not there", environ(HTTPS_PROXY="http://127.0.0.1:1"), 5, ("proxy 127.0.0.1:1", "refused")),
    Fault("a proxy without an address", environ(HTTPS_PROXY="http://x.invalid:8080"), 5, ("proxy x.invalid:8080",)),
    Fault("a proxy that forbids", proxy("403 Forbidden\x1b[2J", 1), 5, ("refused", "403"), asked=0),
    Fault("a proxy that wants a password", proxy("407 No", 1), 5, ("refused", "HTTPS_PROXY"), asked=0),
    Fault("a proxy that is broken", proxy("502 Bad Gateway", 3), 5, ("refused", "502"), asked=0),
    Fault("a proxy of another kind", environ(HTTPS_PROXY="socks5://h:1"), 3, ("socks5", "NO_PROXY"), asked=0),
    Fault("plain HTTP", environ(ALIBABA_CLOUD_STS_ENDPOINT="http://h"), 3, ("http://",), asked=0),
    Fault("no answer to a renewal", renewed("hang"), reported=("timed out", STILL_USED), asked=2),
    Fault("nonsense for a renewal", renewed("html-200"), reported=(STILL_USED,), asked=2),
    Fault("a renewal that is refused", renewed("code:NoPermission:403"), 4, ("may not assume",)),
)

HOSTILE = rows(
    "hostile answers",
    Fault("a quote in the token", sts("quote-in-token"), asked=1),
    Fault("a command in the token", sts("command-in-token"), asked=1),
    Fault("a newline in the secret", sts("newline-in-secret"), 5, ("AccessKeySecret is missing or not",), asked=1),
    Fault("NUL in the token", sts("nul-in-token"), 5, ("SecurityToken is missing or not",), asked=1),
    Fault("letters that are no ASCII in the token", sts("non-ascii-token"), 5, ("not printable ASCII",), asked=1),
    Fault("a token of 1 MB", sts("megabyte-token"), 5, ("did not answer like STS",), asked=1),
    Fault("a session of another account", sts("other-account-arn"), 4, ("not of acs:ram::2222",), asked=1),
    Fault("a session of another role", sts("other-role-arn"), 4, ("not of acs:ram::2222",), asked=1, smoke=True),
    Fault("a session of another name", sts("other-session-arn"), 4, ("with the name",), asked=1),
    Fault("terminal escapes in STS's message", sts("escape-in-message"), 4, ("role-env: all is well",)),
)

MACHINE = rows(
    "the machine",
    Fault("the clock is an hour behind", clock(3600), 4, ("clock: it is 60 minutes behind STS's",), smoke=True),
    Fault("the clock is an hour ahead", clock(-3600), 4, ("60 minutes ahead of STS's",)),
    Fault("HOME is unset", environ(ROLE_ENV_CONFIG="{machine.file}"), shell="unset HOME; role-env profileB"),
    Fault("HOME is nowhere", environ(ROLE_ENV_CONFIG="{machine.file}", HOME="/nonexistent")),
    Fault("the state folder is a file", environ(XDG_STATE_HOME="/dev/null", ROLE_ENV_CACHE="auto")),
    Fault("the state folder is missing", environ(XDG_STATE_HOME="{machine.home}/a/b", ROLE_ENV_CACHE="auto")),
    Fault("the state folder is read-only", folder(0o500, "XDG_STATE_HOME")),
    Fault("the runtime folder is missing", environ(XDG_RUNTIME_DIR="/nonexistent", ROLE_ENV_CACHE="auto")),
    Fault("the runtime folder is read-only", folder(0o500, "XDG_RUNTIME_DIR")),
    Fault("the runtime folder is somebody else's", folder(0o700, "XDG_RUNTIME_DIR", foreign=True)),
    Fault("the runtime folder is everybody's", folder(0o777, "XDG_RUNTIME_DIR")),
    Fault("a lock leads elsewhere", planted_lock()),
    Fault("the temporary folder is missing", environ(TMPDIR="/nonexistent", ROLE_ENV_CACHE="auto")),
    Fault("the disk is full", no_disk_space()),
    Fault("nothing can be written", environ(ROLE_ENV_CACHE="auto"), shell="ulimit -f 0; role-env profileB"),
    Fault("stderr is closed", environ(PYTHON_KEYRING_BACKEND="no.such"), shell="role-env profileB 2>&-"),
    Fault("stderr is full", environ(PYTHON_KEYRING_BACKEND="no.such"), shell="role-env profileB 2>/dev/full"),
    Fault("stdin is closed", environ(ROLE_ENV_CACHE="auto"), shell="role-env profileB <&-"),
    Fault("few files may be open", environ(ROLE_ENV_CACHE="auto"), shell="ulimit -n 16; role-env profileB"),
    Fault("files are open for everybody", environ(ROLE_ENV_CACHE="auto"), shell="umask 000; role-env profileB"),
    Fault("files are closed for ourselves", environ(ROLE_ENV_CACHE="auto"), shell="umask 777; role-env profileB"),
    Fault("the locale is C", environ(LANG="C", LC_ALL="C")),
    Fault("the locale is not there", environ(LANG="xx_XX.KOI8-R", LC_ALL="xx_XX.KOI8-R")),
    Fault("Python ignores the environment", environ(), shell="python -E -s {role_env} profileB", smoke=True),
    Fault("Python is alone", environ(), shell="python -I -m role_env profileB"),
)

FILES = rows(
    "files",
    Fault("the profiles file is a symlink", file(linked)),
    Fault("the profiles file is missing", file(Path.unlink), 3, ("profiles.ini",), asked=0),
    Fault("the profiles file is a folder", environ(ROLE_ENV_CONFIG="/"), 3, ("cannot be read",), asked=0),
    Fault("the profiles file is somebody else's", file(anothers), 3, ("belongs to another user",), asked=0),
    Fault("it is empty", file(lambda f: f.write_text("")), 3, ("there is no profile profileB",), asked=0),
    Fault("it is no text", file(lambda f: f.write_bytes(b"\xff\xfe\0")), 3, ("profiles.ini",), asked=0),
    Fault("a policy of more than 2,048 characters", profiles(f"policy = {LONG_POLICY}"), 3, ("2048",), asked=0),
    Fault("a policy that is not JSON", profiles("policy = allow"), 3, ("profile profileB: policy", "JSON"), asked=0),
    Fault("a policy file that is missing", profiles("policy_file = no.json"), 3, ("policy_file names",), asked=0),
)


@pytest.mark.parametrize("fault", [*NETWORK, *HOSTILE, *MACHINE, *FILES])
def test_a_fault_ends_as_the_contract_says(machine: Machine, fault: Fault) -> None:
    with fault.cause(machine) as caused:
        variables = {"ROLE_ENV_CACHE": "none"} | caused
        began = time.monotonic()
        if fault.shell:
            done = machine.shell("bash", fault.shell.format(role_env=ROLE_ENV), **variables)
        else:
            done = machine.role_env("export", "profileB", "--format", "sh", **variables)
        assert time.monotonic() - began < WITHIN
        check(machine, done, fault.status, fault.reported)
    assert fault.asked in (None, machine.sts.connections_seen)
    assert not machine.sts.command_ran.exists()


def check(
    machine: Machine, done: "subprocess.CompletedProcess[str]", status: int = 0, reported: tuple[str, ...] = ()
) -> None:
    """What holds for every fault, and the status and words of this one."""
    assert done.returncode == status, done.stderr
    if status:
        assert done.stdout == NOTHING_CHANGED
    else:
        assert machine.sts.issued[-1].id in done.stdout
    lines = done.stderr.splitlines()
    assert bool(lines) == bool(reported), done.stderr
    assert len(lines) <= 2
    for line in lines:
        assert line.startswith("role-env: ")
        assert line.isprintable()
    for word in reported:
        assert word in done.stderr


def test_a_system_without_another_thread_is_worth_another_try(machine: Machine) -> None:
    """As under `ulimit -u`, or a container's limit of processes, which count threads."""
    limited = ["bash", "-c", 'ulimit -u 1; exec "$@"', "-", ROLE_ENV, "export", "profileB", "--format", "sh"]
    if os.geteuid() == 0:  # for whom that limit does not count
        number = next(USERS)
        for path in (machine.home, *machine.home.rglob("*")):
            os.chown(path, number, number)
        limited = [*CONFINED, f"user:{number}", *limited]
    done = machine.run(*limited, ROLE_ENV_CACHE="none")
    check(machine, done, 5, ("no more memory, threads or processes", "ulimit -u"))
    assert machine.sts.connections_seen == 0


def test_a_thread_that_dies_before_it_has_begun_is_not_waited_for_without_end(machine: Machine, tmp_path: Path) -> None:
    """As under `ulimit -v`: the thread is made, and has no memory for its first step."""
    (tmp_path / "sitecustomize.py").write_text("import _thread\n_thread.start_new_thread = lambda *_: 1\n")
    done = machine.role_env(
        "export", "profileB", "--format", "sh", PYTHONPATH=str(tmp_path), ROLE_ENV_CACHE="none", ROLE_ENV_TIMEOUT="2"
    )
    check(machine, done, 5, ("could not be reached", "timed out"))


def test_every_fault_that_the_local_sts_knows_is_in_a_table() -> None:
    made = {kind for kind in FAULTS if any(f'"{kind}"' in line for line in Path(__file__).read_text().splitlines())}
    assert made == FAULTS


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
        began = time.monotonic()
        first = machine.role_env("profileB", **variables)
        waited, began = time.monotonic() - began, time.monotonic()
        check(machine, first, reported=reported)
        assert waited < WITHIN
        second = machine.role_env("profileB", **variables)
        assert second.returncode == 0
        if LATE in fault.reported:
            assert second.stderr == ""
            assert time.monotonic() - began < waited
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
        began = time.monotonic()
        for _ in range(2):
            check(machine, machine.role_env("profileB", **variables), reported=(reported,) if reported else ())
        assert time.monotonic() - began < WITHIN
    assert len(machine.sts.issued) == (1 if keeps else 2)


def test_nobody_is_warned_where_nobody_reads(machine: Machine) -> None:
    variables = {"PYTHON_KEYRING_BACKEND": "no.such.Keyring", "ROLE_ENV_CACHE": "keyring"}
    check(machine, machine.role_env("profileB", CI="true", **variables))
    assert machine.role_env("process", "profileB", **variables).stderr == ""


def test_a_short_deadline_is_not_spent_on_the_keyring_alone(machine: Machine, silent: SilentBus) -> None:
    began = time.monotonic()
    done = machine.role_env("profileB", ROLE_ENV_TIMEOUT="12", ROLE_ENV_CACHE="keyring", **silent.environment)
    check(machine, done, reported=(LATE,))
    assert time.monotonic() - began < WITHIN


def test_a_person_at_a_prompt_is_waited_for_and_sees_a_line(machine: Machine) -> None:
    """What they take is not counted against the time for the whole command, five seconds here."""
    more = {"DISPLAY": ":0", "ROLE_ENV_TIMEOUT": "5", "ROLE_ENV_CACHE": "keyring"}
    command = "role-env exec profileB -- printenv ROLE_ENV_PROFILE"
    with backend("odd_keyrings.SlowAtFirst")(machine) as caused:
        output, status = pexpect.run(command, env=machine.environ | caused | more, withexitstatus=True, timeout=30)
    reported, blank, printed = output.decode().splitlines()
    assert (reported, blank.strip(), printed) == ("role-env: waiting for the keyring", "", "profileB")
    assert status == 0


# ---- the kernel's keyring ----


@pytest.fixture
def headless(machine: Machine) -> Machine:
    """A machine without a session bus, as over ssh, whose kernel keeps keys."""
    if not kernel_keeps():
        pytest.skip("this kernel keeps no keys for us, as in many containers")
    del machine.environ["DBUS_SESSION_BUS_ADDRESS"]
    return machine


USERS = itertools.count(1_000_000 + 100 * os.getpid())
"""Numbers of users who have nothing yet."""


@pytest.fixture
def user(headless: Machine) -> str:
    """An ordinary user with the whole of their own share of the kernel's keyring; the machine is theirs."""
    if os.geteuid():
        pytest.skip("only root can become another user, whose share is known")
    number = next(USERS)
    for path in (headless.home, *headless.home.rglob("*")):
        os.chown(path, number, number)
    return str(number)


def test_without_a_bus_sessions_are_cached_in_the_kernel_without_a_message(headless: Machine) -> None:
    headless.settle()
    answers = [headless.role_env("profileB") for _ in range(2)]
    for done in answers:
        check(headless, done)
    assert answers[0].stdout == answers[1].stdout
    assert headless.role_env("clear", "--all").returncode == 0
    check(headless, headless.role_env("profileB"))
    assert len(headless.sts.issued) == 2


def test_a_new_session_keyring_as_of_ssh_and_su_finds_the_session(headless: Machine) -> None:
    first, *others = [headless.confined("new-session", "profileB") for _ in range(2)] + [headless.role_env("profileB")]
    check(headless, first)
    assert [done.stdout for done in others] == [first.stdout] * 2
    assert len(headless.sts.issued) == 1


def test_an_ordinary_user_has_a_place_for_sessions_too(headless: Machine, user: str) -> None:
    for _ in range(2):
        check(headless, headless.confined(f"user:{user}", "profileB"))
    assert len(headless.sts.issued) == 1
    assert headless.confined(f"user:{user}", "clear", "--all").returncode == 0


def test_older_sessions_give_way_where_all_do_not_fit(headless: Machine, user: str) -> None:
    """Eight long ones are twice what an ordinary user may have; tests/keyrings/test_kernel.py has 25."""
    headless.sts.token_length = 4000
    names = [f"more{number}" for number in range(8)]
    for name in names:
        headless.add(f"[{name}]\nrole_arn = {headless.sts.role_arn}\nsource_profile = profileA\n")
    os.chown(headless.file, int(user), int(user))
    for name in (*names, names[-1]):
        check(headless, headless.confined(f"user:{user}", name))
    assert len(headless.sts.issued) == len(names)
    assert headless.confined(f"user:{user}", "clear", "--all").returncode == 0


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


# ---- one flight ----


EXPORT = ("export", "profileB", "--format", "json")


@pytest.mark.parametrize(("count", "variables"), [(50, {}), (10, {"XDG_RUNTIME_DIR": "/nonexistent"})])
def test_fifty_at_once_make_one_call_and_get_fifty_right_answers(
    machine: Machine, count: int, variables: Environ
) -> None:
    """Also where the lock has to be in the state folder, of which ten are enough to tell."""
    ended = [process.communicate(timeout=60) for process in [machine.start(*EXPORT, **variables) for _ in range(count)]]
    (issued,) = machine.sts.issued
    assert all(issued.token in out for out, _ in ended)
    assert not [err for _, err in ended if err]


def test_fifty_killed_holders_keep_nobody_waiting(machine: Machine) -> None:
    """Five at a time are killed at any moment of their life; one beside them has the answer as if it were alone."""
    chance = random.Random(0)
    machine.sts.fault("delay:0.2", times=None)
    for _ in range(10):
        moments = sorted(chance.uniform(0, 0.8) for _ in range(5))
        holders = [machine.start(*EXPORT, "--refresh") for _ in moments]
        survivor = machine.start(*EXPORT, "--refresh")
        start = time.monotonic()
        for holder, moment in zip(holders, moments, strict=True):
            time.sleep(max(0, start + moment - time.monotonic()))
            holder.kill()
        killed = time.monotonic()
        out, err = survivor.communicate(timeout=30)
        assert time.monotonic() - killed < WITHIN / 2
        assert (survivor.returncode, err) == (0, "")
        assert any(session.token in out for session in machine.sts.issued)
        for holder in holders:
            holder.communicate(timeout=10)
    asks(machine, calls=0)


# ---- stdout, signals, a file that changes ----


@pytest.mark.parametrize("command", ["profileB", "process profileB", "list", "--help"])
@pytest.mark.parametrize("sink", ["| true", ">&-", ">/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_output_that_cannot_be_written_makes_no_traceback(machine: Machine, command: str, sink: str) -> None:
    """A reader that has gone is not reported; a closed or full stdout is, where it can be."""
    done = machine.shell("bash", f"role-env {command} {sink}", ROLE_ENV_CACHE="none")
    for word in ("Traceback", "Exception ignored", "bug"):
        assert word not in done.stderr
    if "true" in sink:
        assert done.stderr == ""
    elif "2>" not in sink and command != "--help":
        assert (done.returncode, done.stderr.startswith("role-env: stdout ")) == (1, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_at_any_moment_leaves_no_traceback_and_no_half_of_a_group(
    machine: Machine, number: signal.Signals
) -> None:
    machine.sts.fault("delay:0.2", times=None)
    for milliseconds in range(40, 700, 60):
        process = machine.start("profileB", "--refresh")
        time.sleep(milliseconds / 1000)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        if process.returncode not in (0, -number) and not is_pythons_own(err):
            assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number], err
            assert out == NOTHING_CHANGED
            assert err == "role-env: interrupted\n"
        assert out == "" or subprocess.run(["bash", "-n"], input=out.encode(), check=False).returncode == 0


def test_an_interruption_that_meets_the_making_of_a_class_is_no_bug(machine: Machine) -> None:
    """Python 3.11 wraps it in a RuntimeError there."""
    sabotage = """
import role_env.sessions.obtain as session
class Interrupted:
    def __set_name__(self, owner, name): raise KeyboardInterrupt
def obtain(*a, **k): type("Made", (), {"member": Interrupted()})
session.obtain = obtain
"""
    (machine.home / "sitecustomize.py").write_text(sabotage)
    done = machine.role_env("profileB", PYTHONPATH=str(machine.home))
    assert (done.returncode, done.stdout == NOTHING_CHANGED, done.stderr) == (130, True, "role-env: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_comes_when_all_is_done_changes_nothing(machine: Machine, number: signal.Signals) -> None:
    sabotage = f"""
import os, sys
def trace(frame, event, argument):
    if frame.f_code.co_name == "_ignore_signals":
        sys.settrace(None)
        os.kill(os.getpid(), {number.value})
sys.settrace(trace)
"""
    (machine.home / "sitecustomize.py").write_text(sabotage)
    done = machine.role_env(*EXPORT, PYTHONPATH=str(machine.home))
    assert (done.returncode, done.stderr, machine.sts.issued[0].token in done.stdout) == (0, "", True)


def test_a_profiles_file_that_is_replaced_while_it_is_read_gives_one_of_the_two_sessions(machine: Machine) -> None:
    """Whole, and never the one of before for the file of now."""
    texts = [machine.standard_profiles(), machine.standard_profiles().replace("switchrolesbc", "longsession")]
    ended = threading.Event()

    def replace() -> None:
        new = machine.file.with_name("new.ini")
        while not ended.wait(random.uniform(0, 0.02)):
            texts.reverse()
            new.write_text(texts[0])
            new.chmod(0o600)
            new.replace(machine.file)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        answers = [machine.role_env(*EXPORT) for _ in range(8)]
    finally:
        ended.set()
        thread.join()
    for done in answers:
        assert (done.returncode, done.stderr) == (0, "")
        (session,) = (session for session in machine.sts.issued if session.token in done.stdout)
        assert f"role/{session.role.name.lower()}" in done.stdout.lower()
    role = "longsession" if "longsession" in texts[0] else "switchrolesbc"
    assert f"role/{role}" in machine.role_env(*EXPORT).stdout
