"""What completes behind `role-env` in each shell."""

import argparse
import shlex

import pytest
from conftest import Machine
from role_env import cli
from role_env.commands import COMMANDS
from secret_service_bus import require
from shell_terminal import Terminal

SHELLS = ("bash", "zsh", "fish")
# In bash and zsh their own engines, which need a terminal, are left out: only what they are handed is looked at.
BASH = """\
eval "$(role-env init bash)"
COMP_LINE={line} COMP_POINT=${{#COMP_LINE}}
compopt() {{ :; }}
_role_env_complete role-env {word} ''
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """\
eval "$(role-env init zsh)"
compadd() {{ shift; print -rl -- "$@"; }}
_files() {{ print FILES; }}
_command_names() {{ print COMMANDS; }}
_normal() {{ print -r -- NORMAL $CURRENT $words; }}
words=({words}) CURRENT=${{#words}}
_role_env_complete
"""


def offered(machine: Machine, shell: str, line: str) -> list[str]:
    """What is offered for the last word of a line; zsh itself takes those that do not begin with it away."""
    require(shell)
    words = line.split(" ")
    if shell == "bash":
        word = words[-1].replace("=", ":").replace("@", ":").rpartition(":")[2]
        script = BASH.format(line=shlex.quote(line), word=shlex.quote(word))
        done = machine.shell("bash", script)
    elif shell == "zsh":
        done = machine.shell("zsh", ZSH.format(words=" ".join(map(shlex.quote, words))))
    else:
        script = f"role-env init fish | source\ncomplete -C {shlex.quote(line)}"
        done = machine.run("fish", "--no-config", "-i", "-c", script)
    assert done.stderr == ""
    found = [text.split("\t")[0] for text in done.stdout.split("\n") if text]
    return [text for text in found if text.startswith(words[-1])] if shell == "zsh" else found


@pytest.mark.parametrize("shell", SHELLS)
def test_the_first_word_is_a_command_or_a_profile(machine: Machine, shell: str) -> None:
    assert sorted(offered(machine, shell, "role-env ")) == sorted({*COMMANDS, "profileA", "profileB"})
    assert offered(machine, shell, "role-env prof") == ["profileA", "profileB"]


def options_of(name: str) -> set[str]:
    """The long options that the parser of a command knows."""
    actions: list[argparse.Action] = cli._command_parser(name, cli._module(name))._actions
    return {option for action in actions for option in action.option_strings if option.startswith("--")}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_options_of_each_command_are_those_of_its_parser(machine: Machine, shell: str) -> None:
    for name in cli._MODULES:
        assert set(offered(machine, shell, f"role-env {name} --")) == options_of(name), name
    assert set(offered(machine, shell, "role-env profileB --")) == options_of("export")
    assert set(offered(machine, shell, "role-env use profileB --")) == options_of("export") - {"--format", "--show"}
    assert set(offered(machine, shell, "role-env --")) == {"--help", "--version"}


@pytest.mark.parametrize("shell", SHELLS)
def test_profiles_complete_where_one_can_stand_out_of_the_file_that_is_named(machine: Machine, shell: str) -> None:
    other = machine.home / "other.ini"
    other.write_text("[b@x:1/y]\nsource_profile = b@x:2\nrole_arn = acs:ram::1:role/x\n[b@x:2]\naccess_key_id = x\n")
    other.chmod(0o600)
    for line in ("use ", "exec ", "whoami ", "process --refresh ", "clear profileA ", "export --region x "):
        assert offered(machine, shell, f"role-env {line}prof") == ["profileA", "profileB"], line
    assert offered(machine, shell, "role-env use profileA prof") == []
    named = offered(machine, shell, f"role-env use --config {other} b@x:")
    assert named == (["1/y", "2"] if shell == "bash" else ["b@x:1/y", "b@x:2"])
    assert offered(machine, shell, "role-env init z") == ["zsh"]
    assert {"bash", "json"} <= set(offered(machine, shell, "role-env export --format "))
    assert offered(machine, shell, "role-env use --region ") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_files_complete_after_config_and_commands_after_exec(machine: Machine, shell: str) -> None:
    (machine.home / "some.ini").write_text("")
    # Of files bash has its own completion, where nothing is offered to it.
    files = {"bash": [], "zsh": ["FILES"], "fish": ["some.ini"]}[shell]
    with_start = {"zsh": "role-env use --config "}.get(shell, "role-env use --config som")
    assert offered(machine, shell, with_start) == files
    for line in ("exec profileB -- ", "exec --region x profileB "):
        found = offered(machine, shell, f"role-env {line}" + ("" if shell == "zsh" else "role-en"))
        assert found == ["COMMANDS"] if shell == "zsh" else "role-env" in found, line


@pytest.mark.parametrize("shell", SHELLS)
def test_the_tab_key_completes_in_a_terminal(machine: Machine, shell: str) -> None:
    before = "autoload -Uz compinit; compinit -u -D\n" if shell == "zsh" else ""
    with Terminal(machine, shell, before=before) as terminal:
        terminal.wait_for_prompt("")
        terminal.press("role-env who", "Tab")
        terminal.wait_for(r"role-env whoami *$")
        terminal.press("--j", "Tab")
        terminal.wait_for(r"role-env whoami --json *$")
        terminal.press("profileB", "Enter")
        terminal.wait_for(machine.sts.calls[0].action if machine.sts.calls else r"AccountId")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_name_on_the_line_never_acts_when_it_is_completed(machine: Machine, shell: str) -> None:
    for word in ("$(touch acted)", "`touch acted`", "a[$(touch acted)]", "'", '"', "*", "\\"):
        offered(machine, shell, f"role-env use --region {word} {word}")
        offered(machine, shell, f"role-env {word} --")
    assert not (machine.home / "acted").exists()
