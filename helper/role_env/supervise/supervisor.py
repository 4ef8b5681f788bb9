"""Supervise the command that `exec --renew` runs, so that it behaves as if the shell had started it.

The command stays in our process group, so it can read from the terminal, and gets what is typed there (Ctrl-C, Ctrl-Z)
itself. A signal sent to this process alone is passed on to it. When it stops, this process stops, so that the shell
sees a stopped job; when it ends, this process ends in the same way.

Two limits: a signal that a program sends to the whole group reaches the command twice, as it looks like one sent to
this process alone; and a SIGSTOP stops this process alone, as it cannot be caught.
"""

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from role_env.errors import CommandError
from role_env.files.core_dumps import restore_core_dumps
from role_env.supervise import execution
from role_env.ui import messages

# Signals of a fault in this process. They end it, and are not passed on.
_FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
_HELD = frozenset(signal.valid_signals()) - _FAULTS - {signal.SIGKILL, signal.SIGSTOP}
_STOPS = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
_OF_TERMINALS = {signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH, *_STOPS}
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_POLL_SECONDS = 0.2
_LAST_STANDARD = 2
# The descriptors that are tried where the system does not list the open ones.
_MOST_UNLISTED = 1024


class Supervisor:
    """The parent process. Creating one blocks the signals; from then on they come from a queue.

    `on_end` is called with the process ID of each child that ends, except the command.
    """

    def __init__(self, on_end: Callable[[int], None]) -> None:
        self._on_end = on_end
        self._pid = os.getpid()
        self._stopped = False
        self._received: set[int] = set()
        self._stops_reader, self._stops_writer = os.pipe()
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        # While SIGCHLD is ignored, the system discards the statuses of children.
        self._of_children = signal.signal(signal.SIGCHLD, lambda *_: None)

    def fork(self) -> int:
        """Fork a process with the former signal mask, and return what os.fork returns.

        On Linux the child is killed when this process ends.
        """
        library = _c_library()
        pid = os.fork()
        if not pid:
            if library:
                library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != self._pid:
                os._exit(1)
            signal.signal(signal.SIGCHLD, self._of_children or signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
        return pid

    def run(self, words: list[str], environ: dict[str, str]) -> int:
        """Start the command `words` in the environment `environ` and return its process ID.

        It gets the signals that came while the server started: one of them may have ended a server that already served.
        If the command is not found or cannot run, it reports that on stderr and exits with 127 or 126.
        """
        for number in (
            signal.SIGINT,
            signal.SIGTERM,
            signal.SIGHUP,
            signal.SIGQUIT,
        ):  # our handlers must not run in the command's process
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        pid = self.fork()
        if pid:
            close_fds(open_descriptors() - {self._stops_writer})
            for received in self._received - _STOPS:
                _send(pid, received)
            return pid
        try:
            restore_core_dumps()
            execution.become(words, environ)
        except CommandError as error:
            messages.error(error)
            os._exit(error.exit_status)
        finally:
            os._exit(125)

    def supervise(self, pid: int, *, until: Callable[[], bool] = lambda: False) -> int | None:
        """Pass on signals to the process `pid`, and stop when it stops, until it ends. Return its wait status.

        `until` is called at each SIGCHLD. Return None as soon as it returns True.
        """
        while True:
            number, is_shared = _next_signal(pid)
            if number == signal.SIGCHLD:
                status = self._follow_changes(pid)
                if status is not None or until():
                    return status
            elif number == signal.SIGCONT:
                if self._stopped:
                    _send(pid, number)
            else:
                self._received.add(number)
                if not is_shared:
                    _send(pid, number)

    def _follow_changes(self, pid: int) -> int | None:
        """Stop with the process `pid`, and report other children that ended. Return its wait status if it has ended."""
        for changed, status in _changes():
            is_end = not os.WIFSTOPPED(status) and not os.WIFCONTINUED(status)
            if changed != pid and is_end:
                self._on_end(changed)
            elif changed == pid and is_end:
                return status
            elif changed == pid and os.WIFSTOPPED(status):
                self._stop(os.WSTOPSIG(status), pid)
            elif changed == pid:
                self._stopped = False
        return None

    def continue_with_child(self) -> None:
        """Continue the supervisor, which stopped with its child, if somebody continues the child alone.

        The server's process calls this, since a stopped process cannot watch. It returns when the supervisor has ended.
        Requires Linux's /proc.
        """
        while message := os.read(self._stops_reader, 4096):
            child = int(message.split()[-1])
            # Wait until the supervisor reports that it runs again. It may not even have stopped yet.
            while child and not select.select([self._stops_reader], [], [], _POLL_SECONDS)[0]:
                if _is_stopped(self._pid) and not _is_stopped(child):
                    _send(self._pid, signal.SIGCONT)

    @property
    def fds(self) -> set[int]:
        """The file descriptors that `continue_with_child` needs."""
        return {self._stops_reader}

    def _stop(self, number: int, child: int) -> None:
        """Stop this process by the signal that stopped its child, until it is continued."""
        self._stopped = True
        self._report_stop(child)
        # Sent while blocked, the signal merges with the terminal's own.
        os.kill(self._pid, number)
        if number in _STOPS:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
            signal.pthread_sigmask(signal.SIG_BLOCK, {number})
        self._report_stop(0)

    def _report_stop(self, child: int) -> None:
        """Report to `continue_with_child` that this process stops with `child`, or with 0 that it runs again."""
        if sys.platform == "linux":
            with contextlib.suppress(BrokenPipeError):  # its process has ended
                os.write(self._stops_writer, f"{child}\n".encode())


def exit_like(status: int) -> int:
    """Return the exit status in a child's wait status, or end this process by the signal that ended the child."""
    if not os.WIFSIGNALED(status):
        return os.WEXITSTATUS(status)
    number = os.WTERMSIG(status)
    with contextlib.suppress(OSError):  # SIGKILL has no handler to reset
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    return 128 + number  # the first process of a container survives its own signals


def occupy_standard_descriptors() -> None:
    """Open the null device in place of a closed stdin, stdout or stderr, so that no pipe or socket gets its number.

    The command does not inherit it: a closed stream is closed for the command too.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STANDARD:
        pass
    os.close(descriptor)


def open_descriptors() -> set[int]:
    """Return the file descriptors that this process has open."""
    try:
        listed = {int(path.name) for path in Path("/dev/fd").iterdir()}
    except OSError:  # without Linux's /proc
        listed = set(range(_MOST_UNLISTED))
    return {descriptor for descriptor in listed if _is_open(descriptor)}  # that of the listing itself is closed by now


def close_fds(descriptors: set[int]) -> None:
    """Close the command's `descriptors` except stderr, so that a reader at their other end does not wait for us."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    for descriptor in {*descriptors, null} - {0, 1, 2}:
        os.close(descriptor)


def _is_stopped(pid: int) -> bool:
    """Return whether a process is stopped, by proc_pid_stat(5). The name in parentheses may contain anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] in ("T", "t")
    except (OSError, IndexError):
        return False


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _changes() -> Iterator[tuple[int, int]]:
    """Yield the process IDs and wait statuses of all children that ended, stopped or continued.

    The first process of a container has more children than it forked.
    """
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, status


def _next_signal(child: int) -> tuple[int, bool]:
    """Wait for a signal. Return its number, and whether the process `child` got it too."""
    if sys.platform == "darwin":  # macOS has no sigwaitinfo: the signal's number decides
        number = signal.sigwait(_HELD)
        return number, number in _OF_TERMINALS
    information = signal.sigwaitinfo(_HELD)
    # The kernel's own signal, whose code is above zero, goes to the terminal's whole foreground group; only a hang-up
    # goes to the first process of the session alone. The child sends its signals to its group.
    of_terminal = information.si_code > 0 and information.si_signo in _OF_TERMINALS
    return information.si_signo, of_terminal or (information.si_code <= 0 and information.si_pid == child)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended, or belongs to another user now
        os.kill(pid, number)


def _c_library() -> Any:
    """Return the C library, or None if it has no prctl. Call it before a fork, after which loading is unsafe."""
    if sys.platform != "linux":
        return None
    import ctypes

    return ctypes.CDLL(None)
