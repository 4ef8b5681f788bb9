"""The pages of --help and `help`, on a terminal of 80 columns."""

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

import role_env
from role_env import __version__
from role_env.command_table import OBTAINING, TOPICS
from role_env.command_table.commands import COMMANDS
from role_env.ui.reference import text_of
from support.documents import codes, topic
from support.machine import ROLE_ENV, Machine
from support.terminal import on_terminal
from support.waiting import DEADLINE


@functools.cache
def printed(*words: str) -> str:
    """Return what the installed command prints into a pipe, for which it needs no machine."""
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    done = subprocess.run([ROLE_ENV, *words], env=environ, capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert done.stderr == ""
    return done.stdout


def too_long(text: str) -> list[str]:
    """Return the lines that are wider than the terminal."""
    return [line for line in text.splitlines() if len(line) > 80]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_page_has_a_summary_two_examples_and_the_exit_statuses(command: str) -> None:
    text = printed(command, "--help")
    assert too_long(text) == [], f"shorten the examples of {command} in command_table/"
    assert text.startswith(f"usage: role-env {command}")
    sentence = text.split("\n\n")[1]
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    examples = re.search(r"\nexamples:\n((?:  .*\n)+)\nexit statuses:\n((?:  .*\n)+)$", text)
    assert examples
    assert len(examples[1].splitlines()) >= 2
    assert all("role-env" in line for line in examples[1].splitlines())
    assert examples[2].startswith("  0 ")
    assert "  130, 143  interrupted" in examples[2]


def test_help_alone_or_of_a_command_is_the_help_option_on_a_terminal_too(machine: Machine) -> None:
    for words in ((), *((command,) for command in COMMANDS)):
        screen = on_terminal(machine, "help", *words, environ={"PAGER": ""})
        assert (screen.status, screen.lines) == (0, printed(*words, "--help").splitlines()), words


def test_the_help_of_all_names_each_command_and_the_line_for_each_shell() -> None:
    text = printed("--help")
    assert [line.split()[1] for line in text.splitlines()[:3]] == ["configure", "use", "off"]
    assert too_long(text) == [], (
        "shorten these; a shell's line is Shell.evaluate, Shell.readers in command_table/__init__.py"
    )
    assert [command for command in COMMANDS if f"\n    {command} " not in text] == []
    for line in ("source <(role-env PROFILE)", "role-env PROFILE | source", 'eval "$(role-env PROFILE || echo false)"'):
        assert line in text


@pytest.mark.parametrize("command", ["export", "exec", "process", "console", "whoami", "explain", "use"])
def test_a_page_has_the_commands_own_options_first_and_below_a_heading_those_of_every_session(command: str) -> None:
    first, shared = printed(command, "--help").split("\noptions of every session:\n")
    named = [set(re.findall(r"^  (--[a-z-]+)", part, re.MULTILINE)) for part in (first, shared)]
    assert named[1] == {option.name for option in OBTAINING}
    assert named[0] == COMMANDS[command].options.keys() - named[1]
    assert "options of every session" not in printed("list", "--help")


def test_each_topic_travels_with_the_command_and_is_printed_into_a_pipe_without_any_sign_of_markdown() -> None:
    folder = Path(role_env.__file__).parent / "help"
    titles = {path.stem: path.read_text("utf-8").splitlines()[0][2:].upper() for path in folder.iterdir()}
    assert titles.keys() == TOPICS.keys()
    for name in TOPICS:
        text = printed("help", name)
        assert text.splitlines()[0] == titles[name]
        signs = r"`|\*\*|\\\||^ *\||^#+ |\]\(|[\x00-\x09\x0b-\x1f]"
        assert re.findall(signs, text, re.MULTILINE) == [], name
        assert name in printed("help")


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


def test_the_overview_is_shown_in_the_pager_too_for_it_is_longer_than_a_terminal(machine: Machine) -> None:
    pager = machine.write_program("pager", "#!/bin/sh\necho paged\nwc -l\n")
    screen = on_terminal(machine, "help", environ={"PAGER": str(pager)})
    assert (screen.status, screen.lines[0]) == (0, "paged")
    assert on_terminal(machine, "help", environ={"PAGER": ""}).lines[0].startswith("role-env configure ")
    assert machine.role_env("help", PAGER=str(pager)).stdout == printed("help")


def test_the_version_is_printed_by_the_command_and_the_option() -> None:
    assert printed("version") == printed("--version") == f"role-env {__version__}\n"


# ---- topics ----


@pytest.mark.parametrize("columns", [200, 80, 50])
@pytest.mark.parametrize("name", TOPICS)
def test_what_is_set_as_code_is_whole_on_one_line_however_wide_the_terminal_is(name: str, columns: int) -> None:
    source = topic(name).read_text("utf-8")
    text = text_of(source, columns=columns, has_styles=False)
    prose = re.sub(r"^ *```.*?^ *```$", "", source, flags=re.MULTILINE | re.DOTALL)
    unescaped = " ".join(prose.replace("\\|", "|").split())
    assert [code for code in codes(unescaped) if code not in text] == []
    fenced = re.findall(r"^ *```\w*\n(.*?)^ *```$", source, re.MULTILINE | re.DOTALL)
    lines = {line.strip() for line in text.splitlines()}
    assert [line for block in fenced for line in block.splitlines() if line.strip() not in lines] == []


@pytest.mark.parametrize("name", TOPICS)
def test_a_line_of_prose_fits_the_terminal_and_is_at_most_80_columns_wide(name: str) -> None:
    for columns, most in ((50, 50), (80, 80), (200, 80)):
        text = text_of(topic(name).read_text("utf-8"), columns=columns, has_styles=True)
        # Code is whole, however long it is, and a table as wide as the terminal.
        prose = [line for line in text.splitlines() if "\x1b[36m" not in line and "  " not in line.strip()]
        assert not [line for line in prose if len(re.sub("\x1b\\[[0-9;]*m", "", line)) > most]


def test_a_terminal_shows_headings_and_code_in_styles_and_a_pipe_none(machine: Machine) -> None:
    plain = machine.role_env("help", "prompt").stdout
    screen = on_terminal(machine, "help", "prompt", environ={"PAGER": ""})
    assert "\x1b[1mTHE PROMPT\x1b[0m" in screen.raw
    assert "\x1b[36mrole-env status\x1b[0m explains" in screen.raw
    assert "\n".join(screen.lines) + "\n" == re.sub(" +$", "", plain, flags=re.MULTILINE)
    for environ in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_terminal(machine, "help", "prompt", environ={"PAGER": "", **environ}).raw


def test_a_pager_gets_styles_only_if_it_passes_them_on(machine: Machine) -> None:
    for name, environ, is_styled in (
        ("less", {}, True),
        ("less -R", {"LESS": "-i"}, True),
        ("less", {"LESS": "-i"}, False),
        ("most", {}, False),
    ):
        machine.write_program(name.split()[0], '#!/bin/sh\ngrep -c "\033" | sed "s/^0$/plain/"\n')
        pager = str(machine.home / name)
        screen = on_terminal(machine, "help", "prompt", environ={"PAGER": pager, **environ})
        assert (screen.lines[-1] != "plain") is is_styled
