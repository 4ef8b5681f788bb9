"""A shell that goes on living, and evaluates one text after another."""

import itertools
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from support.shells import encoded
from support.waiting import DEADLINE


def loop(shell: str) -> str:
    """Return the code with which a shell evaluates each file whose name it reads, and writes the name and the status.

    The name `leave` ends it.
    """
    if shell == "fish":
        return "while read -l file; if test $file = leave; exit 0; end; source $file; echo $file $status; end\n"
    evaluate = '\\eval "$(command cat "$file")"' if shell == "dash" else '. "$file"'  # dash's . fails under -e
    return (
        "while read -r file; do case $file in leave) exit 0 ;; esac\n"
        f'if {evaluate}; then echo "$file 0"; else echo "$file $?"; fi; done\n'
    )


class LivingShell:
    """A command that runs a `loop` in the folder `cwd`. What it is given, and its stderr, are files in `folder`."""

    def __init__(self, command: Iterable[str], environ: Mapping[str, str], folder: Path, cwd: Path) -> None:
        self.folder = folder
        self._count = itertools.count()
        self._errors = (folder / "errors").open("ab")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [*command], env=environ, cwd=cwd, stdin=pipe, stdout=pipe, stderr=self._errors, text=True
        )

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate(timeout=DEADLINE)
        self._errors.close()

    def run(self, text: str) -> int:
        """Evaluate `text`, which may print nothing on stdout, and return its status."""
        return self.status(self.send(text))

    def send(self, text: str) -> Path:
        """Let it evaluate `text`; return the file with the text."""
        file = self.folder / f"step{next(self._count)}"
        file.write_bytes(encoded(text))
        self.write(str(file))
        return file

    def write(self, line: str) -> None:
        """Write a line to its stdin."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def status(self, file: Path) -> int:
        """Return the status of what is in `file`, which is removed."""
        name, status = self.answer()
        assert name == str(file), (name, file, self.errors())
        file.unlink()
        return status

    def answer(self) -> tuple[str, int]:
        """Return the name and the status that it writes next."""
        assert self._process.stdout
        name, _, status = self._process.stdout.readline().rpartition(" ")
        assert name, (self._process.poll(), self.errors())
        return name, int(status)

    def errors(self) -> str:
        """Return what has been written to stderr."""
        return (self.folder / "errors").read_text("utf-8", "replace")

    def take(self, name: str) -> str:
        """Return what the shell has written to a file in the folder, which may contain secrets and is removed."""
        file = self.folder / name
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        file.unlink()
        return text
