"""What a command that takes a profile says of a name that is none, and of a profile that a narrowed session refuses."""

import re

import pytest

from support.machine import Machine
from support.shell_terminal import SHELLS as INTEGRATED
from support.shell_terminal import init
from support.shells import INTO_SHELL, SHELLS

HINTS = {
    "use pro": "did you mean profileB?",
    "exec pro -- true": "did you mean profileB?",
    "console pro": "did you mean profileB?",
    "export pro": "did you mean profileB?",
    "process prof": "did you mean profileB?",
    "explain pro": "did you mean profileA or profileB?",
    "whoami pro": "did you mean profileA or profileB?",
    "login pro": "did you mean profileA or profileB?",
    "clear pro": "did you mean profileA or profileB?",
    "logout pro": "did you mean profileA or profileB?",
    "use profilA": "did you mean profileA?",
    "use statsu": "list the profiles with: role-env list",
    "exec lsit": "list the profiles with: role-env list",
    "explain switch": "list the profiles with: role-env list",
    "pro": "did you mean profileB, or the command role-env process?",
}
"""What is typed after `role-env`, and the hint of the shell integration. profileA gives no session."""


@pytest.mark.parametrize("is_in_session", [False, True])
def test_a_command_suggests_profiles_only_and_first_those_that_it_can_use(
    machine: Machine, shell: str, is_in_session: bool
) -> None:
    typed = "role-env use profileB\n" * is_in_session + "".join(f"role-env {words}\n" for words in HINTS)
    done = machine.shell(shell, init(shell) + typed)
    found = re.findall("hint: (did you mean .*|list the profiles .*)$", done.stderr, re.MULTILINE)
    assert dict(zip(HINTS, found, strict=True)) == HINTS


def test_many_profiles_that_begin_alike_are_listed_by_the_command_for_that(machine: Machine) -> None:
    for number in range(4):
        machine.add(f"[team-{number}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    assert "hint: list the profiles with: role-env list" in machine.role_env("exec", "team").stderr
    machine.add(f"[team]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    assert "hint: did you mean team?" in machine.role_env("exec", "TEAM").stderr


SHOW = "printf '<%s>' \"$ROLE_ENV_PROFILE/$ROLE_ENV_POLICY\"\n"


@pytest.mark.parametrize(
    ("shell", "integrated"), [*((shell, True) for shell in INTEGRATED), *((shell, False) for shell in SHELLS)]
)
def test_a_refused_wider_session_has_both_ways_on_as_whole_lines(
    machine: Machine, shell: str, integrated: bool
) -> None:
    machine.add(f"[audit]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\nread_only = yes\n")
    use = "role-env use {}\n" if integrated else f"{INTO_SHELL[shell]}\n"
    lines = init(shell) * integrated + use.format("audit") + SHOW + use.format("profileB")
    done = machine.shell(shell, lines + use.format("profileB"))
    found = re.findall("^role-env: hint: type (.*), or first (.*)$", done.stderr, re.MULTILINE)
    assert len(found) == 2
    assert len(set(found)) == 1
    full, off = found[0]
    done = machine.shell(shell, f"{lines}{full}\n{SHOW}")
    assert done.stdout == "<audit/read-only><profileB/>"
    done = machine.shell(shell, f"{lines}{off}\n{use.format('profileB')}{SHOW}")
    assert done.stdout == "<audit/read-only><profileB/>"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("exec profileB -- true", "role-env exec profileB --full -- COMMAND"),
        ("process profileB", "role-env process profileB --full"),
        ("whoami profileB", "role-env whoami profileB --full"),
        ("export profileB --format json", "role-env export profileB --full --format json"),
        (
            "export profileB --config {file} --format dotenv",
            "role-env export profileB --full --config {file} --format dotenv",
        ),
    ],
)
def test_each_command_has_its_own_line_for_a_wider_session(machine: Machine, words: str, line: str) -> None:
    typed = f"role-env {words}".format(file=machine.file)
    done = machine.shell("bash", f"source <(role-env profileB --read-only)\n{typed}\n")
    assert f"hint: type {line}, or first eval".format(file=machine.file) in done.stderr
    followed = line.format(file=machine.file).replace("COMMAND", "true")
    done = machine.shell("bash", f"source <(role-env profileB --read-only)\n{followed} && echo done\n")
    assert done.stdout.endswith("done\n"), done.stderr
