"""The man page that comes with the installed command: what `man` makes of it on a terminal of 80 columns."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from role_env.command_table import OBTAINING
from role_env.command_table.commands import COMMANDS
from support.documents import TOPICS
from support.secret_service_bus import require
from support.waiting import DEADLINE

PAGE = Path(sys.prefix, "share/man/man1/role-env.1")


@pytest.fixture(scope="module")
def page() -> str:
    """The page as a person reads it. There is no warning but of lines to type that are long."""
    require("man")
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MAN_KEEP_FORMATTING": ""}
    warnings = ["--warnings=w,!break"] if sys.platform == "linux" else []
    done = subprocess.run(["man", *warnings, str(PAGE)], capture_output=True, env=environ, check=True, timeout=DEADLINE)
    assert done.stderr == b""
    return re.sub("\x1b\\[[0-9;]*m|.\b", "", done.stdout.decode("utf-8"))


def test_it_has_each_command_each_option_and_each_topic(page: str) -> None:
    assert page.splitlines()[0].startswith("ROLE-ENV(1)")
    sections = re.split(r"^(?=\S)", page, flags=re.MULTILINE)
    (synopsis,) = [section for section in sections if section.startswith("SYNOPSIS\n")]
    assert [line.strip() for line in synopsis.split("\n")[1:3]] == [
        "role-env [options] PROFILE",
        "role-env COMMAND ...",
    ]
    for topic in TOPICS:
        title = topic.read_text("utf-8").splitlines()[0].removeprefix("# ")
        assert any(section.startswith(f"{title.upper()}\n") for section in sections)
    for command in COMMANDS.values():
        (section,) = [section for section in sections if section.startswith(f"role-env {command.name}\n")]
        own = [name for name, option in command.options.items() if option not in OBTAINING]
        assert not [line for line in (*own, *command.examples) if f"\n    {line}" not in section]
    (shared,) = [section for section in sections if section.startswith("OPTIONS OF EVERY SESSION\n")]
    assert not [option.name for option in OBTAINING if f"\n    {option.name}" not in shared]


def test_its_lines_to_type_are_whole_and_in_the_characters_that_a_shell_reads(page: str) -> None:
    lines = [line.strip() for line in page.splitlines()]
    for line in (
        "source <(role-env profileB)",
        "role-env profileB | source",
        'eval "$(role-env profileB || echo false)"',
        "role-env list --names | xargs -n 1 role-env logout",
        "sed -i.bak '/role-env init/d' ~/.bashrc && rm ~/.bashrc.bak",
    ):
        assert line in lines
    assert not set("’‘‐−`") & set(page)
    assert "*:*e*Secret*, *:*sSecrets" in " ".join(page.split())
