"""Which program the parent process is."""

from pathlib import Path

from role_env.shells import parent
from support.files import write_program


def test_a_bash_before_4_is_known_by_what_it_calls_itself(tmp_path: Path) -> None:
    """Stand-ins for the bash of macOS, which no Linux has."""
    for version, old in (("3.2.57(1)-release (arm64-apple-darwin23)", True), ("5.2.37(1)-release", False)):
        program = tmp_path / version.split("(")[0]
        write_program(program, f"#!/bin/sh\necho 'GNU bash, version {version}'\n")
        assert parent.is_old_bash(str(program)) is old
    assert not parent.is_old_bash("/bin/true")
    assert not parent.is_old_bash(str(tmp_path / "absent"))
