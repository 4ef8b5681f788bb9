"""Write and recognize the command lines of role-env's own `process` in the `aliyun` CLI's file.

Since release 3.4.9 the CLI splits a command like a shell; older releases split it at white space only. So a command
contains quotes only if a path needs them.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from itertools import dropwhile, takewhile
from pathlib import Path

# The PATH that cron gives its jobs on Linux; cron finds a program in another folder only by its path.
CRON_PATH = "/usr/bin:/bin"
_PROCESS = "process"


def profile_command(name: str, config: str) -> str:
    """Return the command for profile `name` of the file `config` (absolute), by the program's path as cron needs it."""
    return _joined([*_program(), _PROCESS, "--config", config, name])


def session_command(environ: Mapping[str, str]) -> str:
    """Return the command for the session of the shell. It begins with the bare name if a new shell finds that."""
    program, found = _program(), shutil.which("role-env", path=environ.get("PATH"))
    is_same = len(program) == 1 and found is not None and os.path.realpath(found) == os.path.realpath(program[0])
    in_venv = environ.get("VIRTUAL_ENV") and Path(program[0]).is_relative_to(environ["VIRTUAL_ENV"])
    return _joined([*(["role-env"] if is_same and not in_venv else program), _PROCESS, "--session"])


def unquoted_session_command() -> str:
    """Return the command for the session of the shell with a path that needs no quotes, else with the bare name.

    The Go SDK, and so Terraform's provider, splits a command at white space only.
    """
    program = _program()
    programs = [program, [os.path.realpath(program[0])]] if len(program) == 1 else [program]
    plain = [words for words in programs if not any(map(_must_be_quoted, words))]
    return _joined([*(plain or [["role-env"]])[0], _PROCESS, "--session"])


def is_found_by_cron(command: str) -> bool:
    """Return whether cron finds the program of `command`."""
    return shutil.which(shlex.split(command)[0], path=CRON_PATH) is not None


def needs_quotes(command: str) -> bool:
    """Return whether `command` has quotes. An old CLI, which splits at white space only, misreads them."""
    return command.split() != shlex.split(command)


def own_arguments(command: object) -> list[str] | None:
    """Return the words after `role-env process`; None if `command` does not run role-env's own `process`."""
    words = _after_program(_split(command))
    return words[1:] if words[:1] == [_PROCESS] else None


def runs_process(command: str) -> bool:
    """Return whether `command` runs role-env's own `process`, also through `env NAME=VALUE …`."""
    words = _split(command)
    if words and Path(words[0]).name == "env":
        words = list(dropwhile(lambda word: "=" in word or word.startswith("-"), words[1:]))
    words = _after_program(words)
    if words[:1] == [_PROCESS]:
        return True
    # Options may precede the command, and `exec` may itself run role-env.
    before = list(takewhile(lambda word: word != _PROCESS, words))
    return before != words and before[0].startswith("-") and "exec" not in before


def is_session_command(command: object) -> bool:
    """Return whether `command` is what `session_command` writes, with or without a path."""
    return own_arguments(command) == ["--session"]


def _after_program(words: Sequence[str]) -> list[str]:
    """Return the words after `role-env`; none if the command runs another program."""
    if words[1:3] == ["-m", "role_env"]:
        return list(words[3:])
    is_ours = bool(words) and Path(words[0]).name.removesuffix(".exe") == "role-env"
    return list(words[1:]) if is_ours else []


def _split(command: object) -> list[str]:
    try:
        return shlex.split(command) if isinstance(command, str) else []
    except ValueError:  # an unclosed quote
        return []


def _joined(words: Sequence[str]) -> str:
    return " ".join(shlex.quote(word) if _must_be_quoted(word) else word for word in words)


def _must_be_quoted(word: str) -> bool:
    """Return whether a word needs quotes; letters of other scripts need none."""
    return any(letter.isspace() or letter in "'\"\\" for letter in word)


def _program() -> list[str]:
    here = Path(sys.argv[0]).absolute()
    if here.name.startswith("__main__"):
        here = Path(sys.executable).with_name("role-env")
        if not here.exists():
            return [sys.executable, "-m", "role_env"]
    return [str(here)]
