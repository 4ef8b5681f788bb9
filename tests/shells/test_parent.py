"""Which program the parent process is."""

from pathlib import Path

import pytest

from role_env.command_table.formats import SHELLS
from role_env.shells import parent
from support.files import write_program


def test_a_bash_before_4_is_known_by_what_it_calls_itself(tmp_path: Path) -> None:
    """Stand-ins for the bash of macOS, which no Linux has."""
    old, new = "3.2.57(1)-release", "5.2.37(1)-release"
    lines = {
        f"GNU bash, version {old} (arm64-apple-darwin23)": old,
        f"GNU bash, Version {old} (x86_64)": old,  # in German
        f"GNU bash, version {new} (x86_64)": "",
    }
    for number, (line, version) in enumerate(lines.items()):
        program = write_program(tmp_path / str(number), f"#!/bin/sh\necho '{line}'\n")
        assert parent.old_bash_version(str(program)) == version
    for program in (Path("/bin/true"), tmp_path / "absent"):
        assert parent.old_bash_version(str(program)) == ""


def test_each_program_of_a_shell_gets_the_shells_format_and_any_other_sh(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = {program: shell.name for shell in SHELLS.values() for program in shell.programs}
    for program, form in {**programs, "python": "sh", "": "sh"}.items():
        monkeypatch.setattr(parent, "parent_name", lambda name=program: name)
        assert parent.parent_format() == form
