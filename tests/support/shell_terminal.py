"""A real terminal: one of the shells in tmux, with an rc file that installs the integration."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from role_env import command_table
from support.machine import Machine
from support.secret_service_bus import require, short_folder
from support.waiting import DEADLINE

SHELLS = command_table.INTEGRATED_SHELLS
POSIX_SHELLS = tuple(
    shell for shell in SHELLS if command_table.SHELLS[shell].dialect == command_table.SHELLS["sh"].dialect
)
"""Those of them that read the code of a POSIX shell."""

HOOK = {"bash": "_role_env_prompt", "zsh": "_role_env_prompt", "fish": "emit fish_prompt"}
"""The line that runs what the integration does before each prompt."""

PROMPT = ">>"
"""What the shells' own prompt is, before the integration puts something at its head."""

_PROMPTS = {
    "bash": f"PS1='{PROMPT} '\n",
    "zsh": f"PS1='{PROMPT} '\nunsetopt prompt_sp\n",
    "fish": f"function fish_prompt; printf '{PROMPT} '; end\nfunction fish_greeting; end\n",
}


def init(shell: str, options: str = "") -> str:
    """Return the line of an rc file that installs the integration."""
    line = f"role-env init {shell} {options}".rstrip()
    return f"{line} | source\n" if shell == "fish" else f'eval "$({line})"\n'


def command(shell: str, folder: Path, rc: str) -> str:
    """Return a line that starts an interactive shell, which reads `rc` (below `folder`) and no other start-up file."""
    folder = folder / f"rc-{shell}"
    folder.mkdir(exist_ok=True)
    file = folder / (".zshrc" if shell == "zsh" else "rc")
    file.write_text(rc, "utf-8")
    return {
        "bash": f"bash --noprofile --rcfile {file} -i",
        "zsh": f"env ZDOTDIR={folder} zsh -d -i",
        "fish": f"fish --no-config -i -C 'source {file}'",
    }[shell]


def export(shell: str, name: str, value: str) -> str:
    """Return the line that exports a variable."""
    return f"set -gx {name} {value}" if shell == "fish" else f"export {name}={value}"


SHOW = "printf '<%s>\\n' \"$ROLE_ENV_PROMPT\""
"""What prints the text of the prompt. It stands in a line with HOOK: before each line the text is emptied."""

LOOK = {shell: f"{hook}; {SHOW}\n" for shell, hook in HOOK.items()}
"""The line that prints the text of a prompt here."""

STATUS = {"bash": "$?", "zsh": "$?", "fish": "$status"}
"""The status of the line before."""


def texts(output: str) -> list[str]:
    """Return what SHOW has printed, each time, with N for the minutes."""
    return [re.sub(r"\d+m", "N", text) for text in re.findall(r"<([^<>$%]*)>", output)]


def interactive(
    machine: Machine, shell: str, lines: str, options: str = "", before: str = "", **environ: str
) -> "subprocess.CompletedProcess[str]":
    """Run lines at the prompts of an interactive shell without a terminal (in fish: in an interactive `-c`)."""
    require(shell)
    script = f"{before}\n{init(shell, options)}{lines}\n"
    if shell == "fish":
        return machine.run("fish", "--no-config", "-i", "-c", script, TERM="xterm", **environ)
    start = ["bash", "--norc", "--noprofile", "-i"] if shell == "bash" else ["zsh", "-f", "-i"]
    return machine.run(*start, text=script, PS1="$ ", TERM="xterm", **environ)


class Terminal:
    """The shell `shell` in a window of 100 columns and 40 lines; `before` is in its rc file before the integration."""

    def __init__(self, machine: Machine, shell: str, options: str = "", *, before: str = "", **environ: str) -> None:
        require(shell, "tmux")
        self._machine = machine
        rc = _PROMPTS[shell] + before + init(shell, options)
        # A server of its own, as the one before may still be ending, and its socket where the path is short enough.
        self._folder = short_folder()
        self._tmux = ["tmux", "-S", str(self._folder / "tmux"), "-f", "/dev/null"]
        self._environ = machine.environ | environ
        start = command(shell, machine.temporary, rc)
        self._run("new-session", "-d", "-x", "100", "-y", "40", "-c", str(machine.home), start)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*self._tmux, "kill-server"], env=self._environ, capture_output=True, check=False)
        shutil.rmtree(self._folder)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], env=self._environ, capture_output=True, text=True, timeout=DEADLINE, check=True
        )
        return done.stdout

    def type(self, line: str, *, shows: str = "", prompt: str | None = None) -> None:
        """Type a line and Enter; wait until the screen shows the pattern `shows`, then for a prompt with `prompt`."""
        if line:
            self._run("send-keys", "-l", line)
        if line and prompt is not None:  # the prompt before the line must not be taken for the next one
            self._wait(re.escape(line[-9:]), self.last_line, enter=False)  # a long line has several rows
        self._run("send-keys", "Enter")
        if shows:
            self.wait_for(shows)
        if prompt is not None:
            self.wait_for_prompt(prompt)

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self._run("send-keys", *keys)

    def screen(self, *, colours: bool = False) -> str:
        """Return what the window shows, lines that have scrolled away included; with `colours` the codes too."""
        return self._run("capture-pane", "-p", "-J", "-S", "-", *(["-e"] if colours else []))

    def last_line(self) -> str:
        """Return the last line that holds something."""
        return next((line for line in reversed(self.screen().split("\n")) if line.strip()), "").rstrip()

    def wait_for(self, pattern: str, *, enter: bool = False) -> re.Match[str]:
        """Wait until the screen shows `pattern`. With `enter`, press Enter for a new prompt meanwhile."""
        return self._wait(pattern, self.screen, enter=enter)

    def wait_for_prompt(self, pattern: str, *, enter: bool = False) -> None:
        """Wait until the last line is a prompt that begins with `pattern`, nothing typed; `enter` is as in wait_for."""
        head = f"{pattern} " if pattern else ""
        self._wait(f"^{head}{PROMPT}$", self.last_line, enter=enter)

    def wait_for_question(self, pattern: str) -> None:
        """Wait until the last line matches `pattern`, with nothing typed behind it."""
        self._wait(f"^{pattern}$", self.last_line, enter=False)

    def _wait(self, pattern: str, look: Callable[[], str], *, enter: bool) -> re.Match[str]:
        end = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, look(), re.MULTILINE)):
            if time.monotonic() > end:
                raise AssertionError(f"no {pattern!r} on the screen:\n{self.screen().rstrip()}")
            time.sleep(0.5 if enter else 0.1)
            if enter:
                self.type("")
        return found
