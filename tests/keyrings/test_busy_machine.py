"""The fast read beside many processes that want to run: slow is not hung."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from role_env.keyrings import secret_service
from support.cached_sessions import asks, entry_of
from support.machine import Machine

PROBE = """
import os, sys
def reporting(status):
    os.write(2, b"fast" if "role_env.commands" not in sys.modules else b"slow")
    end(status)
end, os._exit = os._exit, reporting
sys.argv = ["role-env", *sys.argv[1:]]
from role_env.__main__ import main
main()
"""


@pytest.fixture
def busy() -> Iterator[None]:
    """Four busy loops for each processor, as eight on two."""
    with contextlib.ExitStack() as stack:
        for _ in range(4 * (os.cpu_count() or 1)):
            loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(loop.wait)
            stack.callback(loop.kill)
        yield


@pytest.mark.usefixtures("busy")
def test_beside_busy_loops_nine_of_ten_warm_calls_stay_on_the_fast_path(machine: Machine) -> None:
    machine.settle()
    asks(machine, calls=1)
    ways = [machine.run(sys.executable, "-c", PROBE, "profileB", "--format", "bash").stderr for _ in range(10)]
    assert ways.count("fast") >= 9


def test_a_bus_that_lets_no_more_clients_wait_is_asked_again(machine: Machine) -> None:
    """Its queue has room for thirty, and as many as want a session can come at once."""
    asks(machine, calls=1)
    entry = entry_of(machine)
    read: list[str | None] = []

    def work() -> None:
        read.extend(secret_service.read([entry], machine.environ, seconds=60))

    clients = [threading.Thread(target=work) for _ in range(60)]
    machine.bus.pause()
    for client in clients:
        client.start()
    time.sleep(0.3)
    machine.bus.resume()
    for client in clients:
        client.join(60)
    assert len(read) == len(clients)
    assert all(read)
