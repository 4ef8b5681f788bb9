"""The runner of `tests/transcripts/*.txt`: what a person types and sees, and what STS was asked.

    A mistyped profile is named with the closest one.        the promise: the test's name, up to the first empty line

    machine: ram, a disabled key                             what is prepared, by the names in MACHINES
    file: ~/notes                                            a file is written (mode 0600), with the indented lines
        its text
    line 6: source_profile = profilA                         what is now line 6 of the profiles file; no text: removed
    $ ROLE_ENV_TIMEOUT=5 role-env login profileA             what is typed; `role-env` alone is a fork, see fork_server
    < {id}                                                   a line of its stdin
    profileA: …                                              what is seen: stdout, then stderr. `…` is any text, and a
    [exit 3]                                                 line `…` any lines. Without an `[exit N]` the status is 0
    bash$ role-env use profileB                              typed in a bash (zsh, fish, dash) that lives to the end
    tty$ role-env list                                       the command on a terminal of 300 columns
    sts: AssumeRole 2, GetCallerIdentity 1                   all that the local STS was asked since the start, or `none`
    -- a remark

It is the `machine` of conftest.py, with its canary. HOME is `~`, and `{id}`, `{secret}` … stand for its values, both in
what is typed and in what is seen: see Player.values. Each line of stderr begins with `role-env: ` and none of stdout
does; any other is shown behind `2> ` or `1> `. With `[exit 3; false]`, stdout is the code that only fails a shell. No
empty lines are shown at the end. `tests/run tests/transcripts/x.txt --update` writes what is seen into the file; read
it before you believe it.
"""

import difflib
import itertools
import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import ModuleType

import pytest

from cloud.world import Session
from role_env.fingerprint import Fingerprint
from role_env.profiles.endpoint import default_session_name
from support.files import write_private
from support.living_shell import LivingShell, loop
from support.machine import Machine
from support.secret_service_bus import require
from support.shell_terminal import SHELLS, init
from support.shells import COMMANDS, NOTHING_CHANGED
from support.terminal import on_terminal

HEAD = re.compile(
    r"(?P<shell>[a-z]*)\$ (?P<typed>.+)|(?P<key>machine|file|sts|line (?P<number>\d+)):(?P<value>.*)|-- .*"
)
"""The first line of a step."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FOR_A_SHELL = re.compile(r"[|&;<>$`*]")


class Player(ExitStack):
    """Plays the steps of a transcript on a machine."""

    def __init__(self, machine: Machine, request: pytest.FixtureRequest) -> None:
        super().__init__()
        self._machine = machine
        self._request = request
        self._shells: dict[str, LivingShell] = {}

    def play(self, step: str) -> str:
        """Play a step; return it as it has to be, which is `step` itself where that is what is seen."""
        body = step.rstrip("\n")
        head, *lines = body.split("\n")
        found = HEAD.fullmatch(head)
        assert found, head
        mark = "< " if found["typed"] else "    "
        given = list(itertools.takewhile(lambda line: line.startswith(mark), lines))
        value, text = self._filled(found["typed"] or found["value"] or "").strip(), ""
        text = self._filled("".join(f"{line.removeprefix(mark)}\n" for line in given))
        seen: list[str] = []
        if found["typed"]:
            seen = self._type(found["shell"], value, text)
        elif found["key"] == "machine":
            for name in value.split(", "):
                prepare(name, self._machine, self._request)
        elif found["key"] == "file":
            write_private(self._machine.home / value.removeprefix("~/"), text)
        elif found["number"]:
            file = self._machine.file.read_text("utf-8").splitlines()
            file[int(found["number"]) - 1 : int(found["number"])] = [value] if value else []
            self._machine.write("\n".join([*file, ""]))
        elif found["key"] == "sts":
            calls = Counter(call.action for call in self._machine.sts.calls)
            head = f"sts: {', '.join(f'{action} {count}' for action, count in sorted(calls.items())) or 'none'}"
        return "\n".join([head, *given, *agreed(lines[len(given) :], seen)]) + step[len(body) :]

    def _type(self, shell: str, line: str, text: str) -> list[str]:
        """Type a line; return what is seen, with the exit status."""
        machine, fails_a_shell = self._machine, False
        words = [re.sub("(^|=)~/", rf"\1{machine.home}/", word) for word in shlex.split(line)]
        variables = dict(word.split("=", 1) for word in itertools.takewhile(lambda word: "=" in word, words))
        program, *arguments = words[len(variables) :]
        if shell == "tty":
            screen = on_terminal(machine, *arguments, columns=300, environ=variables)
            lines, status = screen.lines if screen.raw else [], screen.status
        elif shell:
            status, shown = self._type_in(shell, line)
            lines = shown.splitlines()
        else:
            if program != "role-env" or FOR_A_SHELL.search(re.sub(r"'[^']*'", "", line)):
                done = machine.run("bash", "-c", line, text=text)
            else:
                done = machine.role_env(*arguments, text=text, **variables)
            fails_a_shell = done.stdout == NOTHING_CHANGED
            out = [] if fails_a_shell else done.stdout.splitlines()
            lines = [f"1> {each}" if each.startswith("role-env: ") else each for each in out]
            lines += [each if each.startswith("role-env: ") else f"2> {each}" for each in done.stderr.splitlines()]
            status = done.returncode
        for name, value in self.values().items():
            lines = [line.replace(value, name) for line in lines]
        while lines and not lines[-1]:
            lines.pop()
        end = f"[exit {status}; false]" if fails_a_shell else f"[exit {status}]"
        return [TIME.sub("{time}", line) for line in lines] + [end] * bool(status)

    def _type_in(self, name: str, line: str) -> tuple[int, str]:
        """Type a line in a living shell, which has the integration; return its status and what is seen."""
        machine = self._machine
        if name not in self._shells:
            require(name)
            folder = machine.temporary / name
            folder.mkdir()
            start = [*COMMANDS[name], "-c", (init(name) if name in SHELLS else "") + loop(name)]
            self._shells[name] = LivingShell(start, machine.environ, folder, machine.home)
            self.enter_context(closing(self._shells[name]))
        shell = self._shells[name]
        begin, end = ("begin", "end") if name == "fish" else ("{", "}")
        status = shell.run(f"{begin}\n{line}\n{end} >{shell.folder}/seen 2>&1\n")
        machine.reported.append(shell.take("seen"))
        return status, machine.reported[-1]

    def values(self) -> dict[str, str]:
        """Return the values of this machine by their names; sessions are numbered."""
        sts, named = self._machine.sts, {"{sts}": self._machine.sts.endpoint, "~": str(self._machine.home)}
        named["{me}"] = default_session_name(Fingerprint(self._machine.environ))
        for key in sts.world.keys.values():
            of = "" if key.id == sts.access_key_id else f" of {key.user.name if key.user else 'root'}"
            named |= {f"{{id{of}}}": key.id, f"{{secret{of}}}": key.secret}
        for number, each in enumerate(sts.issued, 1):
            named |= {f"{{id {number}}}": each.id, f"{{secret {number}}}": each.secret}
            named |= {f"{{token {number}}}": each.token}
        return named

    def _filled(self, text: str) -> str:
        for name, value in self.values().items():
            text = text.replace(name, value) if name != "~" else text
        return text


def agreed(expected: list[str], seen: list[str]) -> list[str]:
    """Return `expected` if that is what is seen, else what is seen, with the lines of `expected` that fit."""
    if re.fullmatch("".join(map(pattern, expected)), "".join(f"{line}\n" for line in seen)):
        return expected
    fitting = [line for line in expected if line != "…"]
    return [next((each for each in fitting if re.fullmatch(pattern(each), f"{line}\n")), line) for line in seen]


def pattern(line: str) -> str:
    """Return the pattern of an expected line, with its end."""
    return r"(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"


class Transcript(pytest.Module):
    """A transcript, as a module with one test."""

    def _getobj(self) -> ModuleType:
        return sys.modules[__name__]

    def collect(self) -> Iterator[pytest.Item]:
        """Yield its test, by the name of its promise."""
        promise = self.path.read_text("utf-8").partition("\n\n")[0].replace("\n", " ")
        yield pytest.Function.from_parent(self, name=promise, callobj=test_of(self.path))


def test_of(path: Path) -> Callable[[Machine, pytest.FixtureRequest], None]:
    """Return the test of a transcript."""

    def test(machine: Machine, request: pytest.FixtureRequest) -> None:
        written = path.read_text("utf-8")
        starts = [0, *(found.start() for found in re.finditer(f"^(?:{HEAD.pattern})$", written, re.MULTILINE)), None]
        promise, *steps = (written[start:end] for start, end in itertools.pairwise(starts))
        with Player(machine, request) as player:
            seen = "".join([promise, *map(player.play, steps)])
        if request.config.getoption("update"):
            path.write_text(seen, "utf-8")
        elif seen != written:
            difference = difflib.unified_diff(written.split("\n"), seen.split("\n"), "expected", "seen", lineterm="")
            pytest.fail("\n".join([promise.strip(), *difference]), pytrace=False)

    return test


# ---- prepared machines ----


def _write_key(machine: Machine, key_id: str, secret: str, more: str = "") -> None:
    """Give profileA another key."""
    text = machine.standard_profiles().replace(machine.sts.access_key_id, key_id)
    machine.write(text.replace(machine.sts.access_key_secret, secret + more))


def _expired_session(machine: Machine) -> None:
    expired = Session("STS.Expired", "SecretOfExpired", "TokenOfExpired", 0, machine.sts.world.role("hub"), "me")
    machine.sts.issued.append(expired)
    _write_key(machine, expired.id, expired.secret, f"\nsecurity_token = {expired.token}")


def _disabled_key(machine: Machine) -> None:
    key = machine.sts.world.key_of("test_user3")
    _write_key(machine, key.id, key.secret)


def _may_assume_strangers(machine: Machine) -> None:
    role, user = machine.sts.world.role("strangers"), machine.sts.world.key_of("test_user1").user
    assert user
    user.may_assume.add(role.arn)
    role.trusts.add("acs:ram::1111111111111111:root")


MACHINES: dict[str, Callable[[Machine], object]] = {
    "a disabled key": _disabled_key,
    "a source session that has expired": _expired_session,
    "hub allows two hours": lambda machine: setattr(machine.sts.world.role("hub"), "max_session_seconds", 7200),
    "standard profiles": lambda machine: machine.write(machine.standard_profiles()),
    "test_user1 may assume strangers": _may_assume_strangers,
    "that key is enabled": lambda machine: setattr(machine.sts.world.key_of("test_user3"), "active", True),
}


def _key_of_days(machine: Machine, days: int) -> None:
    machine.sts.world.keys[machine.sts.access_key_id].created = time.time() - (days + 0.5) * 86400
    machine.log_in("profileA")


def prepare(name: str, machine: Machine, request: pytest.FixtureRequest) -> None:
    """Prepare the machine in the way of this name, which may be a fixture of conftest.py."""
    if found := re.fullmatch(r"a key of (\d+) days in the keyring", name):
        _key_of_days(machine, int(found[1]))
    elif name in MACHINES:
        MACHINES[name](machine)
    else:
        request.getfixturevalue(name)
