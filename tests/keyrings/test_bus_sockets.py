"""The fast read at a real socket, whose other end is a program of the test, and the addresses of a bus."""

import contextlib
import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.bus_messages import NAME, SECRET, SERVICE, SHORT, assert_unsure, exchange, read, whole
from support.doctor import examined
from support.machine import Machine
from support.profiles_folder import needs_root
from support.waiting import DEADLINE


class ScriptedBus:
    """A program at the other end of a real unix socket: `play` gets the connection, and ends with the reader."""

    def __init__(self, folder: Path, play: Callable[[socket.socket], object], *, name: str = "") -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.settimeout(DEADLINE)
        self._listener.bind(name or str(folder / "bus"))
        self._listener.listen()
        self._play = play
        self._thread = threading.Thread(target=self._serve)
        self.environ = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus"}

    def __enter__(self) -> "ScriptedBus":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(DEADLINE)
        self._listener.close()
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(DEADLINE)
        with connection, contextlib.suppress(OSError):  # the reader goes when it knows enough
            self._play(connection)
            while connection.recv(65536):
                pass


# --- A real socket


def sockets() -> dict[int, int]:
    """The sockets of this process: inode and file descriptor."""
    found = {}
    for entry in Path("/dev/fd").iterdir():
        with contextlib.suppress(OSError):  # of the one that lists them
            status = os.fstat(int(entry.name))
            if stat.S_ISSOCK(status.st_mode):
                found[status.st_ino] = int(entry.name)
    return found


def test_a_scripted_bus_is_read_and_its_socket_neither_inherited_nor_left_open(folder: Path) -> None:
    inheritable: list[bool] = []

    def play(connection: socket.socket) -> None:
        connection.recv(65536)
        inheritable.extend(os.get_inheritable(file) for inode, file in sockets().items() if inode not in before)
        connection.sendall(whole(exchange()))

    before = sockets()
    with ScriptedBus(folder, play) as bus:
        assert read(SERVICE, NAME, bus.environ, seconds=DEADLINE) == SECRET
    assert inheritable == [False] * 3  # the bus's two and ours
    assert sockets() == before


def test_a_bus_that_drips_is_unsure_at_the_deadline(folder: Path) -> None:
    def play(connection: socket.socket) -> None:
        for byte in whole(exchange()):
            connection.sendall(bytes([byte]))
            time.sleep(SHORT / 20)

    with ScriptedBus(folder, play) as bus:
        assert assert_unsure(bus.environ) > SHORT * 0.9


def test_a_bus_whose_queue_is_full_is_unsure_in_time(folder: Path) -> None:
    full = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(3)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "bus"))
        listener.listen(0)
        for connection in full:
            connection.setblocking(False)
            connection.connect_ex(str(folder / "bus"))
        assert_unsure({"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus"})
    for connection in full:
        connection.close()


# --- The bus of another user

OTHER = 23451
WHOSE = f"DBUS_SESSION_BUS_ADDRESS leads to the session bus of another user (the uid {OTHER})"


@pytest.fixture
def foreign(folder: Path) -> Iterator[socket.socket]:
    """A socket on which another user listens, as below `su` without `-`, at the path `bus`; nothing may be sent to it.

    Nobody accepts the connections, which stay in the queue.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "bus"))
        os.seteuid(OTHER)
        listener.listen(64)
        os.seteuid(0)
        yield listener
        listener.setblocking(False)
        seen = 0
        with contextlib.suppress(BlockingIOError):
            while connection := listener.accept()[0]:
                with connection:
                    seen += 1
                    assert connection.recv(65536) == b""
        assert seen, "nobody looked at whose socket it is"


@needs_root
def test_the_fast_read_sends_nothing_to_the_bus_of_another_user(folder: Path, foreign: socket.socket) -> None:
    assert_unsure({"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus"}, seconds=DEADLINE)


@needs_root
def test_neither_key_nor_session_goes_to_the_bus_of_another_user(
    machine: Machine, folder: Path, foreign: socket.socket
) -> None:
    machine.add("[stored]\n")
    machine.log_in("stored")
    variables = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus", "ROLE_ENV_CACHE": "keyring"}
    for arguments in (["login", "stored"], ["whoami", "stored"], ["logout", "stored"]):
        done = machine.fails(*arguments, status=6, said=WHOSE, text=machine.key_lines(), **variables)
        assert "unset DBUS_SESSION_BUS_ADDRESS and see role-env help headless" in done.stderr
    assert f"no session is cached: {WHOSE}" in machine.succeeds("profileB", **variables).stderr
    (fault,) = examined(machine, **variables).faults["keyring"]
    assert (fault.startswith("fail"), WHOSE in fault, "log in as yourself" in fault) == (True, True, True)
    # A keyring that needs no bus is used beside it.
    in_file = {
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "PYTHON_KEYRING_BACKEND": "support.file_keyring.PlaintextKeyring",
    }
    for _ in range(2):
        assert machine.succeeds("profileB", **variables, **in_file).stderr == ""
    assert len(machine.sts.calls_of("AssumeRole")) == 2
    (machine.home / "keyring.json").unlink()


@needs_root
def test_a_bus_in_a_folder_of_another_user_who_could_replace_it_is_his(machine: Machine, folder: Path) -> None:
    own = machine.environ["DBUS_SESSION_BUS_ADDRESS"].removeprefix("unix:path=").partition(",")[0]
    (folder / "bus").symlink_to(own)
    os.chown(folder, OTHER, -1)
    variables = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus", "ROLE_ENV_CACHE": "keyring"}
    machine.add("[stored]\n")
    machine.fails("login", "stored", status=6, said=WHOSE, text=machine.key_lines(), **variables)


# --- Addresses


def escaped(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in os.fsencode(text))


GOOD_ADDRESSES = {
    "path": "unix:path={path}",
    "guid": "unix:path={path},guid=5c27e71733bfd7037803e8fc6b06daa2",
    "escapes": "unix:path={escaped}",
    "the first is dead": "unix:path={path}-dead;unix:path={path}",
    "the first refuses": "unix:path={refusing};unix:path={path}",
    "the first is overlong": "unix:path=/{overlong};unix:path={path}",
    "the first has an empty path": "unix:path=;unix:path={path}",
    "tcp first": "tcp:host=localhost,port=1;unix:path={path}",
}

BAD_ADDRESSES = {
    "empty": "",
    "dead": "unix:path={path}-dead",
    "a folder": "unix:path={folder}",
    "empty path": "unix:path=",
    "empty abstract": "unix:abstract=",
    "only a path": "{path}",
    "tcp": "tcp:host=localhost,port=1",
    "autolaunch": "autolaunch:",
    "overlong": "unix:path=/{overlong}",
    "cut escape": "unix:path={path}%",
}


def address(template: str, folder: Path) -> str:
    path = f"{folder}/bus"
    places = {"path": path, "folder": folder, "escaped": escaped(path)}
    return template.format(**places, overlong="x" * 200, refusing=folder / "refusing")


@pytest.mark.parametrize("template", GOOD_ADDRESSES.values(), ids=GOOD_ADDRESSES)
def test_an_address_of_a_unix_socket_is_understood(template: str, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as closed:
        closed.bind(str(folder / "refusing"))
    with ScriptedBus(folder, lambda connection: connection.sendall(whole(exchange()))):
        environ = {"DBUS_SESSION_BUS_ADDRESS": address(template, folder)}
        assert read(SERVICE, NAME, environ, seconds=DEADLINE) == SECRET


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
@pytest.mark.parametrize("template", ["unix:abstract={}", "unix:abstract={},guid=00", "unix:guid=00,abstract={}"])
@pytest.mark.parametrize("written", [str, escaped])
def test_an_address_of_an_abstract_socket_is_understood(
    template: str, written: Callable[[str], str], folder: Path
) -> None:
    with ScriptedBus(folder, lambda connection: connection.sendall(whole(exchange())), name=f"\0{folder}/bus"):
        environ = {"DBUS_SESSION_BUS_ADDRESS": template.format(written(f"{folder}/bus"))}
        assert read(SERVICE, NAME, environ, seconds=DEADLINE) == SECRET


@pytest.mark.parametrize("template", BAD_ADDRESSES.values(), ids=BAD_ADDRESSES)
def test_an_address_of_nothing_that_could_be_read_is_unsure(template: str, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        # Even one who guesses at the path gets no answer from it.
        listener.bind(str(folder / "bus"))
        listener.listen()
        listener.setblocking(False)
        assert_unsure({"DBUS_SESSION_BUS_ADDRESS": address(template, folder)})
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_no_address_is_unsure() -> None:
    assert_unsure({})
