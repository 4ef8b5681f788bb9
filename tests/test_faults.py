"""Every fault that a person can meet, produced for real, and what `role-env profileB` makes of it.

The tables read like a list of what can go wrong. A row says the fault, the exit status of the contract, the words of
the message, and how the fault is made. Whatever it is: nothing but a session or `false` is on stdout, what is
reported are whole printable lines of role-env's own, no wait is longer than it may be, and the machine's canary finds
no secret.
"""

import base64
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloud.faults import FAULTS
from cloud.local_sts import LocalSts
from support.cached_sessions import age, asks
from support.certificates import Certificate
from support.fault_rows import USERS, WITHIN, Environ, Fault, cause, check, environ, rows
from support.machine import CONFINED, ROLE_ENV, Machine
from support.relay import Proxy


@cause
def sts(machine: Machine, /, kind: str, times: int | None = None, **variables: str) -> Iterator[Environ]:
    """By STS, as tests/cloud/faults.py has them; `times` None: each time."""
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
        ("sts.no-such-region.aliyuncs.com", "its name cannot be resolved"),
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
    Fault("200 with HTML", sts("html-200"), 5, ("did not answer like STS", "sign-in page"), asked=1),
    Fault("a captive portal", sts("captive-portal"), 5, ("did not answer like STS", "sign-in page"), asked=1),
    Fault("a redirect, which is not followed", sts("redirect"), 5, ("did not answer like STS",), asked=1),
    Fault("a list in JSON", sts("json-list"), 5, ("did not answer like STS",), asked=1),
    Fault("no body at all", sts("empty"), 5, ("did not answer like STS",), asked=1),
    Fault("JSON that is cut", sts("truncated-json"), 5, ("did not answer like STS",), asked=1),
    Fault("a chunk of a negative size", sts("negative-chunk"), 5, ("the response is not HTTP",), asked=3),
    Fault("an answer without key id", sts("missing-id"), 5, ("AccessKeyId is missing",), asked=1),
    Fault("an answer without secret", sts("missing-secret"), 5, ("AccessKeySecret is missing",), asked=1),
    Fault("an answer without token", sts("missing-token"), 5, ("SecurityToken is missing",), asked=1),
    Fault("an answer without expiry", sts("missing-expiration"), 5, ("Expiration is missing",), asked=1),
    Fault("an expiry in the year 9999", sts("endless-answer"), 5, ("Expiration is later than requested",), asked=1),
    Fault("an expiry 310 s too late", sts("late-answer"), 5, ("Expiration is later than requested",), asked=1),
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
    Fault("throttled for good", sts("throttling"), 5, ("Throttling", "wait a minute and try again"), asked=3),
    Fault("a proxy that is not there", environ(HTTPS_PROXY="http://127.0.0.1:1"), 5, ("proxy 127.0.0.1:1", "refused")),
    Fault(
        "a proxy without an address",
        environ(HTTPS_PROXY="http://x.invalid:8080"),
        5,
        ("proxy x.invalid:8080", "name cannot be resolved"),
    ),
    Fault("a proxy that forbids", proxy("403 Forbidden\x1b[2J", 1), 5, ("refused", "403"), asked=0),
    Fault("a proxy that wants a password", proxy("407 No", 1), 5, ("refused", "HTTPS_PROXY"), asked=0),
    Fault("a proxy that is broken", proxy("502 Bad Gateway", 3), 5, ("refused", "502"), asked=0),
    Fault(
        "a proxy whose name has an empty part", environ(HTTPS_PROXY="http://a..b:80"), 3, ("invalid address",), asked=0
    ),
    Fault("a proxy of another kind", environ(HTTPS_PROXY="socks5://h:1"), 3, ("socks5", "NO_PROXY"), asked=0),
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
    assert not (machine.home / "command-ran").exists()


def test_a_system_without_another_thread_is_worth_another_try(machine: Machine) -> None:
    """As under `ulimit -u`, or a container's limit of processes, which count threads."""
    limited = ["bash", "-c", 'ulimit -u 1; exec "$@"', "-", ROLE_ENV, "export", "profileB", "--format", "sh"]
    if os.geteuid() == 0:  # for whom that limit does not count
        number = next(USERS)
        for path in (machine.home, *machine.home.rglob("*")):
            os.chown(path, number, number)
        limited = [*CONFINED, f"user:{number}", *limited]
    done = machine.run(*limited, ROLE_ENV_CACHE="none")
    check(machine, done, 5, ("no more memory, threads or processes", "ulimit -a"))
    assert machine.sts.connections_seen == 0


def test_every_fault_that_the_local_sts_knows_is_in_a_table() -> None:
    made = {kind for kind in FAULTS if any(f'"{kind}"' in line for line in Path(__file__).read_text().splitlines())}
    assert made == FAULTS
