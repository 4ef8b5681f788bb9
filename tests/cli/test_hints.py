"""What hints say to type: one line for each act, which works where it is shown, and never a guess."""

import re
from pathlib import Path

import pytest

from role_env import command_table
from role_env.cli import hints
from role_env.command_table.commands import COMMANDS
from role_env.shells import parent
from support.files import write_program
from support.machine import Machine
from support.shell_terminal import SHELLS, STATUS, init
from support.shells import INTO_SHELL, NOTHING_CHANGED

INTEGRATED = {"ROLE_ENV_INIT": "1.0"}
ENDED = "restore what was set before with: (.*)"


@pytest.mark.parametrize("integrated", [True, False])
def test_after_a_failed_switch_both_ways_on_work_as_they_are_written(machine: Machine, integrated: bool) -> None:
    for shell in SHELLS:
        begin = f"{init(shell)}role-env use {{}}\n" if integrated else INTO_SHELL[shell] + "\n"
        failed = begin.format("profileB") + begin.format("profileA").removeprefix(init(shell))
        done = machine.shell(shell, failed + "role-env status", OSS_ACCESS_KEY_ID="before")
        switched, status = done.stderr.split("role-env: a switch to another profile failed")
        source, use, lost, ways = switched.splitlines()
        assert "profile profileA is only a source, without role_arn" in source
        assert use.startswith("role-env: hint: use a profile with role_arn, such as profileB;")
        assert lost == "role-env: the session of profileB was removed, and this shell has no account now"
        found = re.fullmatch(f"role-env: hint: go back with: (.*); or {ENDED}", ways)
        assert found
        back, off = found.groups()
        assert f"role-env: hint: restore what was set before with: {off}" in status
        assert integrated == (off == "role-env off")
        show = "printf '<%s>' \"$ROLE_ENV_PROFILE $OSS_ACCESS_KEY_ID\"\n"
        done = machine.shell(shell, f"{failed}{back}\n{show}{off}\n{show}", OSS_ACCESS_KEY_ID="before")
        assert re.fullmatch(r"<profileB STS\..*>< before>", done.stdout), done


LINES = {
    "switch profileB": "did you mean role-env use profileB?",
    "assume-role profileB --region cn-x": "did you mean role-env use profileB --region cn-x?",
    "activate": "did you mean role-env use PROFILE?",
    "stop": "did you mean role-env off?",
    "refresh": "did you mean role-env renew?",
    "run profileB -- true": "did you mean role-env exec profileB -- COMMAND?",
    "open profileB": "did you mean role-env console profileB?",
    "ls": "did you mean role-env list?",
    "show profileB": "did you mean role-env explain profileB?",
    "create foo": "did you mean role-env configure foo?",
    "add": "did you mean role-env configure?",
    "rename profileB x": "did you mean role-env configure --edit profileB?",
    "sso login": "did you mean role-env login PROFILE?",
    "rm profileB": "did you mean role-env clear profileB (deletes its cached sessions), role-env logout profileB (its"
    " access key or sign-in in the keyring) or role-env configure --edit profileB (there you delete the profile"
    " itself)?",
    "configure list": "did you mean role-env list?",
    "configure switch --profile profileB": "did you mean role-env use profileB?",
    "production staging": "role-env list shows the profiles, and role-env help the commands",
    "--profile profileB": "leave out --profile: role-env use profileB",
    "--profile profileB whoami": "leave out --profile: role-env whoami profileB",
    "use --profile=profileB": "leave out --profile: role-env use profileB",
    "exec --profile profileB -- true": "leave out --profile: role-env exec profileB -- true",
    "-p profileB": "leave out -p: role-env use profileB",
    "whoami -p profileB": "leave out -p: role-env whoami profileB",
    "gam": "did you mean gamma?",
    "use gam": "did you mean gamma?",
    "use pro": "did you mean profileB?",
    "exec pro -- true": "did you mean profileB?",
    "process prof": "did you mean profileB?",
    "explain pro": "did you mean profileA or profileB?",
    "logout pro": "did you mean profileA or profileB?",
    "use profilA": "did you mean profileA?",
    "use statsu": "list the profiles with: role-env list",
    "exec lsit": "list the profiles with: role-env list",
    "explain switch": "list the profiles with: role-env list",
    "pro": "did you mean profileB, or the command role-env process?",
}
"""What is typed after `role-env`, and the hint of the shell integration. profileA gives no session."""


@pytest.mark.parametrize(("shell", "is_in_session"), [("bash", False), ("bash", True), ("zsh", False), ("fish", False)])
def test_a_mistyped_word_gets_the_right_line_as_a_hint(machine: Machine, shell: str, is_in_session: bool) -> None:
    add_profiles(machine, "gamma")
    # One program makes the hints; of the others, a few show that they get there.
    lines = LINES if shell == "bash" else dict(list(LINES.items())[::5])
    typed = "".join(f"role-env {words}\necho \"<{STATUS[shell]}>\"\necho '|' >&2\n" for words in lines)
    done = machine.shell(shell, init(shell) + "role-env use profileB\n" * is_in_session + typed)
    said = [re.findall("^role-env: hint: (.*)$", part, re.MULTILINE) for part in done.stderr.split("|\n")[:-1]]
    assert {words: found for words, found in zip(lines, said, strict=True) if lines[words] not in found} == {}
    assert set(re.findall(r"^<(\d+)>$", done.stdout, re.MULTILINE)) <= {"2", "3", "125"}
    assert len(machine.sts.calls) == is_in_session
    assert is_in_session or [found for found in said if len(found) > 1] == []


def add_profiles(machine: Machine, *names: str) -> None:
    """Give the machine profiles with these names, all of the role of profileB."""
    for name in names:
        machine.add(f"[{name}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")


def test_many_profiles_that_begin_alike_get_the_command_that_lists_them(machine: Machine) -> None:
    add_profiles(machine, *(f"team-{number}" for number in range(4)))
    assert "hint: list the profiles with: role-env list" in machine.role_env("exec", "team").stderr
    add_profiles(machine, "team")
    assert "hint: did you mean team?" in machine.role_env("exec", "TEAM").stderr


def test_without_the_integration_the_hint_has_the_line_for_the_shell(machine: Machine) -> None:
    done = machine.role_env("switch", "profileB")
    assert done.stdout == NOTHING_CHANGED
    assert 'did you mean eval "$(role-env profileB || echo false)"?' in done.stderr
    done = machine.role_env("switch", "; rm -rf /")
    assert "rm" not in done.stderr
    assert 'did you mean eval "$(role-env PROFILE || echo false)"?' in done.stderr
    assert 'did you mean eval "$(role-env init bash)"?' in machine.role_env("completion").stderr


WORDS = """
switch assume assume-role shell activate deactivate exit unset ls current id show get env edit add new create import
rename delete rm remove run start stop open signin sso refresh completion
"""
"""Words of other tools, none of which role-env has."""


def test_each_word_of_another_tool_is_named_and_gets_a_line(machine: Machine) -> None:
    assert not COMMANDS.keys() & set(WORDS.split())
    for word in [*WORDS.split(), "production"]:
        done = machine.role_env(word, "profileB")
        assert done.stderr.startswith(f"role-env: there is no command or profile {word}\nrole-env: hint: ")
        assert ("hint: did you mean " in done.stderr) == (word != "production")
    for word in hints.ALIYUN_CONFIGURE:
        done = machine.role_env("configure", word, "--profile", "profileB")
        assert done.returncode == 2
        assert done.stderr.startswith(f"role-env: configure {word} is a command of the aliyun CLI, not of role-env\n")
        assert "hint: did you mean " in done.stderr


def test_a_profile_with_the_name_of_such_a_word_works(machine: Machine) -> None:
    words = ("switch", "exit", "completion")
    add_profiles(machine, *words)
    show = "printf '<%s>' \"$ROLE_ENV_PROFILE\"\n"
    done = machine.shell("bash", init("bash") + "".join(f"role-env use {name}\n{show}" for name in words))
    assert (done.stdout, done.stderr) == ("".join(f"<{name}>" for name in words), "")
    done = machine.role_env("switch", "profileB")
    assert "unexpected argument profileB" in done.stderr
    assert "did you mean" not in done.stderr


# ---- which program the parent process is ----


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
    programs = {program: shell.name for shell in command_table.SHELLS.values() for program in shell.programs}
    for program, form in {**programs, "python": "sh", "": "sh"}.items():
        monkeypatch.setattr(parent, "parent_name", lambda name=program: name)
        assert parent.parent_format() == form
