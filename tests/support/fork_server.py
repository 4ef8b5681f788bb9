"""The installed command in forks of a process that has its modules loaded, where a call costs a third.

It is a process with arguments, variables, a folder and streams of its own; the package is the installed one, and TLS
and the keyring are real. What is left out is the start of Python and the first import of each module: what is tested
of these starts a process, and so does what sets a variable that Python reads at its start.

This file is also the program of that process.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import pickle
import pkgutil
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
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
        end = time.monotonic() + seconds
        request = pickle.dumps((line, dict(environ), str(folder)))  # a file, as it may be too long for a message
        with (
            _filled(request) as described,
            _filled(text) as stdin,
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client,
        ):
            client.connect(self._address)
            (out, out_end), (err, err_end) = os.pipe(), os.pipe()
            socket.send_fds(client, [b"."], [described.fileno(), stdin.fileno(), out_end, err_end])
            os.close(out_end)
            os.close(err_end)
            process = int(client.recv(20))
            try:
                written = _read((out, err), end)
                client.settimeout(max(0.1, end - time.monotonic()))
                return subprocess.CompletedProcess(line, int(client.recv(20)), *written)
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                raise subprocess.TimeoutExpired(line, seconds) from None


def run_command(
    forks: ForkServer | None,
    line: Sequence[str],
    environ: Mapping[str, str],
    folder: Path,
    *,
    text: bytes = b"",
    seconds: float = 60.0,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command line: as a fork, if there are any and none of its variables is for Python's start."""
    is_usual = environ.get("LANG") == LOCALE and not [name for name in environ if name.startswith(("PYTHON", "LC_"))]
    if forks and is_usual:
        return forks.run(line, environ, folder, text, seconds)
    return subprocess.run(line, input=text, capture_output=True, env=environ, cwd=folder, timeout=seconds, check=False)


def _filled(content: bytes) -> IO[bytes]:
    """Return a temporary file that is read from its start."""
    made = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    made.write(content)
    made.seek(0)
    return made


def _read(files: Sequence[int], end: float) -> list[bytes]:
    """Return what comes from each of the files, and close them. Raises TimeoutError."""
    found = dict.fromkeys(files, b"")
    with selectors.DefaultSelector() as waiting, contextlib.ExitStack() as stack:
        for file in files:
            stack.callback(os.close, file)
            waiting.register(file, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                piece = os.read(key.fd, 65536)
                found[key.fd] += piece
                if not piece:
                    waiting.unregister(key.fd)
    return [found[file] for file in files]


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
                _become_command(files)
            for file in files:
                os.close(file)
            client.send(str(process).encode())
            ended = os.pidfd_open(process)
            running[ended] = process, client
            waiting.register(ended, select.POLLIN)


def _become_command(files: Sequence[int]) -> NoReturn:
    """Be the command that the first file describes; the others are its streams."""
    try:
        described, *streams = files
        with os.fdopen(described, "rb") as file:
            line, environ, folder = pickle.load(file)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, 65536)
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(os.fdopen(number, mode), "utf-8", errors, line_buffering=number == 2)
            for number, mode, errors in STREAMS
        )
        os.environ.clear()
        os.environ.update(environ)
        time.tzset()
        os.chdir(folder)
        sys.argv = list(line)
        command_line = importlib.import_module("role_env.__main__")
        command_line.main()
    finally:
        os._exit(70)


def main() -> None:
    """Load all modules and serve."""
    for name in LIBRARIES:
        importlib.import_module(name)
    package = importlib.import_module("role_env")
    for module in pkgutil.walk_packages(package.__path__, "role_env."):
        importlib.import_module(module.name)
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    main()
