"""--help of each command, on a terminal of 80 columns; and what is told of a mistyped command."""

import re

import pytest

from role_env.command_table import COMMANDS
from support.machine import Machine
from support.terminal import on_terminal


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_what_it_is_for_two_examples_and_its_exit_statuses(machine: Machine, command: str) -> None:
    screen = on_terminal(machine, command, "--help")
    assert screen.status == 0
    assert max(map(len, screen.lines)) <= 80
    text = "\n".join(screen.lines)
    assert screen.lines[0].startswith(f"usage: role-env {command}")
    sentence = text.split("\n\n")[1]
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    examples = re.search(r"\nexamples:\n((?:  .*\n)+)\nexit statuses:\n((?:  .*\n?)+)$", text)
    assert examples
    assert len(examples[1].splitlines()) >= 2
    assert all("role-env" in line for line in examples[1].splitlines())
    assert examples[2].startswith("  0 ")
    assert "  130, 143  interrupted" in examples[2]


@pytest.mark.parametrize(
    ("command", "told", "untold"),
    [
        ("exec", {125, 126, 127}, {3, 4}),
        ("status", {0, 1, 2}, {3, 4, 5, 6}),
        ("whoami", {3, 4, 5, 6}, {125}),
        ("list", {3}, {4, 5, 6}),
        ("clear", {6}, {4, 5}),
        ("doctor", {1}, {3, 4, 5, 6}),
        ("init", {2}, {3, 4, 5, 6}),
    ],
)
def test_a_command_tells_its_own_exit_statuses_and_no_others(
    machine: Machine, command: str, told: set[int], untold: set[int]
) -> None:
    text = machine.role_env(command, "--help").stdout.split("exit statuses:")[1]
    numbers = {int(number) for number in re.findall(r"^  (\d+) ", text, re.MULTILINE)}
    assert told <= numbers
    assert not untold & numbers


def test_the_help_of_all_names_each_command_and_the_line_for_each_shell(machine: Machine) -> None:
    screen = on_terminal(machine, "--help")
    assert max(map(len, screen.lines)) <= 80
    for command in COMMANDS:
        assert any(line.startswith(f"    {command} ") for line in screen.lines)
    for line in ("source <(role-env PROFILE)", "role-env PROFILE | source", 'eval "$(role-env PROFILE || echo false)"'):
        assert line in screen.raw


@pytest.mark.parametrize(("word", "command"), [("lst", "list"), ("statsu", "status"), ("docter", "doctor")])
def test_a_mistyped_command_is_named_though_it_is_taken_for_a_profile(
    machine: Machine, word: str, command: str
) -> None:
    for arguments, status in (((word,), 3), ((word, "--json"), 2)):
        done = machine.role_env(*arguments)
        assert done.returncode == status
        assert f"if you meant the command, it is role-env {command}\n" in done.stderr
    screen = on_terminal(machine, word, columns=200)
    assert screen.status == 2
    assert screen.lines[-1].endswith(f"; if you meant the command, it is role-env {command}")


@pytest.mark.parametrize("command", ["export", "exec", "process", "whoami", "explain", "console", "login"])
def test_each_command_names_the_nearest_profile(machine: Machine, command: str) -> None:
    done = machine.role_env(command, "profielB", *(["--", "true"] if command == "exec" else []))
    assert done.returncode == (125 if command == "exec" else 3)
    assert "role-env: there is no profile profielB in " in done.stderr
    assert "role-env: hint: the nearest is profileB\n" in done.stderr
