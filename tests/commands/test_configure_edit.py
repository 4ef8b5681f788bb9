"""`configure --edit`: an editor on a private copy, and only a valid copy becomes the profiles file."""

import os
import signal
from pathlib import Path

import pytest

from support.files import write_program
from support.machine import Machine
from support.terminal import Person
from support.waiting import wait_until

FOLDER = ".local/state/role-env/edit"
"""The folder of the copy, below HOME."""
GOOD = "\n[more]\nrole_arn = acs:ram::1:role/x\nsource_profile = profileA\n"


def editing(machine: Machine, script: str, *words: str, editor: str = "", name: str = "vim") -> Person:
    """Return a person whose editor is a shell script; its last argument, the copy, is $f."""
    program = write_program(machine.home / "bin" / name, f"#!/bin/sh\nfor f; do :; done\n{script}\n")
    return Person(machine, "configure", "--edit", *words, EDITOR=editor or str(program))


def test_the_editor_gets_a_private_copy_at_the_line_of_the_profile_and_nothing_stays(machine: Machine) -> None:
    seen = machine.home / "seen"
    script = f'stat -c "%a" "$f" "$(dirname "$f")" >{seen}; echo "$@" >>{seen}; echo x >"$f~"; printf "{GOOD}" >>"$f"'
    assert f"{machine.file} was changed" in editing(machine, script, "profileB").ends()
    file_mode, folder_mode, arguments = seen.read_text().splitlines()
    assert (file_mode, folder_mode, arguments.split()[0]) == ("600", "700", "+5")
    assert not (machine.home / FOLDER).exists()
    assert machine.file.read_text().endswith(GOOD)
    assert not Path(arguments.split()[1]).parent.exists()


def test_a_copy_with_new_errors_is_edited_again_or_discarded(machine: Machine) -> None:
    machine.add("[old]\nrole_arn = wrong\n")  # an error from before does not matter
    before = machine.file.read_bytes()
    first = machine.home / "first"
    script = f'if [ -e {first} ]; then sed -i s/rolearn/role_arn/ "$f"; else : >{first}; ' + (
        'printf "\\n[bad]\\nrolearn = acs:ram::1:role/x\\nsource_profile = profileA\\n" >>"$f"; fi'
    )
    person = editing(machine, script)
    person.sees("profile bad: unknown key rolearn")
    person.sees("  hint: did you mean role_arn?")
    person.answers("The copy has new errors: again or discard [again]: ", "nonsense")
    person.answers("again or discard [again]: ", "")
    person.ends()
    assert b"role_arn = acs:ram::1:role/x" in machine.file.read_bytes()
    machine.file.write_bytes(before)
    for answer in ("discard", "d", "n", "no"):
        person = editing(machine, 'printf "not a section\\n" >>"$f"')
        person.answers("again or discard [again]: ", "a")
        person.answers("again or discard [again]: ", answer)
        assert "the copy was discarded, and nothing was changed" in person.ends(130)
        assert machine.file.read_bytes() == before


def test_a_change_by_another_program_meanwhile_is_noticed(machine: Machine) -> None:
    other = "\n# another program\n"
    script = f'printf "{GOOD}" >>"$f"; printf "{other}" >>{machine.file}'
    person = editing(machine, script)
    person.answers("has been changed meanwhile: overwrite or discard: ", "d")
    person.ends(130)
    assert machine.file.read_text().endswith(other)


def test_only_the_change_that_was_asked_about_is_overwritten(machine: Machine) -> None:
    person = editing(machine, f'printf "{GOOD}" >>"$f"; echo "# one" >>{machine.file}')
    asked = "has been changed meanwhile: overwrite or discard: "
    person.sees(asked)
    with machine.file.open("a") as file:
        file.write("# two\n")
    person.types("o\n")
    person.answers(asked, "o")
    person.ends()
    assert GOOD in machine.file.read_text()
    assert "# two" not in machine.file.read_text()


def test_a_copy_that_a_killed_process_has_left_is_removed_by_the_next(machine: Machine) -> None:
    folder, go = machine.home / FOLDER, machine.home / "go"
    waits = f"echo READY; while [ ! -e {go} ]; do sleep 0.1; done"
    killed = editing(machine, f'echo left >"$f.swp"; {waits}')
    killed.sees("READY")
    assert "another role-env configure --edit is open" in editing(machine, "true").ends(5)
    assert machine.sts.access_key_secret in (folder / "profiles.ini").read_text()
    killed.interrupts(signal.SIGKILL)
    go.touch()
    seen = machine.home / "seen"
    editing(machine, f'ls -A "$(dirname "$f")" >{seen}; sleep 1.1').ends()
    assert seen.read_text() == "profiles.ini\n"
    assert not folder.exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -9 $$", "was ended by signal 9, and nothing was changed"),
        ('echo "[half" >"$f"; exit 3', "ended with status 3, and nothing was changed"),
        ('rm "$f"', "the editor left no file to read"),
    ],
)
def test_an_editor_that_fails_changes_nothing(machine: Machine, script: str, said: str) -> None:
    before = machine.file.read_bytes()
    assert said in editing(machine, script).ends(2)
    assert machine.file.read_bytes() == before
    assert not (machine.home / FOLDER).exists()


def test_an_editor_that_leaves_its_window_open_is_waited_for(machine: Machine) -> None:
    go = machine.home / "go"
    script = f'(while [ ! -e {go} ]; do sleep 0.1; done; printf "{GOOD}" >>"$f"; echo SAVED) &'
    person = editing(machine, script, name="gvim")
    person.sees("gvim ended at once: press Enter when you have saved and closed the file")
    go.touch()
    person.sees("SAVED")
    person.presses("m")
    assert "was changed" in person.ends()
    assert GOOD in machine.file.read_text()


def test_an_editor_of_the_terminal_that_is_left_at_once_asks_nothing(machine: Machine) -> None:
    shown = editing(machine, "true").ends()
    assert "is as it was" in shown
    assert "press Enter" not in shown


def test_visual_comes_first_and_may_have_arguments(machine: Machine) -> None:
    seen = machine.home / "seen"
    program = write_program(machine.home / "an editor", f'#!/bin/sh\necho "$1" >{seen}\nsleep 1.1\n')
    person = Person(machine, "configure", "--edit", VISUAL=f"'{program}' --wait", EDITOR="/nonexistent")
    assert "is as it was" in person.ends()
    assert seen.read_text() == "--wait\n"
    person = Person(machine, "configure", "--edit", EDITOR="/nonexistent/editor")
    assert "the editor /nonexistent/editor cannot be run" in person.ends(2)


def test_ctrl_c_is_for_the_editor(machine: Machine) -> None:
    person = editing(machine, f'trap "echo CAUGHT" INT; echo READY; sleep 2; printf "{GOOD}" >>"$f"')
    person.sees("READY")
    person.presses("c")
    person.sees("CAUGHT")
    assert "was changed" in person.ends()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, None])
def test_a_signal_and_a_terminal_that_closes_leave_no_copy(machine: Machine, number: signal.Signals | None) -> None:
    person = editing(machine, "echo READY; sleep 60")
    person.sees("READY")
    assert (machine.home / FOLDER).exists()
    if number:
        person.interrupts(number)
        person.ends(143)
    else:
        person.leaves()
    wait_until(lambda: not (machine.home / FOLDER).exists())


def test_for_no_profile_or_without_a_file_nothing_is_opened(machine: Machine) -> None:
    assert "did you mean profileB?" in editing(machine, "true", "profilB").ends(3)
    os.unlink(machine.file)  # noqa: PTH108
    assert "role-env configure" in editing(machine, "true").ends(3)


def test_a_profile_of_an_included_file_is_edited_there_and_checked_with_all_files(machine: Machine) -> None:
    team = machine.home / "team.ini"
    team.write_text("# ours\n[shared]\nrole_arn = acs:ram::1:role/x\nsource_profile = profileA\n")
    machine.add(f"[include]\npath = {team}\n")
    main, seen = machine.file.read_bytes(), machine.home / "seen"
    person = editing(machine, f'echo "$1" >{seen}; printf "\\n[profileB]\\n" >>"$f"', "shared")
    person.sees(f"{team}, line 6: profile profileB already exists")
    person.answers("again or discard [again]: ", "discard")
    person.ends(130)
    assert seen.read_text() == "+2\n"
    person = editing(machine, 'sed -i "s/role.x/role\\/y/" "$f"', "shared")
    assert f"{team} was changed" in person.ends()
    assert "role/y" in team.read_text()
    assert machine.file.read_bytes() == main


def test_a_profiles_file_that_is_a_symlink_stays_one_and_its_target_is_changed(machine: Machine) -> None:
    target = machine.home / "dotfiles" / "mine.ini"
    target.parent.mkdir(mode=0o700)
    machine.file.rename(target)
    machine.file.symlink_to(target)
    editing(machine, f'printf "{GOOD}" >>"$f"').ends()
    added = ("new", "--role-arn", machine.sts.role_arn, "--source-profile", "profileA")
    machine.succeeds("configure", *added, "--no-verify")
    assert (machine.file.is_symlink(), machine.file.readlink()) == (True, target)
    assert "[more]" in target.read_text()
    assert "[new]" in target.read_text()
