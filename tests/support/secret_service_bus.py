"""Private D-Bus session buses for the tests, and a real keyring on one.

Each is a context manager, and its `environment` goes into that of the process under test:

    with KeyringBus() as bus:
        subprocess.run(command, env={**clean, **bus.environment}, timeout=10)
        assert [item.secret for item in bus.items()] == [b"..."]

Nothing touches the bus, the keyring or the home folder of whoever runs the tests, and no wait is without a deadline.

pytest is imported only where it is needed, since programs use this too; jeepney and secretstorage likewise, as keyring
brings them on Linux only.
"""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from support.waiting import DEADLINE, wait_until

_Bus = TypeVar("_Bus", bound="PrivateBus")

SECRET_SERVICE = ("dbus-daemon", "gnome-keyring-daemon")
"""The programs behind `KeyringBus`; the buses of silent_bus.py need only the first."""

SERVICE = "org.freedesktop.secrets"
SERVICE_PATH = "/org/freedesktop/secrets"
COLLECTION = SERVICE_PATH + "/collection/login"
DEFAULT_COLLECTION = SERVICE_PATH + "/aliases/default"
PASSWORD = b"correct horse"

_PROMPTER = "org.gnome.keyring.SystemPrompter"

# The limits are those of dbus's own session.conf: with the defaults of dbus-daemon, 64 processes that connect at once
# keep all others out. Without the second <allow> the bus delivers no answers at all.
CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{listen}</listen>
  <auth>EXTERNAL</auth>
  <limit name="auth_timeout">240000</limit>
  <limit name="max_completed_connections">100000</limit>
  <limit name="max_incomplete_connections">10000</limit>
  <limit name="max_connections_per_user">100000</limit>
  <limit name="max_replies_per_connection">50000</limit>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def missing(*programs: str) -> list[str]:
    """Return those of the programs that are not installed."""
    return [program for program in programs if shutil.which(program) is None]


def require(*programs: str) -> None:
    """Skip the test when a program is missing on somebody's laptop, and fail it in CI (`CI=true`).

    Where there can be no Secret Service at all, as on macOS, its absence is a skip in CI too.
    """
    absent = missing(*programs)
    if not absent:
        return
    import pytest

    reason = f"not installed: {', '.join(absent)} (tests/run installs what the tests need)"
    possible = sys.platform.startswith("linux") or not set(absent) <= set(SECRET_SERVICE)
    if os.environ.get("CI") == "true" and possible:
        pytest.fail(reason)
    pytest.skip(reason)


class KeptItem(NamedTuple):
    """One item of a keyring, as another program would see it."""

    label: str
    attributes: dict[str, str]
    secret: bytes


class PrivateBus:
    """A message bus of its own, with nothing on it. A test that starts one is skipped where a program is missing.

    Its sockets, logs and configuration are in `runtime`, a short-named folder of the bus's own.
    """

    programs: tuple[str, ...] = ("dbus-daemon",)

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def __enter__(self: _Bus) -> _Bus:
        """Start everything, and return when it answers; what was started is ended if something fails."""
        require(*self.programs)
        self.runtime = short_folder()
        try:
            self._start_daemon()
            self._start_service()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End everything that was started."""
        while self._processes:
            _end(self._processes.pop())
        shutil.rmtree(self.runtime, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a child needs to find this bus, and to find nothing of the user's instead."""
        return {"DBUS_SESSION_BUS_ADDRESS": self.address, "XDG_RUNTIME_DIR": str(self.runtime)}

    def pause(self) -> None:
        """Stop the bus daemon with SIGSTOP: one can connect to it, and then nothing ever comes."""
        daemon = self._processes[0]
        daemon.send_signal(signal.SIGSTOP)
        stopped = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        wait_until(lambda: os.waitid(os.P_PID, daemon.pid, stopped) is not None, "the bus daemon did not stop")

    def resume(self) -> None:
        """Let a paused bus daemon go on, with all that was sent to it meanwhile."""
        self._processes[0].send_signal(signal.SIGCONT)

    def _start_daemon(self) -> None:
        configuration = self.runtime / "bus.conf"
        configuration.write_text(CONFIGURATION.format(listen=f"unix:path={self.runtime}/bus"), encoding="utf-8")
        command = ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile", "--print-address=1"]
        printed = self.runtime / "address"
        with printed.open("wb") as stdout:
            daemon = self.run([*_die_with_parent(), *command], log="bus.log", stdout=stdout.fileno())
        wait_until(lambda: self._log("address").endswith("\n") or daemon.poll() is not None, "no address was printed")
        self.address = printed.read_text().strip()
        if not self.address:
            raise RuntimeError(f"dbus-daemon did not start:\n{self._log('bus.log')}")

    def _start_service(self) -> None:
        """Put on the bus what the subclass is for."""

    def run(
        self,
        command: list[str],
        *,
        log: str,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a process that ends with the bus. What it prints goes to `log`.

        It has nothing that could lead it to the user's own bus, display or keyring.
        """
        base = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        with (self.runtime / log).open("ab") as stderr:
            process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=self.runtime,
                env=base | dict(environ or {}),
                start_new_session=True,  # a group of its own, so that ending it reaches what it may have started
            )
        self._processes.append(process)
        return process

    def _log(self, name: str) -> str:
        return (self.runtime / name).read_text(encoding="utf-8", errors="replace")


class KeyringBus(PrivateBus):
    """A bus with gnome-keyring on it, its default collection unlocked and empty.

    With `prompter`, something owns the name of the desktop's password dialog and never shows one: then asking for
    a locked secret waits for ever, as at a desk where nobody looks. Without it gnome-keyring refuses at once.
    """

    programs = SECRET_SERVICE

    def __init__(self, *, prompter: bool = False) -> None:
        super().__init__()
        self._with_prompter = prompter

    def items(self) -> list[KeptItem]:
        """Everything in the default collection, which must not be locked."""
        with self._collection() as collection:
            return [
                KeptItem(item.get_label(), item.get_attributes(), item.get_secret())
                for item in collection.get_all_items()
            ]

    def put(self, label: str, attributes: dict[str, str], secret: bytes) -> None:
        """Add an item, beside any other of the same attributes, as a foreign program may."""
        with self._collection() as collection:
            collection.create_item(label, attributes, secret, replace=False)

    def replace(self, kept: KeptItem, secret: bytes) -> None:
        """Give an item another secret, as its own program would."""
        with self._collection() as collection:
            collection.create_item(kept.label, kept.attributes, secret, replace=True)

    def remove(self, kept: KeptItem) -> None:
        """Delete an item, as its own program would."""
        with self._collection() as collection:
            for item in collection.search_items(kept.attributes):
                item.delete()

    def revive(self) -> bool:
        """Start the keyring again, with what it holds, if it has ended by itself; whether it had."""
        # gnome-keyring 48 ends itself (g_variant_new: expected GVariant of type 'v') when a client asks for a property
        # before the keyring knows that client, as keyring's own backend does where another client has just gone.
        ended = self._processes[-1].poll() is not None
        if ended:
            self._processes.pop()
            self._start_service()
        return ended

    def clear(self) -> None:
        """Unlock, and delete every item, so that tests can share one keyring whatever the one before left."""
        with self._collection() as collection:
            if collection.is_locked():
                self.unlock()
            for item in list(collection.get_all_items()):
                item.delete()

    def lock(self) -> None:
        """Lock the default collection."""
        with self._collection() as collection:
            collection.lock()
            if not collection.is_locked():
                raise RuntimeError("the keyring did not lock")

    def unlock(self) -> None:
        """Unlock the default collection as logging in does, without a prompt."""
        with self._collection() as collection:
            # gnome-keyring's own interface; the Secret Service's has no way round the prompt.
            guilt_ridden = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
            call = functools.partial(call_method, collection.connection, SERVICE_PATH)
            _, session = call("org.freedesktop.Secret.Service.OpenSession", "sv", ("plain", ("s", "")))
            secret = (session, b"", PASSWORD, "text/plain")
            call(f"{guilt_ridden}.UnlockWithMasterPassword", "o(oayays)", (COLLECTION, secret))
            if collection.is_locked():
                raise RuntimeError("the keyring did not unlock")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the default collection within a block."""
        try:
            self.lock()
            yield
        finally:
            self.unlock()

    def _start_service(self) -> None:
        if self._with_prompter:
            self._prompter = own(_PROMPTER, self.address)
        (self.runtime / "home").mkdir(exist_ok=True)
        home = str(self.runtime / "home")
        keyring = self.run(
            [*self.programs[1:], "--components=secrets", "--foreground", "--unlock"],
            log="keyring.log",
            stdin=subprocess.PIPE,
            environ=self.environment | {"HOME": home, "XDG_DATA_HOME": home},
        )
        assert keyring.stdin is not None
        # It fits the pipe, so a daemon that does not read it cannot block us; one that has died is reported below.
        with contextlib.suppress(BrokenPipeError), keyring.stdin as password:
            password.write(PASSWORD)
        wait_until(lambda: keyring.poll() is not None or self._ready(), "gnome-keyring is not ready")
        if keyring.poll() is not None:
            raise RuntimeError(f"gnome-keyring ended with {keyring.poll()}:\n{self._log('keyring.log')}")

    def _ready(self) -> bool:
        try:
            with self._collection() as collection:
                list(collection.search_items({"no such": "attribute"}))
                return not collection.is_locked()
        except Exception:
            # Until it has its name and its collections, any of many errors can come.
            return False

    @contextlib.contextmanager
    def _collection(self) -> Iterator[Any]:
        import secretstorage

        with connect(self.address) as connection:
            # secretstorage passes no timeout on.
            connection.send_and_get_reply = functools.partial(connection.send_and_get_reply, timeout=DEADLINE)
            yield secretstorage.Collection(connection, DEFAULT_COLLECTION)


def short_folder() -> Path:
    """Return a new folder that leaves room for a socket's name, whose path may have 107 bytes (103 on macOS)."""
    return Path(tempfile.mkdtemp(prefix="bus-", dir=None if len(tempfile.gettempdir()) < 70 else "/tmp"))


@functools.cache
def _die_with_parent() -> tuple[str, ...]:
    """Return what goes before a command that must end even if the tests are killed. Its services follow the bus."""
    setpriv = ("setpriv", "--pdeathsig", "KILL")
    with contextlib.suppress(OSError):
        if subprocess.run([*setpriv, "true"], capture_output=True, timeout=DEADLINE, check=False).returncode == 0:
            return setpriv
    return ()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(DEADLINE)


# ---- a client of a bus, which the tests have beside the one of role-env ----


def connect(address: str) -> Any:
    """Return a connection to the bus at `address`."""
    from jeepney.io.blocking import open_dbus_connection

    return open_dbus_connection(bus=address, auth_timeout=DEADLINE)


def own(name: str, address: str) -> Any:
    """Return a connection to the bus at `address` that owns `name`."""
    from jeepney import message_bus
    from jeepney.io.blocking import Proxy

    connection = connect(address)
    Proxy(message_bus, connection, timeout=DEADLINE).RequestName(name)
    return connection


def call_method(connection: Any, path: str, method: str, signature: str, body: tuple[object, ...]) -> Any:
    """Return the answer to one call of the Secret Service; an error answer is raised."""
    import jeepney
    from jeepney.wrappers import unwrap_msg

    interface, _, member = method.rpartition(".")
    target = jeepney.DBusAddress(path, bus_name=SERVICE, interface=interface)
    message = jeepney.new_method_call(target, member, signature, body)
    return unwrap_msg(connection.send_and_get_reply(message, timeout=DEADLINE))
