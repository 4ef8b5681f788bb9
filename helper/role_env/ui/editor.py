"""Let a person edit a file in an editor of their own."""

import contextlib
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path, PurePath

from role_env.errors import UsageError
from role_env.ui import prompt

# The editors that open a file at line N if the argument `+N` comes first.
_WITH_LINE = frozenset(
    ("vi", "vim", "nvim", "view", "gvim", "nano", "pico", "emacs", "emacsclient", "joe", "micro", "kak", "mg", "ne")
)
# An editor that ends sooner has probably left a window open.
_SHORTEST_SECONDS = 1.0


def edit(path: Path, environ: Mapping[str, str], *, line: int) -> bytes:
    """Open the file at `line` in VISUAL, EDITOR or vi, wait for the editor to end, and return the new text.

    Raises UsageError if the editor does not run, fails, or leaves no file.
    """
    words = _command(environ)
    place = [f"+{line}"] if line > 1 and PurePath(words[0]).name in _WITH_LINE else []
    before, began = path.read_bytes(), time.monotonic()
    status = _run([*words, *place, str(path)])
    if status:
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        raise UsageError(f"the editor {words[0]} {how}, and nothing was changed", hint="edit again")
    if time.monotonic() - began < _SHORTEST_SECONDS and _read(path) == before:
        question = f"{words[0]} ended at once: press Enter when you have saved and closed the file"
        prompt.ask(question, check=str)
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the editor left no file to read ({error.strerror}), and nothing was changed", hint="edit again"
        ) from None


def _command(environ: Mapping[str, str]) -> list[str]:
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environ.get(name, ""))
        except ValueError:
            raise UsageError(f"{name} is not a command: a quote is not closed", hint=f"correct {name}") from None
        if words:
            return words
    return ["vi"]


def _run(command: list[str]) -> int:
    """Run the editor and return its status, negative for a signal. Ctrl-C is for the editor."""
    try:
        editor = subprocess.Popen(command)  # noqa: S603  the user's own setting
    except OSError as error:
        raise UsageError(
            f"the editor {command[0]} cannot be run: {error.strerror}", hint="set VISUAL or EDITOR to an editor"
        ) from None
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return editor.wait()
    finally:
        signal.signal(signal.SIGINT, former)
        if editor.poll() is None:  # role-env itself is being terminated
            editor.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                editor.wait(2.0)
