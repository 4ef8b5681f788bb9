"""init at a terminal: a person gets the line for the rc file, and no code."""

import pytest

from support.machine import Machine
from support.terminal import on_terminal

LINES = {
    "bash": ("~/.bashrc", 'eval "$(role-env init bash{})"'),
    "zsh": ("~/.zshrc", 'eval "$(role-env init zsh{})"'),
    "fish": ("~/.config/fish/config.fish", "role-env init fish{} | source"),
}


@pytest.mark.parametrize("options", ["", " --renew", " --no-prompt --renew"])
@pytest.mark.parametrize("shell", LINES)
def test_a_person_gets_the_line_for_the_rc_file_and_its_name(machine: Machine, shell: str, options: str) -> None:
    file, line = LINES[shell]
    screen = on_terminal(machine, "init", shell, *options.split(), columns=200)
    assert screen.status == 2
    assert screen.lines == [
        f"role-env: add this line to {file}: {line.format(options)}",
        "role-env: hint: add --show to see the code that it loads",
    ]


def test_show_prints_the_code_there(machine: Machine) -> None:
    screen = on_terminal(machine, "init", "bash", "--show", columns=200)
    assert screen.status == 0
    assert len(screen.lines) > 500
