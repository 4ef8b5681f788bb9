"""The tab key in each shell: what can follow `role-env`, files and programs, and descriptions in zsh and fish."""

import re

import pytest

from support.files import write_private
from support.machine import Machine
from support.shell_terminal import Terminal

BEFORE = {
    "bash": "",
    "zsh": "autoload -Uz compinit; compinit -u -D\nzstyle ':completion:*' group-name ''\n"
    "zstyle ':completion:*:descriptions' format '[%d]'\n",
    "fish": "",
}
LINES = {
    "whoam": "whoami",
    "prof": "profileB",
    "whoami --js": "whoami --json",
    "use --config other.ini b@x:": "use --config other.ini b@x:1/y",
    "console --site=ch": "console --site=china",
    "use --config oth": "use --config other.ini",
    "use --config=oth": "use --config=other.ini",
    "exec profileB role-en": "exec profileB role-env",
    "exec profileB -- role-en": "exec profileB -- role-env",
    "exec profileB -- cat oth": "exec profileB -- cat other.ini",
}
"""What is typed after `role-env`, and what the tab key makes of it."""


def test_the_tab_key_completes_and_runs_nothing_that_is_typed(machine: Machine, shell: str) -> None:
    write_private(machine.home / "other.ini", "[b@x:1/y]\nrole_arn = acs:ram::1:role/x\n[c]\nrole_arn = x\n")
    with Terminal(machine, shell, before=BEFORE[shell]) as terminal:
        terminal.wait_for_prompt("")
        for begun, whole in LINES.items():
            terminal.press("-l", "--", f"role-env {begun}")
            terminal.press("Tab")
            terminal.wait_for(rf"role-env {re.escape(whole)} *$")
            terminal.press("C-u")
        terminal.press("-l", "--", "role-env use --region $(touch acted) `touch acted` ' prof")
        terminal.press("Tab", "C-u")
        terminal.type("echo reached | tr a-z A-Z", shows="^REACHED$")
    assert not (machine.home / "acted").exists()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_profiles_have_their_role_and_account_and_options_their_help(machine: Machine, shell: str) -> None:
    machine.add(f"[prod:eu/1]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    machine.add("[prod:us]\nrole_arn = acs:ram::3333333333333333:role/ops\nsource_profile = profileA\n")
    with Terminal(machine, shell, before=BEFORE[shell]) as terminal:
        terminal.wait_for_prompt("")
        terminal.press("-l", "role-env use prod")
        terminal.press("Tab", "Tab")
        terminal.wait_for(r"prod:us\W+ops of 3333333333333333")
        terminal.wait_for(r"prod:eu/1\W+switchrolesbc of 2222222222222222")
        terminal.press("C-c")
        terminal.wait_for_prompt("")
        terminal.press("-l", "role-env exec --re")
        terminal.press("Tab", "Tab")
        terminal.wait_for(r"--refresh\W+ignore the cached session")


def test_zsh_shows_commands_and_profiles_in_groups(machine: Machine) -> None:
    with Terminal(machine, "zsh", before=BEFORE["zsh"]) as terminal:
        terminal.wait_for_prompt("")
        terminal.press("-l", "role-env ")
        terminal.press("Tab")
        terminal.wait_for(r"(?s)\[commands\].*\nwhoami +-- ask STS.*\[profiles\]\s+profileB +-- switchrolesbc of 2222")
