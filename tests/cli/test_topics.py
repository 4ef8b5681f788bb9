"""`role-env help TOPIC`: text for a person, on terminals of several widths, in a pager and in a pipe."""

import re
from pathlib import Path

import pytest

import role_env
from role_env.command_table.model import TOPICS
from role_env.ui.reference import text_of
from support.documents import codes, topic
from support.machine import Machine
from support.terminal import on_terminal


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_is_text_without_any_sign_of_markdown(machine: Machine, name: str) -> None:
    text = machine.role_env("help", name).stdout
    assert not re.search(r"`|\*\*|\\\||^ *\||^#+ |\]\(|[\x00-\x09\x0b-\x1f]", text, re.MULTILINE)


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


def test_a_checkout_needs_no_page_that_is_built(machine: Machine) -> None:
    """An editable install runs the files where they are; so does Python here, in the folder of the package."""
    package = Path(role_env.__file__).parent
    copy = machine.home / "checkout" / "role_env"
    machine.run("mkdir", str(copy.parent))
    machine.run("cp", "-r", str(package), str(copy))
    done = machine.run("python", "-m", "role_env", "help", "prompt", PYTHONPATH=str(copy.parent))
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "THE PROMPT")
