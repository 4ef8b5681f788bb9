"""Somebody who meets a hint and follows it as a person would.

A hint's text, taken from stderr, has to match one of HINTS, which does what that says. It runs the command in it, types
the word in it, or changes the line of the profiles file that the message names.
"""

import difflib
import functools
import json
import re
import shlex
from collections.abc import Callable

from cloud.world import Session
from support.machine import Machine
from support.mistakes import KEY, ROLE, SESSION, Mistake
from support.shell_terminal import init
from support.terminal import on_terminal

Deed = Callable[..., str | None]
"""What somebody does by a hint, who comes first, with its words; it returns what it has printed."""


class Newcomer:
    """Somebody who types a line, reads what is said, and does what the hint says."""

    def __init__(self, machine: Machine, mistake: Mistake) -> None:
        self.machine = machine
        sts = machine.sts
        disabled = sts.world.key_of("test_user3")
        expired = Session("STS.Expired", "SecretOfExpired", "TokenOfExpired", 0, sts.world.role("hub"), "newcomer")
        sts.issued.append(expired)
        self._values: dict[str, object] = {"file": machine.file, "role": sts.role_arn, "endpoint": sts.endpoint}
        self._values |= {"id": sts.access_key_id, "secret": sts.access_key_secret}
        self._values |= {"disabled_id": disabled.id, "disabled_secret": disabled.secret}
        self._values |= {"expired_id": expired.id, "expired_secret": expired.secret, "expired_token": expired.token}
        self.line, self.in_bash = mistake.typed, mistake.in_bash
        self.text = self.filled(mistake.text)
        self.environ = {name: self.filled(value) for name, value in mistake.environ.items()}
        self.message = self.hint = ""

    def filled(self, text: str, *words: str) -> str:
        """Return a text of the table with the machine's own values, and with `words`."""
        return text.format(*words, **self._values)

    def type(self, line: str = "") -> tuple[int, str, str]:
        """Type a line, or that of the mistake, and return its status, stdout and stderr."""
        if self.in_bash:
            return self.type_in_bash(init("bash"), line or self.line)
        program, *words = shlex.split(line or self.line)
        assert program in ("role-env", "chmod")
        run = self.machine.role_env if program == "role-env" else functools.partial(self.machine.run, program)
        done = run(*words, text=self.text, **self.environ)
        return done.returncode, done.stdout, done.stderr

    def type_at_terminal(self) -> tuple[int, str]:
        """Type the line at a terminal, and return its status and what is seen."""
        screen = on_terminal(self.machine, *shlex.split(self.line)[1:], columns=300, environ=self.environ)
        return screen.status, "\n".join(screen.lines) + "\n"

    def type_in_bash(self, *lines: str) -> tuple[int, str, str]:
        """Type lines in bash; return the last one's status, SESSION if bash then has one, and stderr."""
        script = "\n".join([*lines, 'status=$?; printf "%s" "${ROLE_ENV_PROFILE+ROLE_ENV_PROFILE}"; exit $status'])
        done = self.machine.shell("bash", script)
        return done.returncode, done.stdout, done.stderr

    def evaluate(self, *lines: str) -> str:
        """Type lines in bash, and return SESSION if it then has one."""
        status, shown, err = self.type_in_bash(*lines)
        assert (status, err) == (0, "")
        return shown

    def change_line(self, change: Callable[[str], str]) -> None:
        """Change the line of the profiles file that the message names; an empty text removes it."""
        found = re.search(r", line (\d+)", self.message)
        assert found
        lines = self.machine.file.read_text("utf-8").splitlines(keepends=True)
        number = int(found[1]) - 1
        changed = change(lines[number].rstrip("\n"))
        lines[number : number + 1] = [f"{changed}\n"] if changed else []
        self.machine.write("".join(lines))

    def follow(self) -> str:
        """Do what the hint says; return what that has printed, where nothing has to be typed again."""
        matches = [(deed, found) for pattern, deed in HINTS if (found := re.fullmatch(pattern, self.hint))]
        assert len(matches) == 1, f"nobody knows how to follow: {self.hint}"
        deed, found = matches[0]
        return deed(self, *found.groups()) or ""


def replaced_nearest(line: str, word: str) -> str:
    """Return the line with the word that is most like `word` replaced by it."""
    words = re.split(r"([ =]+)", line)
    nearest = max(words, key=lambda each: difflib.SequenceMatcher(None, each.lower(), word.lower()).ratio())
    return "".join(word if each == nearest else each for each in words)


def changing(change: Callable[[str], str]) -> Deed:
    """Return what changes the line of the profiles file that the message names."""
    return lambda person, *_: person.change_line(change)


def typing(pattern: str, replacement: str) -> Deed:
    """Return what types the line with `replacement` for what matches `pattern`; {0} in them is a word of the hint."""

    def type_instead(person: Newcomer, *words: str) -> None:
        person.line = re.sub(pattern.format(*words), replacement.format(*words), person.line)

    return type_instead


def adding(text: str) -> Deed:
    """Return what adds `text` to the profiles file, with the words of the hint in the place of {0} and so on."""
    return lambda person, *words: person.machine.add(person.filled(text, *words))


def say_word(person: Newcomer, word: str) -> None:
    """Type the word, or write it in the line that the message names."""
    if re.search(r", line \d+\)", person.message):
        person.change_line(lambda line: replaced_nearest(line, word))
    else:
        person.line = replaced_nearest(person.line, word)


def say_command(person: Newcomer, command: str) -> None:
    """Type the command instead."""
    words = person.line.split()
    person.line = " ".join([command, *words[len(command.split()) :]])


def run(person: Newcomer, command: str) -> None:
    """Run the command first."""
    status, _, err = person.type(command)
    assert (status, err) == (0, "")


def take_profile_from_list(person: Newcomer, command: str) -> None:
    """Run the command, and take the profile that it lists."""
    status, out, _ = person.type(command)
    assert status == 0
    person.line = f"role-env {out.splitlines()[-1].split()[0]}"


def write_as_ini(person: Newcomer) -> None:
    """Write what was YAML as INI."""
    text = person.machine.file.read_text("utf-8")
    text = re.sub(r"^(\w+):$", r"[\1]", text, flags=re.MULTILINE)
    person.machine.write(re.sub(r"^\s*(\w+): ", r"\1 = ", text, flags=re.MULTILINE))


def check_value(person: Newcomer, key: str) -> None:
    """Put the valid value of the key into the file and into what is piped."""
    values = {"access_key_id": "{id}", "access_key_secret": "{secret}", "role_arn": "{role}"}
    text = person.machine.file.read_text("utf-8")
    person.machine.write(re.sub(f"^{key} = .*", person.filled(f"{key} = {values[key]}"), text, flags=re.MULTILINE))
    person.text = person.text and person.filled("{id}\n{secret}\n")


def raise_maximum(person: Newcomer, key: str) -> None:
    """Raise the maximum of the role and of the profile."""
    person.machine.sts.world.role("hub").max_session_seconds = 7200
    person.machine.add(f"{key} = 7200\n")


def let_assume(person: Newcomer, policy: str, trusted: str) -> None:
    """Do what an administrator of both accounts would."""
    world = person.machine.sts.world
    (statement,) = json.loads(policy)["Statement"]
    user, role = world.key_of("test_user1").user, world.roles[statement["Resource"].lower()]
    assert user
    assert statement["Action"] == "sts:AssumeRole"
    user.may_assume.add(statement["Resource"])
    role.trusts.add(trusted)


def expect_account_of_role(person: Newcomer, key: str) -> None:
    """Expect the account that the role is of."""
    found = re.search(r"is of account (\d+), not of (\d+)", person.message)
    assert found
    text = person.machine.file.read_text("utf-8")
    person.machine.write(text.replace(f"{key} = {found[2]}", f"{key} = {found[1]}"))


def swap_lines(person: Newcomer, prefix: str) -> None:
    """Write the two lines in the other order."""
    person.text = "".join(f"{line}\n" for line in person.text.split("\n")[1::-1])
    assert person.text.startswith(prefix)


def set_both(person: Newcomer, first: str, second: str) -> None:
    """Set both variables."""
    person.environ |= {first: person.filled("{id}"), second: person.filled("{secret}")}


def configure(person: Newcomer, command: str) -> None:
    """Run the command for profileA, with a key for its questions."""
    person.text = person.filled("{id}\n{secret}\n")
    run(person, f"{command} profileA --login")
    run(person, person.filled(f"{command} profileB --role-arn {{role}} --source-profile profileA"))


def enable_key(person: Newcomer) -> None:
    """Enable the key."""
    person.machine.sts.world.key_of("test_user3").active = True


def load_or_switch(person: Newcomer, load: str, switch: str) -> str:
    """Try both lines; return what the first has done."""
    assert person.evaluate(switch) == SESSION
    return person.evaluate(load, person.line)


HINTS: tuple[tuple[str, Deed], ...] = (
    ("", lambda person: None),
    (r"did you mean ([\w-]+)\?", say_word),
    (r"leave out --profile: (role-env .+)", typing(".+", "{0}")),
    (r"did you mean (role-env .+)\?", say_command),
    ("list the profiles with: (role-env list)", take_profile_from_list),
    (r"run: (role-env login \w+)", run),
    (r"store the key of its chain's source: (role-env login \w+)", say_command),
    (r"(chmod \S+ \S+)", run),
    ("see (role-env .* --help|role-env help shells)", run),
    ("create it with: (role-env configure); or name another with --config", configure),
    (r"for the profile: (role-env export \w+)", say_command),
    ("remove the quotes; values are written without them", changing(lambda line: re.sub("[\"']", "", line))),
    ("move the comment to a line of its own", changing(lambda line: re.sub(r"(.*?)\s+(#.*)", r"\2\n\1", line))),
    (r"write key = value, below a line \[profile\]", write_as_ini),
    (r"write it as \[profile\], on its own line", changing(lambda line: line + "]")),
    (r"add (\[\w+\]) with its credentials", adding(f"{{0}}\n{KEY}")),
    ("add (source_profile), .*, or run: role-env login profileB", adding("{0} = profileA\n")),
    ("keep one|keep one of the two|merge the two", changing(lambda line: "")),
    (r"correct \w+, or remove the line", changing(lambda line: "")),
    ("check the role and (expected_account_id), or --expect-account; nothing was exported", expect_account_of_role),
    (r"write \w+ = … without the indentation, or its text at the end of the line above", changing(str.lstrip)),
    (r"add a line \[profile\] above it", changing(lambda line: f"[profileA]\n{line}")),
    (
        "give it a value, or remove the line|copy the ARN from the role's page in the RAM console",
        lambda person: person.change_line(lambda line: person.filled(ROLE)),
    ),
    (r"(?:nothing was stored; )?check (\w+): .*", check_value),
    (r"for more than 3600, raise the role's own maximum and set (\w+) to it \(at most 43200\)", raise_maximum),
    (r"attach the policy (\{.*\}) to it, name (\S+) in the role's trust policy, and check external_id", let_assume),
    ("give seconds, or 30m or (1h)", typing(r"\S+$", "{0}")),
    (r"give an address .*, such as (127\.0\.0\.1) or 172\.17\.0\.1", typing(r"(?<=--listen=)\S+", "{0}")),
    ("add --renew, or leave (--listen) out", typing(r" {0} \S+", "")),
    (
        r"use a profile with role_arn, such as (\w+); role-env hands out temporary credentials only",
        typing(r"\S+$", "{0}"),
    ),
    ("name a profile of that account, or leave out (--expect-account); nothing was exported", typing(r" {0} \S+", "")),
    ("give the ID first: it begins with (LTAI)", swap_lines),
    ("(?:set (?:it|ROLE_ENV_CONFIG) to .*|correct the variable), or unset it", lambda person: person.environ.clear()),
    ("set (ALIBABA_CLOUD_ACCESS_KEY_ID) and (ALIBABA_CLOUD_ACCESS_KEY_SECRET)", set_both),
    (
        "unlock it, .* put the key into the profiles file, or see .*|get a new session for the source: .*",
        lambda person: person.machine.write(person.machine.standard_profiles()),
    ),
    ("type (.*), or add --show to see (?:it anyway|the code)", Newcomer.evaluate),
    ("enable the key in the RAM console, or use another", enable_key),
    ("name a profile: (role-env use) PROFILE", typing(".+", "{0} profileB")),
    ("load it with: (.*); or switch without it: (.*)", load_or_switch),
)
