"""Replace this process with the command of `exec`."""

import _signal  # `signal` makes enums of its numbers, which costs the warm path 5 ms
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn


def command_of(words: "Sequence[str]", environ: "Mapping[str, str]") -> "list[str]":
    """Return `words`, or the user's shell if there are none."""
    return list(words) or [environ.get("SHELL") or "/bin/sh"]


def become(words: "list[str]", environ: "dict[str, str]") -> "NoReturn":
    """Replace this process with a command. Raises CommandError when it is not found or cannot run."""
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):  # Python ignores these signals, and a child would inherit that
        _signal.signal(number, _signal.SIG_DFL)
    ending = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT)
    mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, ending)  # an earlier signal is raised, a later one kept
    for number in ending:
        if callable(_signal.getsignal(number)):
            _signal.signal(number, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
    try:
        os.execvpe(words[0], words, environ)  # noqa: S606  running the user's command is what exec is for
    except (OSError, ValueError) as error:
        from role_env.errors import CommandError

        is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        if is_missing or isinstance(error, ValueError):  # a ValueError means an empty name
            raise CommandError(f"{words[0]}: command not found", exit_status=127) from None
        raise CommandError(f"{words[0]} cannot be run: {error.strerror}", exit_status=126) from None
