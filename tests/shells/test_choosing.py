"""`role-env use` without a profile asks for one in each shell: by numbers, or in fzf."""

from pathlib import Path

import pytest

from support.files import write_program
from support.machine import Machine
from support.secret_service_bus import require
from support.shell_terminal import STATUS, Terminal

QUESTION = r"Profile: a number, or a part of a name, account or role \(Enter for none\): *"


@pytest.fixture
def chosen_from(machine: Machine) -> Machine:
    """A machine with three profiles that give a session, and one that is only a source."""
    for name, role in (("production", "3333333333333333:role/ops"), ("other", "4444444444444444:role/ops-reader")):
        machine.add(f"[{name}]\nrole_arn = acs:ram::{role}\nsource_profile = profileA\n")
    return machine


def test_an_empty_answer_ctrl_c_and_ctrl_d_change_nothing(chosen_from: Machine, shell: str) -> None:
    chosen_from.hide("fzf")
    with Terminal(chosen_from, shell) as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt=r"profileB≠? \d+m")
        for leave in ("Enter", "C-c", "C-d"):
            terminal.type("role-env use")
            terminal.wait_for_question(QUESTION)
            terminal.press(leave)
            terminal.wait_for_prompt(r"profileB≠? \d+m")
            # After Ctrl-C in a substitution, zsh itself ends the function with 1.
            status = 1 if (shell, leave) == ("zsh", "C-c") else 130
            terminal.type(f"echo {leave} {STATUS[shell]}", shows=f"^{leave} {status}$", prompt=r"profileB≠? \d+m")
        assert terminal.screen().count("role-env: no profile was chosen, and nothing was changed") == 2
    assert len(chosen_from.sts.calls) == 1


def test_a_part_narrows_the_list_an_invalid_answer_asks_again_and_one_match_is_taken(
    chosen_from: Machine, shell: str
) -> None:
    chosen_from.hide("fzf")
    with Terminal(chosen_from, shell) as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use", shows=rf"^ *1 +profileB .*\n *2 +production .*\n *3 +other .*\n{QUESTION}")
        assert "profileA" not in terminal.screen()
        terminal.type("nowhere", shows=rf"none of them contains nowhere\n{QUESTION}")
        terminal.type("9", shows=rf"type a number from 1 to 3, or a part of a name\n{QUESTION}")
        narrowed = r"^ *2 +production .*\n *3 +other .*\n +2 of them contain OPS: type more of one, or its number\n"
        terminal.type("OPS", shows=narrowed + QUESTION)
        assert chosen_from.sts.calls == []
        terminal.type("SwitchRole", prompt=r"profileB≠? \d+m")
    assert len(chosen_from.sts.calls) == 1


def test_fzf_chooses_where_it_is_installed_and_its_escape_changes_nothing(chosen_from: Machine, shell: str) -> None:
    require("fzf")
    with Terminal(chosen_from, shell) as terminal:
        terminal.wait_for_prompt("")
        for leave in ("Escape", "C-c", "C-d"):
            terminal.type("role-env use", shows=r"^ *3/3")
            terminal.press(leave)
            terminal.wait_for_prompt("")
            terminal.type(f"echo {leave} {STATUS[shell]}", shows=f"^{leave} 130$", prompt="")
        terminal.type("role-env use --region cn-x", shows=r"^ *3/3")
        terminal.type("switchroles", prompt=r"profileB≠? \d+m")
        terminal.type("echo $ALICLOUD_REGION", shows="^cn-x$")
        assert terminal.screen().count("role-env: no profile was chosen, and nothing was changed") == 3
    assert len(chosen_from.sts.calls) == 1


def test_use_names_the_file_in_which_no_profile_gives_a_session(machine: Machine, shell: str, tmp_path: Path) -> None:
    write_program(tmp_path / "fzf", "#!/bin/sh\necho asked >&2\n")
    machine.write("[profileA]\naccess_key_id = LTAI.x\naccess_key_secret = y\n")
    with Terminal(machine, shell, PATH=f"{tmp_path}:{machine.environ['PATH']}") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use", shows=f"role-env: no profile in {machine.file} gives a session", prompt="")
        assert "asked" not in terminal.screen()
