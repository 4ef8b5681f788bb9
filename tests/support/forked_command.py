"""Commands of the real command line in forked processes, beside stand-ins for RAM and STS that answer over a pipe.

Real are the command line from its arguments to its exit status, the signing and checking of each request, the locks,
the files, SIGKILL and the other signals. Not real are TLS, the keyring (a file), the threads that wait for both, and
the clock, which can be wrong. A command costs some milliseconds, where one in a process of its own beside a real
keyring takes half a second.
"""

import _thread
import contextlib
import os
import signal
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from cloud.local_sts import LocalSts
from cloud.ram import LocalRam
from cloud.service import Answer
from role_env import deadline
from role_env.http import server as sent
from role_env.http.responses import json_object
from role_env.rotation import trial
from support.file_keyring import PlaintextKeyring
from support.fork_server import LOCALE, become_command, load_modules, streams, written


class Fault(NamedTuple):
    """What happens in a command.

    `kind` is "SIGKILL", "SIGTERM" or "SIGINT", which comes before or after a request or a use of the keyring: at the
    `point`th of these events, from 1. Or it is "answer lost" or "not sent", of the `point`th request.
    """

    kind: str
    point: int


class Done(NamedTuple):
    """How a command ended: its exit status, negative for a signal, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self.out + self.err


class Cloud:
    """A RAM and an STS of one world, which answer without a socket. `passed` is how far their clock is ahead."""

    def __init__(self, folder: Path) -> None:
        self.sts = LocalSts(folder / "sts")
        self.ram = LocalRam(folder / "ram", self.sts)
        for server in (self.sts, self.ram):
            server.close()
        self.world = self.sts.world

    @property
    def passed(self) -> float:
        """How many seconds have been skipped."""
        return self.sts.clock_offset

    def skip(self, seconds: float) -> None:
        """Let so many seconds pass."""
        for server in (self.sts, self.ram):
            server.clock_offset += seconds

    def answer(self, name: str, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Return the answer of RAM or STS, whichever `name` is."""
        server = self.ram if name == "RAM" else self.sts
        return server.answer(method, target, {key.lower(): value for key, value in headers.items()}, body)


class Home:
    """A machine: a home folder with a keyring of its own, and a clock that is `skew` seconds ahead."""

    def __init__(self, folder: Path, cloud: Cloud, skew: float) -> None:
        folder.mkdir(mode=0o700, parents=True)
        self.folder = folder
        self.cloud = cloud
        self.skew = skew
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": LOCALE,
            "PYTHON_KEYRING_BACKEND": "support.file_keyring.PlaintextKeyring",
            "ROLE_ENV_CACHE": "none",
            "SSL_CERT_FILE": str(cloud.sts.ca_file),  # small: each command reads it
        }

    def run(self, *arguments: str, text: str = "", fault: Fault | None = None) -> Done:
        """Run the command line in a child, and answer its requests."""
        load_modules()
        ours, theirs = Pipe()
        with ours, streams(text.encode()) as files:
            child = os.fork()
            if child == 0:
                descriptors = [*(file.fileno() for file in files), theirs.fileno()]
                stage = _Stage(self.skew + self.cloud.passed, fault, pipe=len(files))
                become_command(("role-env", *arguments), self.environ, str(self.folder), descriptors, stage.enter)
            theirs.close()
            with contextlib.suppress(EOFError, ConnectionError):
                while True:
                    ours.send(self.cloud.answer(*ours.recv()))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            out, err = written(files)
            return Done(status, out.decode(), err.decode())


def _work_at_once(worker: deadline.Worker, work: Callable[[], object]) -> None:
    """Do a worker's work without a thread, which on a busy machine is most of what a command costs."""
    worker._result, worker._failure = None, None
    worker._running = _thread.allocate_lock()
    try:
        worker._result = work()
    except Exception as failure:
        worker._failure = failure


class _Stage:
    """What is not real in a command: the clock, RAM and STS behind the descriptor `pipe`, waits, and a fault."""

    def __init__(self, ahead: float, fault: Fault | None, pipe: int) -> None:
        self._ahead = ahead
        self._fault = fault
        self._pipe = Connection(pipe)
        self._events = self._requests = 0

    def enter(self) -> None:
        """Put it all in the place of what is real, in this process."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        real, ahead = time.time, self._ahead
        gmtime = time.gmtime
        time.time = lambda: real() + ahead
        time.gmtime = lambda seconds=None: gmtime(time.time() if seconds is None else seconds)
        sleep = time.sleep
        time.sleep = lambda seconds: sleep(min(float(seconds), 0.002))
        trial.SECONDS, trial.PAUSE_SECONDS = 5.0, 4.97
        exchange: Any = lambda server, method, path, body, headers: self._exchange(  # noqa: E731
            server.name, method, path, headers, body
        )
        sent.Server._exchange = exchange  # type: ignore[method-assign]
        sent.Server.connect = lambda server: None  # type: ignore[method-assign, assignment]
        deadline.Worker.__init__ = _work_at_once  # type: ignore[method-assign, assignment]
        for name in ("get_password", "set_password", "delete_password"):
            setattr(PlaintextKeyring, name, self._watched(getattr(PlaintextKeyring, name)))

    def _watched(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            self._event()
            result = operation(*arguments)
            self._event()
            return result

        return watched

    def _exchange(self, *request: Any) -> sent.Response:
        self._requests += 1
        self._event()
        failing = self._fault.kind if self._fault and self._requests == self._fault.point else ""
        if failing == "not sent":
            raise ConnectionRefusedError(111, "Connection refused")
        self._pipe.send(request)
        answer: Answer = self._pipe.recv()
        self._event()
        if failing == "answer lost":
            raise ConnectionResetError(104, "Connection reset by peer")
        return sent.Response(answer.status, answer.headers.get("Date", ""), answer.body, json_object(answer.body))

    def _event(self) -> None:
        """Count an event, and send the signal that comes at it."""
        self._events += 1
        if self._fault and self._events == self._fault.point and self._fault.kind.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, self._fault.kind))
