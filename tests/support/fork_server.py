"""The installed command in forks of a process that has its modules loaded, where a call costs a third.

It is a process with arguments, variables, a folder and streams of its own; the package is the installed one, and TLS
and the keyring are real. What is left out is the start of Python and the first import of each module: what is tested
of these starts a process, and so does what sets a variable that Python reads at its start.

This file is also the program of that process.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import io
import os
import pickle
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

LIBRARIES = (
    "aliyunsdkcore.request",
    "aliyunsdksts.request.v20150401.AssumeRoleRequest",
    "keyring.backends.SecretService",
    "role_env.__main__",
)
"""What commands import beside the modules of the package. `keyring` itself looks for a backend when it is asked."""
LOCALE = "C.UTF-8"
STREAMS = ((0, "rb", "surrogateescape"), (1, "wb", "surrogateescape"), (2, "wb", "backslashreplace"))
"""What Python makes of them in this locale."""


class ForkServer:
    """A running server. It ends with the process that started it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="role-env-forks-")
        self._address = f"{self._folder.name}/socket"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self._address)
            listener.listen(100)
            number = listener.fileno()
            environ = {"PATH": os.environ["PATH"], "LANG": LOCALE, "HOME": "/nonexistent"}
            command = [sys.executable, "-I", __file__, str(number)]
            self._process = subprocess.Popen(
                command, env=environ, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[number]
            )

    def close(self) -> None:
        """End the server."""
        self._process.communicate(timeout=60)
        self._folder.cleanup()

    def run(
        self, line: Sequence[str], environ: Mapping[str, str], folder: Path, text: bytes, seconds: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command with `text` on its stdin. Raises TimeoutExpired after so many seconds, and kills it then."""
        request = pickle.dumps((line, dict(environ), str(folder)))  # a file, as it may be too long for a message
        with streams(text) as files, filled(request) as described:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                client.settimeout(seconds)
                client.connect(self._address)
                socket.send_fds(client, [b"."], [described.fileno(), *(file.fileno() for file in files)])
                process = int(client.recv(20))
                try:
                    status = int(client.recv(20))
                except TimeoutError:
                    os.kill(process, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(line, seconds) from None
            return subprocess.CompletedProcess(line, status, *written(files))


def filled(content: bytes) -> IO[bytes]:
    """Return a temporary file that is read from its start."""
    made = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    made.write(content)
    made.seek(0)
    return made


@contextlib.contextmanager
def streams(text: bytes) -> Iterator[list[IO[bytes]]]:
    """Yield the files that are a command's stdin, with `text` in it, its stdout and its stderr."""
    with filled(text) as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        yield [stdin, out, err]


def written(files: Sequence[IO[bytes]]) -> tuple[bytes, bytes]:
    """Return what a command has written to its stdout and stderr."""
    for file in files:
        file.seek(0)
    return files[1].read(), files[2].read()


# ---- the forked process ----


def become_command(
    line: Sequence[str],
    environ: Mapping[str, str],
    folder: str,
    descriptors: Sequence[int],
    prepare: Callable[[], object] = bool,
) -> NoReturn:
    """Be a command with these descriptors, its streams first, as 0, 1 and so on, after `prepare`."""
    try:
        os.setsid()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        os.closerange(len(descriptors), 65536)
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(os.fdopen(number, mode), "utf-8", errors, line_buffering=number == 2)
            for number, mode, errors in STREAMS
        )
        os.environ.clear()
        os.environ.update(environ)
        time.tzset()
        os.chdir(folder)
        sys.argv = list(line)
        prepare()
        importlib.import_module("role_env.__main__").main()
    finally:
        os._exit(70)


@functools.cache
def load_modules() -> None:
    """Load what any command loads, so that a forked one does not."""
    for name in LIBRARIES:
        importlib.import_module(name)
    package = importlib.import_module("role_env")
    for module in pkgutil.walk_packages(package.__path__, "role_env."):
        importlib.import_module(module.name)
    gc.freeze()


# ---- the server's own process ----


def serve(listener: socket.socket) -> None:
    """Fork for each client, whom the number and at last the status of its process are sent, until stdin ends."""
    running: dict[int, tuple[int, socket.socket]] = {}
    waiting = select.poll()
    for file in (0, listener.fileno()):
        waiting.register(file, select.POLLIN)
    while True:
        for ready, _ in waiting.poll():
            if ready == 0:
                return
            if ready in running:
                process, client = running.pop(ready)
                waiting.unregister(ready)
                os.close(ready)
                status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                with client, contextlib.suppress(OSError):
                    client.send(str(status).encode())
                continue
            client, _ = listener.accept()
            _, files, _, _ = socket.recv_fds(client, 1, 4)
            process = os.fork()
            if process == 0:
                with os.fdopen(files[0], "rb") as described:
                    line, environ, folder = pickle.load(described)
                become_command(line, environ, folder, files[1:])
            for file in files:
                os.close(file)
            client.send(str(process).encode())
            ended = os.pidfd_open(process)
            running[ended] = process, client
            waiting.register(ended, select.POLLIN)


if __name__ == "__main__":
    load_modules()
    serve(socket.socket(fileno=int(sys.argv[1])))
