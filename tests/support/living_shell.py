"""A shell that goes on living, and evaluates one text after another; one with shells in it, too."""

import itertools
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from role_env.credentials import Session
from role_env.shells import export as exporters
from support.machine import Machine
from support.secret_service_bus import require
from support.shell_terminal import SHELLS, init
from support.shells import CLEAN, COMMANDS, FORMATS, encoded, environment, exported
from support.waiting import DEADLINE


def loop(shell: str) -> str:
    """Return the code with which a shell evaluates each file whose name it reads, and writes the name and the status.

    The name `leave` ends it.
    """
    if shell == "fish":
        return "while read -l file; if test $file = leave; exit 0; end; source $file; echo $file $status; end\n"
    evaluate = 'eval "$(command cat "$file")"' if shell == "dash" else '. "$file"'  # dash's . fails under -e
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

    def see(self, line: str) -> tuple[list[str], int]:
        """Evaluate a line; return what is seen, and its status."""
        group = "begin\n{}\nend" if self.folder.name == "fish" else "{{\n{}\n}}"
        status = self.run(f"{group.format(line)} >{self.folder}/seen 2>&1\n")
        return self.take("seen").splitlines(), status

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
        assert self._process.stdout
        name, _, status = self._process.stdout.readline().rpartition(" ")
        assert name == str(file), (name, file, self._process.poll(), self.errors())
        file.unlink()
        return int(status)

    def errors(self) -> str:
        """Return what has been written to stderr."""
        return (self.folder / "errors").read_text("utf-8", "replace")

    def take(self, name: str) -> str:
        """Return what the shell has written to a file in the folder, which may contain secrets and is removed."""
        file = self.folder / name
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        file.unlink()
        return text


def living_shell(machine: Machine, name: str) -> LivingShell:
    """Start a shell, with the integration if it has one; its home is the machine's."""
    require(name)
    folder = machine.temporary / name
    folder.mkdir()
    start = [*COMMANDS[name], "-c", (init(name) if name in SHELLS else "") + loop(name)]
    return LivingShell(start, machine.environ, folder, machine.home)


class ExportedShell(LivingShell):
    """A shell that evaluates the exporters' texts, each made from the variables that it exports at that moment.

    `settings` are lines that it runs first.
    """

    def __init__(self, shell: str, folder: Path, *, settings: str = "", **environ: str) -> None:
        command = COMMANDS.get(shell, tuple(shell.split()))
        require(command[0])
        self.shell = shell
        self.fish = shell == "fish"
        self.form = FORMATS.get(shell, "sh")
        super().__init__([*command, "-c", settings + loop(shell)], CLEAN | environ, folder, folder)

    def exported(self) -> dict[str, str]:
        """Return what it exports, empty values aside."""
        self.run("command env -0 >exported")
        return {name: value for name, value in exported(encoded(self.take("exported"))).items() if value}

    def leftovers(self) -> set[str]:
        """Return the variables of role-env's own that it has."""
        self.run("set -n >variables" if self.fish else "set >variables")
        words = (line.partition("=")[0] for line in self.take("variables").splitlines())
        return {word for word in words if word.startswith(("_role_env_", "_re_")) and word.isidentifier()}

    def put(self, values: Mapping[str, str]) -> None:
        """Export variables, as the user does; an empty value unsets one."""
        assert self.run("".join(self._line(name, value) for name, value in values.items())) == 0

    def _line(self, name: str, value: str) -> str:
        if self.fish:
            return f"set -gx {name} {exporters.quote(value, 'fish')}\n" if value else f"set -e -g {name}; or true\n"
        return f"export {name}={exporters.quote(value, 'sh')}\n" if value else f"unset {name}\n"

    def session(self, made: Session) -> int:
        """Switch to a session; return the status."""
        return self.run(exporters.export(made, self.form, self.exported()))

    def renew(self, made: Session) -> int:
        """Renew the session; return the status."""
        return self.run(exporters.renewal(made, self.form, self.exported()))

    def off(self) -> int:
        """End the session; return the status."""
        return self.run(exporters.off(self.form, self.exported()))

    def fail(self, *, take_away: bool = True) -> int:
        """Fail to switch; return the status."""
        return self.run(exporters.failure(self.form, self.exported(), take_away=take_away))


_FORGET = {"bash": "_role_env_from=999", "zsh": "_role_env_forget", "fish": "set -g ROLE_ENV_PROMPT ''"}
"""What the integration does before each command of a person."""


class NestedShells(LivingShell):
    """A shell, and those that were started in it."""

    def __init__(self, machine: Machine, first: str) -> None:
        require(*SHELLS)
        self.folder = machine.home / "shells"
        self.folder.mkdir()
        self.kinds: list[str] = [first]
        self._entered: list[Path] = []
        for kind in SHELLS:
            text = machine.role_env("init", kind).stdout
            clock = "zmodload -F zsh/datetime p:EPOCHSECONDS\n" * (kind == "zsh")  # as in an interactive one
            (self.folder / kind).write_text(clock + text + loop(kind))
        super().__init__(self.command(first), machine.environ, self.folder, machine.home)

    def command(self, kind: str) -> list[str]:
        """Return the words that start a shell."""
        return [*COMMANDS[kind], str(self.folder / kind)]

    @property
    def kind(self) -> str:
        """The innermost shell."""
        return self.kinds[-1]

    def enter(self, kind: str, prefix: str) -> None:
        """Start a shell in the innermost one, by the command `prefix`."""
        self._entered.append(self.send(f"{prefix} {' '.join(self.command(kind))}\n"))
        self.kinds.append(kind)
        assert self.run("true\n") == 0

    def leave(self) -> None:
        """End the innermost shell."""
        self.write("leave")
        self.kinds.pop()
        self.status(self._entered.pop())

    def close(self) -> None:
        """End them all."""
        while len(self.kinds) > 1:
            self.leave()
        super().close()

    def prompt(self) -> tuple[str, dict[str, str]]:
        """Do what happens before a command and what the hook of the next prompt does.

        Return role-env's text, and the environment of a tool that is started there.
        """
        shown = "${ROLE_ENV_PROMPT:_role_env_from}" if self.kind == "bash" else "$ROLE_ENV_PROMPT"
        show = f"printf '%s' \"{shown}\" >{self.folder}/prompt"
        self.run(f"{_FORGET[self.kind]}\n_role_env_prompt\n{show}\ncommand env -0 >{self.folder}/environment\n")
        return self.take("prompt"), environment(self.take("environment"))
