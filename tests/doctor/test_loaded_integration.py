"""What doctor says of the integration in the shell that runs it: is it loaded, and does Tab complete."""

import re

import pytest

from support.doctor import only, read
from support.machine import Machine
from support.shell_terminal import SHELLS, Terminal, init

RC = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_that_has_not_loaded_what_its_rc_file_loads_gets_the_line_to_type(machine: Machine, shell: str) -> None:
    rc = machine.home / RC[shell]
    rc.parent.mkdir(parents=True, exist_ok=True)
    rc.write_text(init(shell))
    done = machine.shell(shell, "role-env doctor --json\ntrue", SHELL=f"/bin/{shell}")
    fault = only(read(done), "shell integration", f"warn {rc} loads it, and this {shell} has not loaded it")
    line = re.findall(f"type (.*), or open a new {shell}, in which role-env must be on PATH", fault)[0]
    done = machine.shell(shell, f"{line}\nrole-env doctor --json\ntrue", SHELL=f"/bin/{shell}")
    assert read(done).faults == {}


COMPINIT = "autoload -U compinit; compinit -u -D\n"


@pytest.mark.parametrize("before", ["", COMPINIT])
def test_doctor_says_that_tab_completes_nothing_where_compinit_has_not_run(machine: Machine, before: str) -> None:
    with Terminal(machine, "zsh", before=before) as terminal:
        terminal.wait_for_prompt("")
        if before:
            terminal.type("role-env doctor", shows="loaded in this zsh", prompt="")
        else:
            said = r"Tab completes nothing after role-env: compinit\s+has\s+not\s+run\s+in\s+this\s+zsh"
            terminal.type("role-env doctor", shows=said, prompt="")
            terminal.wait_for(r"above\s+the\s+line\s+in\s+~/.zshrc,\s+add:\s+autoload\s+-U\s+compinit;\s+compinit")
