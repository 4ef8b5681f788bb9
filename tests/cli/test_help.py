"""The pages of --help and `help`, on a terminal of 80 columns; and what is said about a mistyped command."""

import re
from pathlib import Path

import pytest

import role_env
from role_env import __version__
from role_env.command_table import COMMANDS
from role_env.command_table.model import OBTAINING, TOPICS
from support.machine import Machine
from support.shells import NOTHING_CHANGED
from support.terminal import on_terminal


@pytest.mark.parametrize("command", COMMANDS)
def test_each_page_has_a_summary_two_examples_and_the_exit_statuses(machine: Machine, command: str) -> None:
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
    ("command", "reported", "untold"),
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
def test_a_page_has_its_commands_exit_statuses_and_no_others(
    machine: Machine, command: str, reported: set[int], untold: set[int]
) -> None:
    text = machine.role_env(command, "--help").stdout.split("exit statuses:")[1]
    numbers = {int(number) for number in re.findall(r"^  (\d+) ", text, re.MULTILINE)}
    assert reported <= numbers
    assert not untold & numbers


def test_the_help_of_all_names_each_command_and_the_line_for_each_shell(machine: Machine) -> None:
    screen = on_terminal(machine, "--help")
    assert max(map(len, screen.lines)) <= 80
    for command in COMMANDS:
        assert any(line.startswith(f"    {command} ") for line in screen.lines)
    for line in ("source <(role-env PROFILE)", "role-env PROFILE | source", 'eval "$(role-env PROFILE || echo false)"'):
        assert line in screen.raw


@pytest.mark.parametrize("command", ["export", "exec", "process", "console", "whoami", "explain", "use"])
def test_a_page_has_the_commands_own_options_first_and_below_a_heading_those_of_every_session(
    machine: Machine, command: str
) -> None:
    first, shared = machine.role_env(command, "--help").stdout.split("\noptions of every session:\n")
    named = [set(re.findall(r"^  (--[a-z-]+)", part, re.MULTILINE)) for part in (first, shared)]
    assert named[1] == {option.name for option in OBTAINING}
    assert named[0] == COMMANDS[command].options.keys() - named[1]
    assert "options of every session" not in machine.role_env("list", "--help").stdout


def test_the_page_of_init_has_the_line_of_each_shell_and_the_rc_file_that_it_belongs_in(machine: Machine) -> None:
    lines = machine.role_env("init", "--help").stdout
    for line, file in (
        ('eval "$(role-env init bash)"', ".bashrc"),
        ('eval "$(role-env init zsh)"', ".zshrc"),
        ("role-env init fish | source", ".config/fish/config.fish"),
    ):
        assert re.search(rf"^  {re.escape(line)} +# in ~/{file}$", lines, re.MULTILINE)


@pytest.mark.parametrize(("word", "command"), [("lst", "list"), ("statsu", "status"), ("docter", "doctor")])
def test_a_mistyped_command_is_named_though_it_is_taken_for_a_profile(
    machine: Machine, word: str, command: str
) -> None:
    for arguments, status in (((word,), 3), ((word, "--json"), 2)):
        done = machine.role_env(*arguments)
        assert done.returncode == status
        assert done.stderr.endswith(f"role-env: hint: did you mean role-env {command}?\n")
    screen = on_terminal(machine, word, columns=200)
    assert screen.status == 2
    assert screen.lines[-1] == f"role-env: hint: did you mean role-env {command}?"
    machine.add(f"[{word}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    assert "did you mean --show?" in machine.role_env(word, "--shw").stderr


@pytest.mark.parametrize("command", ["export", "exec", "process", "whoami", "explain", "console", "login"])
def test_each_command_names_the_nearest_profile(machine: Machine, command: str) -> None:
    done = machine.role_env(command, "profielB", *(["--", "true"] if command == "exec" else []))
    assert done.returncode == (125 if command == "exec" else 3)
    assert "role-env: there is no profile profielB in " in done.stderr
    assert "role-env: hint: did you mean profileB?\n" in done.stderr


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)], ids=" ".join)
def test_help_alone_or_of_a_command_is_the_help_option(machine: Machine, words: list[str]) -> None:
    first, second = machine.role_env("help", *words), machine.role_env(*words, "--help")
    assert (first.returncode, first.stdout, first.stderr) == (second.returncode, second.stdout, second.stderr)


def test_each_topic_travels_with_the_command_and_is_printed_into_a_pipe(machine: Machine) -> None:
    folder = Path(role_env.__file__).parent / "help"
    titles = {path.stem: path.read_text("utf-8").splitlines()[0][2:].upper() for path in folder.iterdir()}
    assert titles.keys() == TOPICS.keys()
    for topic in TOPICS:
        done = machine.role_env("help", topic)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[0] == titles[topic]
        assert topic in machine.role_env("help").stdout


def test_an_unknown_topic_is_answered_with_the_closest_command_too(machine: Machine) -> None:
    done = machine.role_env("help", "exce")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "role-env: there is no command or help topic exce\nrole-env: hint: did you mean role-env help exec?\n"
    )
    assert "role-env help shows the commands and topics" in machine.role_env("help", "zzzzzz").stderr


@pytest.mark.parametrize(
    ("word", "meant"), [("exit", "exit-statuses"), ("github", "ci"), ("SSH", "programs"), ("oidc", "sources")]
)
def test_a_word_that_no_topic_is_called_leads_to_the_topic_about_it(machine: Machine, word: str, meant: str) -> None:
    assert f"did you mean role-env help {meant}?" in machine.role_env("help", word).stderr


def test_a_topic_on_a_terminal_is_shown_in_the_persons_pager(machine: Machine) -> None:
    pager = machine.write_program("pager", '#!/bin/sh\necho paged "$1"\nwc -l\n')
    screen = on_terminal(machine, "help", "exit-statuses", environ={"PAGER": f"'{pager}' 'a b'"})
    assert (screen.status, screen.lines[0]) == (0, "paged a b")
    for environ in (
        {"PAGER": ""},
        {"PAGER": "no-such-pager"},
        {"PAGER": "'"},
        {"TERM": "dumb"},
        {"PATH": "/nonexistent"},
    ):
        screen = on_terminal(machine, "help", "exit-statuses", environ=environ)
        assert (screen.status, screen.lines[0]) == (0, "EXIT STATUSES")
    assert machine.role_env("help", "exit-statuses", PAGER=str(pager)).stdout.startswith("EXIT STATUSES")


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (("off", "--format", "fish"), {}, "role-env off prints code for a shell to evaluate, and stdout is a terminal"),
        (("off", "--format", "fish"), {}, "type role-env off | source, or add --show to see the code"),
        (("profileB", "--format", "sh"), {}, 'type eval "$(role-env profileB || echo false)", or add --show to see it'),
        (("profileB", "--format", "bash"), {"ROLE_ENV_INIT": "1"}, "type role-env use profileB, or add --show"),
        (("export", "list", "--format", "fish"), {}, "type role-env export list | source, or add --show"),
        (("profileB", "--format", "json"), {"ROLE_ENV_INIT": "1"}, "type role-env profileB --format json | …, or"),
        (("process", "profileB"), {"ROLE_ENV_INIT": "1"}, "type role-env process profileB | …, or add --show"),
    ],
)
def test_a_terminal_gets_the_line_to_type_instead(
    machine: Machine, arguments: tuple[str, ...], environ: dict[str, str], said: str
) -> None:
    machine.add(f"[list]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    screen = on_terminal(machine, *arguments, columns=200, environ=environ)
    assert screen.status == 2
    assert said in screen.raw
    assert ("secrets" in screen.raw) == (arguments[0] != "off")


def test_the_version_is_printed_by_the_command_and_the_option(machine: Machine) -> None:
    assert machine.role_env("version").stdout == machine.role_env("--version").stdout == f"role-env {__version__}\n"


def test_no_words_at_all_show_a_short_help_on_stderr_and_fail_the_shell(machine: Machine) -> None:
    done = machine.role_env()
    assert (done.returncode, done.stdout) == (2, NOTHING_CHANGED)
    assert done.stderr.startswith("usage: role-env [options] PROFILE\n")
    assert "source <(role-env PROFILE)" in done.stderr
    assert len(done.stderr.splitlines()) <= 12
    screen = on_terminal(machine)
    assert (screen.status, screen.lines[0]) == (2, "usage: role-env [options] PROFILE")


@pytest.mark.parametrize("name", ["help", "version"])
def test_a_new_commands_name_that_is_also_a_profile_is_neither_where_a_shell_reads(machine: Machine, name: str) -> None:
    machine.succeeds(name)
    machine.add(f"[{name}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    done = machine.role_env(name)
    assert (done.returncode, done.stdout) == (2, NOTHING_CHANGED)
    assert done.stderr == (
        f"role-env: {name} is a command, and also a profile\nrole-env: hint: for the profile: role-env export {name}\n"
    )
    assert on_terminal(machine, name).status == 0
    assert machine.role_env("help", "version").stdout.startswith("usage: role-env version")
    assert f'"Profile": "{name}"' in machine.role_env("export", name, "--format", "json").stdout


def test_a_profile_may_be_named_like_any_command(machine: Machine) -> None:
    machine.add(f"[list]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    assert "profileB" in machine.role_env("list").stdout
    assert '"Profile": "list"' in machine.role_env("export", "list", "--format", "json").stdout


@pytest.mark.parametrize("value", ["899", "2h", "43201", "0"])
def test_a_duration_that_the_profile_does_not_allow_is_an_error_of_the_option(machine: Machine, value: str) -> None:
    done = machine.role_env("profileB", "--duration", value)
    assert done.returncode == 2
    assert done.stderr.startswith("role-env: --duration ")
    assert "must be between 900 and 3600 for profile profileB" in done.stderr
    assert "line" not in done.stderr


def test_minutes_and_hours_are_durations_too(machine: Machine) -> None:
    machine.succeeds("profileB", "--duration", "30m", "--min-ttl", "20m")
    assert machine.sts.calls_of("AssumeRole")[-1].duration == "1800"
    machine.succeeds("profileB", "--duration", "1h")
    assert machine.sts.calls_of("AssumeRole")[-1].duration == "3600"
