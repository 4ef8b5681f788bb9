"""`configure --edit`: let a person edit the profiles file in their editor, and take only a copy without new errors."""

import contextlib
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath

from role_env import paths, validators
from role_env.context import Context
from role_env.errors import CanceledError, ProfileError, UnreachableError, UsageError
from role_env.files import locks
from role_env.files.dependencies import Dependencies
from role_env.files.user_file import UserFile
from role_env.profiles.file import ProfilesFile
from role_env.ui import prompt

# The editors that open a file at line N if the argument `+N` comes first.
_TERMINAL_EDITORS = ("vi", "vim", "nvim", "view", "nano", "pico", "joe", "micro", "kak", "mg", "ne", "ed", "ex")
"""The editors that have ended when their command has, however soon."""
_WITH_LINE = frozenset(
    ("vi", "vim", "nvim", "view", "gvim", "nano", "pico", "emacs", "emacsclient", "joe", "micro", "kak", "mg", "ne")
)
# An editor that ends sooner has probably left a window open.
_SHORTEST_SECONDS = 1.0


class _ChangedError(Exception):
    """Another program has changed the file meanwhile."""


def edit(profiles_file: str, profile: str, context: Context) -> str:
    """Let a person edit the profiles file, or the included file that has `profile`, at the section of `profile`.

    Return its path, and whether it changed, as a sentence.

    Raises UsageError without a terminal and for an editor that fails, CanceledError if the person discards the copy,
    ProfileError if there is no such file or profile, or the file cannot be written, and UnreachableError while another
    process edits.
    """
    path, line = _place_of(profile, profiles_file, context)
    if not prompt.is_possible():
        raise UsageError("configure --edit requires a terminal", hint=f"edit {path} yourself")
    file = UserFile(path, context.environ, keeps_backup=False)
    before = file.read()
    if before is None:
        raise ProfileError(f"there is no profiles file {path}", hint="create it with: `role-env configure`")
    line = line or _line_of(profile, before, path)
    former = _faults(profiles_file, path, before, context)
    with _private_copy(before, PurePath(path).name, context.environ) as copy:
        while True:
            content = _open_editor(copy, context.environ, line=line)
            found = _faults(profiles_file, path, content, context)
            if new := [fault for key, fault in found.items() if key not in former]:
                for fault in new:
                    prompt.show(f"  {fault.message}")
                    if fault.hint:
                        prompt.show(f"  hint: {context.messages.shown(fault.hint)}")
                _ask("The copy has new errors:", "again", default="again")
                continue
            return f"{path} {'was changed' if _replace(file, before, content) else 'is as it was'}"


@contextlib.contextmanager
def _private_copy(content: bytes, name: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield a file `name` with `content` in a folder for this user only; it is removed with what the editor leaves.

    It is always the same folder, so that the next `configure --edit` removes what a killed one has left. Raises
    UnreachableError while another process edits, and ProfileError without a state folder.
    """
    with locks.hold_in_state("edit", environ, seconds=0, waiting=contextlib.nullcontext()) as is_busy:
        if is_busy:
            raise UnreachableError("another role-env configure --edit is open", hint="end that first")
        folder = f"{paths.state_folder(environ)}/edit"
        shutil.rmtree(folder, ignore_errors=True)
        paths.make_private(folder)
        copy = Path(folder, name)
        try:
            copy.touch(0o600)
            copy.write_bytes(content)
            yield copy
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _replace(file: UserFile, before: bytes | None, content: bytes) -> bool:
    """Replace `before` by `content`, asking again after each change by another program, and return whether they differ.

    Raises CanceledError if the person discards the copy.
    """

    def checked(found: bytes | None) -> bytes:
        if found != before:
            raise _ChangedError
        return content

    while True:
        try:
            return file.replace(checked)
        except _ChangedError:
            before = file.read()
            _ask(f"{file.path} has been changed meanwhile:", "overwrite", default="")


def _ask(question: str, go_on: str, *, default: str) -> None:
    """Ask whether to continue, to which `go_on` is yes. Raises CanceledError for `discard` or `no`."""

    def check(answer: str) -> bool:
        """Return whether to go on. Raises ValueError for any other answer."""
        typed = answer.lower()
        if not typed or not any(word.startswith(typed) for word in (go_on, "discard", "no")):
            raise ValueError(f"type {go_on} or discard")
        return go_on.startswith(typed)

    if not prompt.ask(f"{question} {go_on} or discard", default=default, check=check):
        raise CanceledError("the copy was discarded, and nothing was changed")


def _place_of(profile: str, profiles_file: str, context: Context) -> tuple[str, int]:
    """Return the file with the section of `profile`, perhaps an included one, and its line, 0 if it is not known."""
    with contextlib.suppress(ProfileError):  # the person may want to repair it
        file = ProfilesFile(profiles_file, Dependencies(context.environ))
        if profile in file.names():
            return file.where(profile)
    return profiles_file, 0


def _line_of(profile: str, content: bytes, path: str) -> int:
    """Return the line of the section of `profile`; 1 without one. Raises ProfileError if there is none."""
    sections: dict[str, int] = {}
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        if section := re.fullmatch(r"\s*\[(.*)\]\s*", line):
            sections.setdefault(section[1].strip(), number)
    if profile and profile not in sections:
        near = validators.nearest(profile, sections)
        hint = f"did you mean {near}?" if near else "create it with: `role-env configure`"
        raise ProfileError(f"there is no profile {profile} in {path}", hint=hint)
    return sections[profile] if profile else 1


def _faults(profiles_file: str, path: str, content: bytes, context: Context) -> dict[str, ProfileError]:
    """Return the errors of the profiles file if the file at `path` had this content.

    Each key is the error without its line, which may change.
    """
    found: list[ProfileError] = []
    try:
        file = ProfilesFile(profiles_file, Dependencies(context.environ), contents={path: content})
        found += file.name_faults
        for name in file.names():
            try:
                file.chain(name)
            except ProfileError as error:
                found.append(error)
    except ProfileError as error:
        found.append(error)
    return {re.sub(r"line \d+", "line", error.message): error for error in found}


def _open_editor(path: Path, environ: Mapping[str, str], *, line: int) -> bytes:
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
    is_left_open = PurePath(words[0]).name not in _TERMINAL_EDITORS and time.monotonic() - began < _SHORTEST_SECONDS
    if is_left_open and _read(path) == before:
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
