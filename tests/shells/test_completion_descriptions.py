"""On a terminal zsh and fish describe what they complete, in groups; bash shows the words alone."""

import re

import pytest

from support.machine import Machine
from support.shell_terminal import Terminal

BEFORE = {
    "zsh": "autoload -Uz compinit; compinit -u -D\nzstyle ':completion:*' group-name ''\n"
    "zstyle ':completion:*:descriptions' format '[%d]'\n",
    "fish": "",
}


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
        terminal.press("-l", "role-env configure --cl")
        terminal.press("Tab")
        terminal.wait_for("role-env configure --cloud-sso")
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


def test_fish_offers_the_commands_before_the_profiles(machine: Machine) -> None:
    machine.add(f"[a-profile]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    done = machine.run("fish", "--no-config", "-i", "-c", "role-env init fish | source\ncomplete -C 'role-env '\n")
    found = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert found.index("whoami") < found.index("a-profile")
    assert re.search("^a-profile\tswitchrolesbc of 2222222222222222$", done.stdout, re.MULTILINE)


def test_a_hostile_role_cannot_control_the_terminal(machine: Machine) -> None:
    machine.add("[bad]\nrole_arn = acs:ram::1\x1b[2J:role/\x1b]0;x\x07\nsource_profile = profileA\n")
    done = machine.succeeds("list", "--names", "--described")
    assert done.stdout.replace("\n", "").replace("\t", "").isprintable()
