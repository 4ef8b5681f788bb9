"""Shells in shells, with role-env's integration and direnv's hook: the innermost evaluates what it is given."""

from pathlib import Path

from support.living_shell import LivingShell, loop
from support.machine import Machine
from support.secret_service_bus import require
from support.shell_terminal import SHELLS
from support.shells import COMMANDS, environment

_FORGET = {"bash": "_role_env_from=999", "zsh": "_role_env_forget", "fish": "set -g ROLE_ENV_PROMPT ''"}
"""What the integration does before each command of a person."""


class NestedShells(LivingShell):
    """A shell, and those that were started in it."""

    def __init__(self, machine: Machine, first: str) -> None:
        require(*SHELLS)
        self.folder = machine.home / "walk"
        self.folder.mkdir()
        self.kinds: list[str] = [first]
        self._entered: list[Path] = []
        for kind in SHELLS:
            for renew in ("", "--renew"):
                text = machine.role_env("init", kind, *filter(None, [renew])).stdout
                clock = "zmodload -F zsh/datetime p:EPOCHSECONDS\n" * (kind == "zsh")  # as in an interactive one
                (self.folder / f"{kind}{renew}").write_text(clock + text + loop(kind))
        super().__init__(self.command(first), machine.environ, self.folder, machine.home)

    def command(self, kind: str, renew: str = "") -> list[str]:
        """Return the words that start a shell; with `renew` as "--renew" its prompt renews the session."""
        return [*COMMANDS[kind], str(self.folder / f"{kind}{renew}")]

    @property
    def kind(self) -> str:
        """The innermost shell."""
        return self.kinds[-1]

    def enter(self, kind: str, prefix: str, renew: str) -> None:
        """Start a shell in the innermost one, by the command `prefix`, which may fail."""
        entering = self.send(f"{prefix} {' '.join(self.command(kind, renew))}\n")
        # Whichever shell is the innermost now evaluates it. That of a `prefix` that failed answers for that before.
        ready = self.send("true\n")
        file, status = self.answer()
        if file == str(entering):
            self.status(ready)
        else:
            assert (file, status) == (str(ready), 0)
            self._entered.append(entering)
            self.kinds.append(kind)

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

    def prompt(self, *, is_hooked: bool = True) -> tuple[str, dict[str, str]]:
        """Do what happens before a command and what the hooks of the next prompt do, if `is_hooked` role-env's own too.

        Return role-env's text, and the environment of a tool that is started there.
        """
        direnv = "direnv export fish | source" if self.kind == "fish" else f'eval "$(direnv export {self.kind})"'
        shown = "${ROLE_ENV_PROMPT:_role_env_from}" if self.kind == "bash" else "$ROLE_ENV_PROMPT"
        hook = "_role_env_prompt" if is_hooked else "true"
        show = f"printf '%s' \"{shown}\" >{self.folder}/prompt"
        self.run(f"{_FORGET[self.kind]}\n{direnv}\n{hook}\n{show}\ncommand env -0 >{self.folder}/environment\n")
        return self.take("prompt"), environment(self.take("environment"))
