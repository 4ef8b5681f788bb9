"""A machine for each test: an empty HOME, a local STS, a real keyring, and the installed `role-env` on its PATH.

When a test ends, its canary looks for the secrets of the run where none may be: in what was reported on stderr, and in
files below HOME and the temporary folder, among them what the browser got as arguments.
"""

import contextlib
import gc
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, settings

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.local_sts import LocalSts
from cloud.oauth_server import OAuthServer
from cloud.ram import LocalRam, ram_of
from cloud.resource_directory import LocalResourceDirectory, directory_of
from role_env.keyrings import kernel
from support import namespaces
from support.fork_server import ForkServer
from support.machine import Machine
from support.processes import start_each_in_its_own_session
from support.secret_service_bus import KeyringBus, short_folder
from support.silent_bus import SilentBus
from support.transcripts import Transcript

# Here, since a process with threads can no longer do it, and the workers are yet to be started.
namespaces.leave_the_users_kernel_keyring()
start_each_in_its_own_session()

# Under nohup, or behind an & of a script, some are ignored, and every command that a test runs would ignore them, too.
for number in signal.valid_signals():
    if number in (1, 2, 3, 15) and signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

# On a busy machine an example may take any time. CI's own profile says so too, and its other settings stay.
settings.register_profile("busy", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_collection_finish() -> None:
    """Spare each collection of garbage, and each forked process, the million objects that the tests are made of."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[Any]) -> None:
    """Let each worker have a kernel keyring of its own."""
    for spec in specs:
        spec.python = shlex.join([sys.executable, namespaces.__file__])


@pytest.fixture(scope="session")
def bus() -> Iterator[KeyringBus]:
    """A private session bus with a real, unlocked keyring."""
    with KeyringBus() as started:
        _keyrings.append(started)
        yield started
        _keyrings.remove(started)
        _ended.extend([started] if started.revive() else [])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run start each command as its users do, which takes twice as long, and write transcripts."""
    parser.addoption("--processes", action="store_true", help="start every command anew instead of forking most")
    parser.addoption("--update", action="store_true", help="write what is seen into the transcripts")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Transcript | None:
    """Collect the transcripts."""
    is_transcript = file_path.suffix == ".txt" and file_path.parent.name == "transcripts"
    return Transcript.from_parent(parent, path=file_path) if is_transcript else None


@pytest.fixture(scope="session")
def forks(pytestconfig: pytest.Config) -> Iterator[ForkServer | None]:
    """Where commands are forked; None with --processes, or on a system that cannot wait for a process by a file."""
    if pytestconfig.getoption("processes") or not hasattr(os, "pidfd_open"):
        yield None
        return
    started = ForkServer()
    yield started
    started.close()


@pytest.fixture(scope="module")
def silent() -> Iterator[SilentBus]:
    """A keyring that never answers."""
    with SilentBus() as started:
        yield started


# The keyring of `bus` while there is one, and those that had ended by themselves when their last test was over.
_keyrings: list[KeyringBus] = []
_ended: list[KeyringBus] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test a second time when gnome-keyring has ended by itself beneath it.

    What failed then says nothing about role-env. KeyringBus.revive says when it does that.
    """
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    ended = any(keyring.revive() for keyring in _keyrings) or bool(_ended)
    _ended.clear()
    if ended and any(report.failed for report in reports):
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of this test's own, whose path leaves room for a socket's name."""
    made = short_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture
def sts(tmp_path: Path) -> Iterator[LocalSts]:
    """A local STS of this test's own."""
    with LocalSts(tmp_path / "sts") as started:
        yield started


@pytest.fixture
def machine(tmp_path: Path, sts: LocalSts, bus: KeyringBus, forks: ForkServer | None) -> Iterator[Machine]:
    """A machine of this test's own, with profileA and profileB in its profiles file; its canary sings at the end."""
    bus.clear()
    if namespaces.has_own_kernel_keyring():
        with contextlib.suppress(kernel.Unavailable):
            for name in kernel.names():
                kernel.delete(name)
    made = Machine(tmp_path / "home", sts, bus)
    made.forks = forks
    yield made
    if places := made.leaks():
        advice = "keep it out of there; a test's own may lie in an .ini file, below .aliyun, or outside of machine.home"
        pytest.fail("\n".join([f"the canary found a secret of the run: {advice}", *places]), pytrace=False)


@pytest.fixture
def portal(machine: Machine) -> Iterator[CloudSsoPortal]:
    """A CloudSSO portal that the machine may sign in to."""
    with CloudSsoPortal(machine.sts) as started:
        machine.issuers.append(started)
        machine.environ |= started.environment
        yield started


@pytest.fixture
def oauth(machine: Machine) -> Iterator[OAuthServer]:
    """An OAuth server that the machine signs in at."""
    with OAuthServer(machine.sts) as started:
        machine.issuers.append(started)
        machine.environ |= started.environment
        yield started


@pytest.fixture
def ram(machine: Machine) -> Iterator[LocalRam]:
    """A RAM of the machine's own, and the key of profileA in the keyring and nowhere else."""
    with ram_of(machine) as started:
        yield started


@pytest.fixture
def directory(machine: Machine) -> Iterator[LocalResourceDirectory]:
    """An organization of the machine's account A, whose accounts profileA may list."""
    with directory_of(machine) as started:
        yield started
