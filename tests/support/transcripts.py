"""The runner of `tests/transcripts/*.txt`: what a person types and sees, and what STS was asked.

    A mistyped profile is named with the closest one.        the promise: the test's name, up to the first empty line

    machine: sts, keyring                                    what the machine has, by the names of fixtures
    file: ~/.config/role-env/profiles.ini                    a file is written (mode 0600), with the indented lines
        [profileA]
    line 6: source_profile = profilA                         what is now line 6 of the profiles file; no text: removed
    $ ROLE_ENV_TIMEOUT=5 role-env login profileA             typed in a bash; `role-env` alone: a fork, see fork_server
    < {id}                                                   a line of its stdin
    profileA: …                                              what is seen: stdout, then stderr. `…` is any text, and a
    [exit 3]                                                 line `…` any lines. Without an `[exit N]` the status is 0
    zsh$ role-env use profileB                               typed in a zsh (bash, fish, dash) that lives to the end
    tty$ role-env list                                       the command on a terminal of 300 columns
    sts: AssumeRole 2, GetCallerIdentity 1                   all that the local STS was asked since the start, or `none`
    -- a remark

It is the `machine` of conftest.py, with its canary. Before anything is typed, a transcript says what that machine has
and what is in its profiles file. HOME is `~`, and `{id}`, `{secret}`, `{me}` … stand for its values, both in what is
typed and in what is seen: see values_of; `{time}` and `{minutes}` are any of their form. Each line of stderr begins
with `role-env: ` and none of stdout does; any other is shown behind `2> ` or `1> `. With `[exit 3; false]`, stdout is
the code that only fails a shell. With the option --update, what is seen is written into the files: read it before you
believe it.
"""

import contextlib
import difflib
import functools
import itertools
import os
import pwd
import re
import shlex
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.files import write_private
from support.living_shell import LivingShell, living_shell
from support.machine import Machine
from support.shells import NOTHING_CHANGED
from support.terminal import on_terminal

TOP = Path(__file__).parents[2]
HEAD = re.compile(
    r"(?P<shell>[a-z]*)\$ (?P<typed>.+)|(?P<key>machine|file|sts|line (?P<number>\d+)):(?P<value>.*)|-- .*"
)
BEGINNING = re.compile(r"machine: .+\n(?:.*\n)*?file: ~/\.config/role-env/profiles\.ini\n")
FORMS = {"{time}": r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?", "{minutes}": r"\d\d?"}
FOR_A_SHELL = re.compile(r"[|&;<>$`*~]")


def play(machine: Machine, step: str, request: pytest.FixtureRequest, living: Callable[[str], LivingShell]) -> str:
    """Play a step; return it as it has to be, which is `step` itself where that is what is seen."""
    body = step.rstrip("\n")
    head, *lines = body.split("\n")
    found = HEAD.fullmatch(head)
    assert found, head
    mark = "< " if found["typed"] else "    "
    is_file = found["key"] == "file"
    given = list(itertools.takewhile(lambda line: line.startswith(mark) or (is_file and not line), lines))
    while given and not given[-1]:  # the empty line after a file is not in it
        given.pop()
    value = (found["typed"] or found["value"] or "").strip()
    text = "".join(f"{line.removeprefix(mark)}\n" for line in given)
    for name, meant in values_of(machine).items():
        value, text = value.replace(name, meant), text.replace(name, meant)
    seen: list[str] = []
    if found["typed"]:
        seen = enter(machine, found["shell"], value, text, living)
    elif found["key"] == "machine":
        for name in value.split(", "):
            request.getfixturevalue(name.replace(" ", "_"))
    elif found["key"] == "file":
        write_private(machine.home / value.removeprefix("~/"), text)
    elif found["number"]:
        file = machine.file.read_text("utf-8").splitlines()
        file[int(found["number"]) - 1 : int(found["number"])] = [value] if value else []
        machine.write("\n".join([*file, ""]))
    elif found["key"] == "sts":
        calls = Counter(call.action for call in machine.sts.calls)
        head = f"sts: {', '.join(f'{action} {count}' for action, count in sorted(calls.items())) or 'none'}"
    return "\n".join([head, *given, *agreed(lines[len(given) :], seen)]) + step[len(body) :]


def enter(machine: Machine, shell: str, line: str, text: str, living: Callable[[str], LivingShell]) -> list[str]:
    """Enter a line; return what is seen, with the exit status. `living` gives the shells that live on."""
    words, end = shlex.split(line), ""
    variables = dict(word.split("=", 1) for word in itertools.takewhile(lambda word: "=" in word, words))
    program, *arguments = words[len(variables) :]
    if shell == "tty":
        screen = on_terminal(machine, *arguments, columns=300, environ=variables)
        lines, status = screen.lines, screen.status
    elif shell:
        lines, status = living(shell).see(line)
        machine.reported += lines
    else:
        if program != "role-env" or FOR_A_SHELL.search(re.sub(r"'[^']*'", "", line)):
            done = machine.run("bash", "-c", line, text=text)
        else:
            done = machine.role_env(*arguments, text=text, **variables)
        out, err, status = done.stdout.splitlines(), done.stderr.splitlines(), done.returncode
        if done.stdout == NOTHING_CHANGED:
            out, end = [], "; false"
        lines = [f"1> {each}" if each.startswith("role-env: ") else each for each in out]
        lines += [each if each.startswith("role-env: ") else f"2> {each}" for each in err]
    for name, value in {**values_of(machine), "~": str(machine.home)}.items():
        lines = [line.replace(value, name) for line in lines]
    return lines + [f"[exit {status}{end}]"] * bool(status)


def values_of(machine: Machine) -> dict[str, str]:
    """Return the values of this machine by their names; sessions are numbered."""
    sts = machine.sts
    user, host = pwd.getpwuid(os.getuid()).pw_name, socket.gethostname().partition(".")[0]
    named = {"{sts}": sts.endpoint, "{me}": re.sub(r"[^A-Za-z0-9.@_-]", "-", f"{user}@{host}")[:64]}
    for key in sts.world.keys.values():
        of = "" if key.id == sts.access_key_id else f" of {key.user.name if key.user else 'root'}"
        named |= {f"{{id{of}}}": key.id, f"{{secret{of}}}": key.secret}
    for number, each in enumerate(sts.issued, 1):
        named |= {f"{{id {number}}}": each.id, f"{{secret {number}}}": each.secret, f"{{token {number}}}": each.token}
    return named


def agreed(expected: list[str], seen: list[str]) -> list[str]:
    """Return `expected` if that is what is seen, else what is seen, with the lines of `expected` that fit."""
    if re.fullmatch("".join(map(pattern, expected)), "".join(f"{line}\n" for line in seen)):
        return expected
    fitting = [line for line in expected if line != "…"]
    return [next((each for each in fitting if re.fullmatch(pattern(each), f"{line}\n")), line) for line in seen]


def pattern(line: str) -> str:
    """Return the pattern of an expected line, with its end."""
    if line == "…":
        return r"(?:.*\n)*"
    escaped = re.escape(line).replace("…", ".*")
    for name, form in FORMS.items():
        escaped = escaped.replace(re.escape(name), form)
    return escaped + r"\n"


class Transcript(pytest.File):
    """A transcript, which has one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield its test, by the name of its promise."""
        promise = self.path.read_text("utf-8").partition("\n\n")[0].replace("\n", " ")
        yield pytest.Function.from_parent(self, name=promise, callobj=functools.partial(check, self.path))


def check(path: Path, machine: Machine, request: pytest.FixtureRequest) -> None:
    """Play a transcript, and fail with what differs; with --update, write what is seen."""
    written = path.read_text("utf-8")
    starts = [0, *(found.start() for found in re.finditer(f"^(?:{HEAD.pattern})$", written, re.MULTILINE)), None]
    before_typing = re.split(r"^[a-z]*\$ ", written.partition("\n\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    assert BEGINNING.match(before_typing), (
        "begin with `machine: sts, keyring` and `file: ~/.config/role-env/profiles.ini`"
    )
    promise, *steps = (written[start:end] for start, end in itertools.pairwise(starts))
    with contextlib.ExitStack() as stack:
        living = functools.cache(lambda name: stack.enter_context(contextlib.closing(living_shell(machine, name))))
        seen = "".join([promise, *(play(machine, step, request, living) for step in steps)])
    if request.config.getoption("update"):
        path.write_text(seen, "utf-8")
    elif seen != written:
        difference = difflib.unified_diff(written.split("\n"), seen.split("\n"), "expected", "seen", lineterm="")
        advice = f"if that is what it should be: tests/run {path.relative_to(TOP)} --update, and read the difference"
        pytest.fail("\n".join([promise.strip(), *difference, advice]), pytrace=False)
