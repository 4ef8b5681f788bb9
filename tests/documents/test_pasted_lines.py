"""Every line to type of every topic and of both READMEs, copied from where a person reads it and pasted into a shell.

Of a topic that is what `role-env help` shows on a terminal of 80 columns, of a README what its Markdown stands for.
"""

import re

import pytest

from role_env.command_table import INTEGRATED_SHELLS, SHELLS
from role_env.ui.reference import text_of
from support.documents import README, TOP, TOPICS, lines_of, topic
from support.machine import Machine
from support.secret_service_bus import require
from support.shells import COMMANDS
from support.terminal import on_terminal

_SYNOPSIS = re.compile(r"\b[A-Z]{4,}\b(?!=)|[…[]|\bX\b|\w\|\w|^role-env (console|exec|init|process|use)$")
"""A line with a placeholder, or without the word that it needs: there is nothing to run, but a shell has to read it."""
_FISH = re.compile(r"(role-env .* \| source|set -gx .*)$")

PROGRAMS = ("aliyun", "aliyunlog", "claude", "code", "docker", "ossutil", "packer", "python", "s", "terraform")
"""What the lines run beside role-env: stand-ins that want a session of profileB, as there is no cloud to talk to."""

NOT_RUN = {
    "role-env configure": "asks, or verifies by a key on stdin: test_readme.py and test_configure.py",
    "role-env login": "asks for a key, or signs a person in: the tests of login",
    "role-env logout": "of the profiles of sign-ins, which these lines sign in: the tests of login",
    "role-env rotate": "asks RAM: test_readme.py, with a stand-in for it",
    "@role-env": "a line of a recipe of make: test_clients.py",
    "pipx": "asks an index: tests/run installs the wheel",
    "tests/run": "it is what runs these tests",
    "tests/sandbox": "makes a venv, and is for a person: test_sandbox.py",
    "uv ": "asks an index: tests/run installs the wheel",
    "pip ": "asks an index: tests/run installs the wheel",
    "role-env exec --renew --listen": "needs a container or another host: test_containers.py",
    "ip address": "needs docker's bridge",
    "role-env setup aliyun-cli --remove": "needs what setup writes: test_setup_remove.py",
    "role-env list --names | xargs": "deletes the keys: the tests of logout",
    **{
        line: f"test_{shell.name}.py"
        for shell in SHELLS.values()
        if shell.dialect not in {SHELLS[name].dialect for name in INTEGRATED_SHELLS}
        for line in (shell.evaluate.format("role-env profileB"), shell.evaluate_code.format("role-env off"))
    },
}
"""What a line begins with that is only read by a shell here, with the reason. Other tests run it.

At the end, the lines for shells of a dialect without an integration, which the tests of that shell run.
"""
ELSEWHERE = ("uninstall", "headless", "recipes")
"""The topics whose lines belong together: test_headless.py and test_recipes.py run them."""


DOCUMENTS = [*TOPICS, README, TOP / "README.ja.md"]
LINES = {line: document.stem for document in reversed(DOCUMENTS) for line in lines_of(document)}
RUN = [
    line
    for line, name in LINES.items()
    if name not in ELSEWHERE and not _SYNOPSIS.search(line) and not line.startswith(tuple(NOT_RUN))
]


def shell_of(line: str) -> str:
    """The shell that runs the line here."""
    return "fish" if _FISH.match(line) else "zsh" if "zsh" in line or "compinit" in line else "bash"


def test_a_terminal_shows_the_lines_that_are_pasted_here(machine: Machine) -> None:
    for document in TOPICS:
        screen = on_terminal(machine, "help", document.stem, environ={"PAGER": ""})
        assert screen.raw.replace("\r\n", "\n") == text_of(document.read_text("utf-8"), columns=80, has_styles=True)


def test_no_line_is_hidden_from_these_tests() -> None:
    assert len(RUN) > 50
    known = {*PROGRAMS, "role-env", "eval", "source", ".", "export", "set", "echo", "ip", "printf", "chmod"}
    known |= {"rm", "sed", "ln", "mkdir", "pass", "age", "age-keygen", "killall", "dbus-run-session"}
    known |= {"pipx", "uv", "pip", "tests/sandbox", "tests/run", "autoload", "alibaba-cloud-idaas"}
    hidden = {line: f"{name}.md" for line, name in LINES.items() if line.split()[0].lstrip("@") not in known}
    assert hidden == {}, "add the programs to PROGRAMS or to the known ones in tests/documents/test_pasted_lines.py"
    unused = [start for start in NOT_RUN if not any(line.startswith(start) for line in LINES)]
    assert unused == [], "no README and no topic has a line that begins like this; see NOT_RUN"


def test_no_line_has_a_sign_of_markdown_or_a_comment() -> None:
    marked = {line: f"{name}.md" for line, name in LINES.items() if re.search(r"\\\||`|  # ", line)}
    assert marked == {}, "leave the sign out, and put a comment elsewhere: at its prompt zsh takes it for words"


@pytest.mark.parametrize("shell", INTEGRATED_SHELLS)
def test_a_shell_can_read_each_line_that_is_for_it(shell: str, machine: Machine) -> None:
    require(shell)
    for line, name in LINES.items():
        if (shell == "fish") is bool(_FISH.match(line)):
            done = machine.run(shell, "-n", "-c", line)
            assert (done.returncode, done.stderr) == (0, ""), f"correct the line in {name}.md: {line}"


@pytest.fixture
def with_programs(person: Machine) -> Machine:
    """A machine with the programs that the lines run, and another profile."""
    for name in PROGRAMS:
        person.write_program(f"bin/{name}", '#!/bin/sh\ntest "$ROLE_ENV_PROFILE" = profileB\n')
    person.environ["PATH"] = f"{person.home / 'bin'}:{person.environ['PATH']}"
    person.add("variables = plain packer\n[other]\nsource_profile = profileA\n")
    person.add(f"role_arn = {person.sts.role_arn}\n")
    policy = topic("agents").read_text("utf-8").split("As `task.json`:")[1].split("```")[1].removeprefix("json")
    (person.home / "task.json").write_text(policy)
    return person


@pytest.mark.parametrize(
    ("document", "shell", "lines"),
    [
        (name, shell, lines[at : at + 8])
        for name, shell in sorted({(LINES[line], shell_of(line)) for line in RUN})
        for lines in [[line for line in RUN if (LINES[line], shell_of(line)) == (name, shell)]]
        for at in range(0, len(lines), 8)
    ],
)
def test_each_line_works_at_a_prompt(document: str, shell: str, lines: list[str], with_programs: Machine) -> None:
    """Each has a session of profileB, and the one that goes back has had another one before it."""
    require(shell)
    status, forget = ("$status", "set -e ROLE_ENV_CACHE") if shell == "fish" else ("$?", "unset ROLE_ENV_CACHE")
    script, use = [SHELLS[shell].load], 'test "$ROLE_ENV_PROFILE" = profileB || role-env use profileB'
    for number, line in enumerate(lines):
        before = ["role-env use other"] if "use -" in line else []
        script += [forget, *before, use, line, f'echo "{number} ends with: {status}"']
    done = with_programs.run(*COMMANDS[shell], "-i", text="\n".join(script) + "\n")
    failed = [line for number, line in enumerate(lines) if f"{number} ends with: 0\n" not in done.stdout]
    advice = (
        f"correct these lines in {document}.md, or name the test that runs them in NOT_RUN (a new shell's line has "
    )
    advice += "to be exactly its Shell.evaluate, which its own tests run)"
    assert failed == [], f"{advice}; {shell} says:\n{done.stderr}"
