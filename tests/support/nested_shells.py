"""Shells in shells, with role-env's integration and direnv's hook: the innermost evaluates what it is given."""

import itertools
import os
import subprocess
from pathlib import Path

from support.machine import Machine
from support.secret_service_bus import require
from support.shells import COMMANDS

SHELLS = ("bash", "zsh", "fish")


class NestedShells:
    """A shell, and those that were started in it. Each takes the names of files from stdin, and evaluates them."""

    def __init__(self, machine: Machine, first: str) -> None:
        require(*SHELLS)
        self._folder = machine.home / "walk"
        self._folder.mkdir()
        self._count = itertools.count()
        self._errors = (self._folder / "errors").open("ab")
        self.kinds: list[str] = [first]
        self._entered: list[Path] = []
        for kind in SHELLS:
            for renew in ("", "--renew"):
                text = machine.role_env("init", kind, *filter(None, [renew])).stdout
                (self._folder / f"{kind}{renew}").write_text(text + self._loop(kind))
        self._process = subprocess.Popen(
            self.command(first),
            env=machine.environ,
            cwd=machine.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    @staticmethod
    def _loop(kind: str) -> str:
        if kind == "fish":
            return "while read -l file; test $file = leave; and exit 0; source $file; echo $file $status; end\n"
        return 'while IFS= read -r file; do case $file in leave) exit 0 ;; esac; . "$file"; echo "$file $?"; done\n'

    def command(self, kind: str, renew: str = "") -> list[str]:
        """Return the words that start a shell; with `renew` as "--renew" its prompt renews the session."""
        return [*COMMANDS[kind], str(self._folder / f"{kind}{renew}")]

    @property
    def kind(self) -> str:
        """The innermost shell."""
        return self.kinds[-1]

    def close(self) -> None:
        """End all shells."""
        self._process.kill()
        self._process.communicate(timeout=30)
        self._errors.close()

    def run(self, text: str) -> int:
        """Evaluate `text` in the innermost shell, and return its status."""
        return self._status(self._send(text))

    def enter(self, kind: str, prefix: str, renew: str) -> None:
        """Start a shell in the innermost one, by the command `prefix`, which may fail."""
        entering = self._send(f"{prefix} {' '.join(self.command(kind, renew))}\n")
        # Whichever shell is the innermost now evaluates it. That of a `prefix` that failed answers for that before.
        ready = self._send("true\n")
        file, _, _ = line = self._answer()
        if file == str(entering):
            self._status(ready)
        else:
            assert line == (str(ready), " ", "0")
            self._entered.append(entering)
            self.kinds.append(kind)

    def leave(self) -> None:
        """End the innermost shell."""
        assert self._process.stdin
        self._process.stdin.write(b"leave\n")
        self._process.stdin.flush()
        self.kinds.pop()
        self._status(self._entered.pop())

    def prompt(self) -> tuple[str, dict[str, str]]:
        """Do what the hooks of a prompt do, and look at everything, as once a minute.

        Return role-env's text, and the environment of a tool that is started there.
        """
        shown, found = self._folder / "prompt", self._folder / "environment"
        direnv = "direnv export fish | source" if self.kind == "fish" else f'eval "$(direnv export {self.kind})"'
        show = "printf '%s' \"$ROLE_ENV_PROMPT\""
        look = "set -g _role_env_state" if self.kind == "fish" else "_role_env_state="
        self.run(f"{direnv}\n{look}\n_role_env_prompt\n{show} >{shown}\ncommand env -0 >{found}\n")
        return _take(shown), dict(pair.split("=", 1) for pair in _take(found).split("\0") if "=" in pair)

    def errors(self) -> str:
        """Return what the shells have written to stderr since the last time."""
        text = (self._folder / "errors").read_text("utf-8", "replace")
        os.truncate(self._folder / "errors", 0)
        return text

    def _send(self, text: str) -> Path:
        assert self._process.stdin
        file = self._folder / f"step{next(self._count)}"
        file.write_text(text)
        self._process.stdin.write(f"{file}\n".encode())
        self._process.stdin.flush()
        return file

    def _status(self, file: Path) -> int:
        """Return the status of what is in `file`, which is removed."""
        found, _, status = self._answer()
        assert found == str(file), (found, file)
        file.unlink()
        return int(status)

    def _answer(self) -> tuple[str, str, str]:
        assert self._process.stdout
        line = self._process.stdout.readline().decode().rstrip("\n")
        assert line, (self._process.poll(), self.errors())
        return line.partition(" ")


def _take(file: Path) -> str:
    """Return the content of a file that may contain secrets, and remove it."""
    text = file.read_bytes().decode("utf-8", "surrogateescape")
    file.unlink()
    return text
