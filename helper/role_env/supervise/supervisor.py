"""Staying the parent of the command that `exec --renew` runs, as if role-env were not there.

The command stays in our process group, so the terminal is its own: it reads from it, and gets what is typed there
(Ctrl-C, Ctrl-Z) itself. What somebody sends to this process alone is passed on to it. When it stops this process
stops, so that the shell sees a stopped job; when it ends this process ends in the same way.

Of a signal that was sent to the whole group by a program, and not by the terminal, the command gets a second one, and
a SIGSTOP stops this process alone: nothing tells the one, and nothing can catch the other.
"""

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from role_env.errors import CommandError
from role_env.supervise import execution
from role_env.ui import messages

# What a program does to itself by a fault ends it; nobody means the command with it.
_FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
_HELD = frozenset(signal.valid_signals()) - _FAULTS - {signal.SIGKILL, signal.SIGSTOP}
_STOPS = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
_OF_TERMINALS = {signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH, *_STOPS}
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class Parent:
    """The process as a parent. From now on it takes its signals from a queue.

    `on_end` is called with the process ID of any other process of ours that ends.
    """

    def __init__(self, on_end: Callable[[int], None]) -> None:
        self._on_end = on_end
        self._pid = os.getpid()
        self._stopped = False
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        # Where it is ignored, the system keeps no child's status.
        self._of_children = signal.signal(signal.SIGCHLD, lambda *_: None)

    def fork(self) -> int:
        """Forks a process that has the signals as they were, and is killed when this one is where the system can do
        that (Linux). Returns as os.fork does.
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
        """Starts the command `words` in the environment `environ` and returns its process id. One that is not found or
        cannot run is told on stderr, and its status is 127 or 126.
        """
        for number in (signal.SIGINT, signal.SIGTERM):  # a handler of ours must not act in the command's place
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        pid = self.fork()
        if pid:
            let_go(open_descriptors())
            return pid
        try:
            execution.become(words, environ)
        except CommandError as error:
            messages.error(error)
            os._exit(error.exit_status)
        finally:
            os._exit(125)

    def stand_for(self, pid: int, *, until: Callable[[], bool] = lambda: False) -> int | None:
        """Passes on signals to the process `pid`, and stops when it stops, until it ends; returns how it ended as
        os.wait does. Or None as soon as `until`, which is asked at each SIGCHLD, says so.
        """
        while True:
            number, is_shared = _next_signal(pid)
            if number == signal.SIGCHLD:
                for changed, status in _changes():
                    if changed == pid and os.WIFSTOPPED(status):
                        self._stop(os.WSTOPSIG(status))
                    elif changed == pid and os.WIFCONTINUED(status):
                        self._stopped = False
                    elif changed == pid:
                        return status
                    elif not os.WIFSTOPPED(status) and not os.WIFCONTINUED(status):
                        self._on_end(changed)
                if until():
                    return None
            elif self._stopped if number == signal.SIGCONT else not is_shared:
                _send(pid, number)

    def _stop(self, number: int) -> None:
        """Stops this process as its child was stopped, until somebody continues it."""
        self._stopped = True
        # Sent while it is blocked, it is one with the terminal's own.
        os.kill(self._pid, number)
        if number in _STOPS:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
            signal.pthread_sigmask(signal.SIG_BLOCK, {number})


def end_as(status: int) -> int:
    """Ends this process by the signal that a child with the wait status `status` died of; else the exit status."""
    if not os.WIFSIGNALED(status):
        return os.WEXITSTATUS(status)
    number = os.WTERMSIG(status)
    # The command's core is its own affair; ours could hold a secret.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError):  # SIGKILL has no handler to reset
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    return 128 + number  # the first process of a container does not die of its own signals


def open_descriptors() -> set[int]:
    """The numbers of what this process has open."""
    listed = {int(path.name) for path in Path("/dev/fd").iterdir()}
    return {descriptor for descriptor in listed if _is_open(descriptor)}  # without the listing's own


def let_go(descriptors: set[int]) -> None:
    """Closes `descriptors` but stderr. They are the command's, and who waits for their end must not wait for us."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    for descriptor in {*descriptors, null} - {0, 1, 2}:
        os.close(descriptor)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _changes() -> Iterator[tuple[int, int]]:
    """The process ids and wait statuses of all children that ended, stopped or went on; as the first process of a
    container this one has more of them than it made.
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
    """Waits for a signal; returns its number and whether the process `child` got it, too."""
    if sys.platform == "darwin":  # has no sigwaitinfo: by its kind
        number = signal.sigwait(_HELD)
        return number, number in _OF_TERMINALS
    information = signal.sigwaitinfo(_HELD)
    # The kernel's own, whose code is above zero, goes to all that the terminal has in its foreground; but a hang-up to
    # the first process of the session alone. What the child sends, it sends to its group.
    of_terminal = information.si_code > 0 and information.si_signo in _OF_TERMINALS
    return information.si_signo, of_terminal or (information.si_code <= 0 and information.si_pid == child)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended, or is another user's now
        os.kill(pid, number)


def _c_library() -> Any:
    """The C library, loaded before a fork, after which little may be done; None where it has no prctl."""
    if sys.platform != "linux":
        return None
    import ctypes

    return ctypes.CDLL(None)
