"""Each line that a hint names, found in the code itself, is typed in the shell in which it is shown, and works."""

import shlex
from collections import defaultdict
from collections.abc import Iterator

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.federation import Federation
from cloud.ram import LocalRam
from role_env.cli import hints, parse
from role_env.command_table.commands import COMMANDS
from role_env.shells import parent
from support import hint_lines
from support.machine import Machine
from support.shell_terminal import init
from support.terminal import Person

LINES = hint_lines.find_lines()
FILE = "my profiles.ini"
TYPED = ("use", "zz", "--config", FILE, "--duration", "900", "--region", "cn-x")
"""The line that was typed before each hint. Only its file has the profiles, so that a hint without it fails."""
OF_A_SHELL = ("role-env use", "role-env off", "role-env renew", "role-env init", "role-env {name}")
"""How the lines begin that differ by shell; all others are typed in bash."""
QUESTIONS = {
    "role-env configure": "Name of the profile",
    "role-env configure --cloud-sso URL": "Profiles to add",
    "role-env configure {named}": "Role to assume",
    "role-env configure --remove {user}": "Remove all this",
    "role-env configure --remove {self._name}": "Remove all this",
}
"""What a line of `configure` asks first at a terminal."""
OTHER_STATUSES = {"role-env doctor": 1}
"""The statuses of lines that say on this machine what they have to say with a status other than 0."""
HELP = ("command_table/", "cli/help.py", "cli/hints.py")
"""The files of the help pages, whose lines have tests of their own, and of what builds the lines."""
NOT_TYPED = (
    ": role-env {__version__}",
    "role-env {name} prints code",
    "role-env setup aliyun-cli writes it",
    ": role-env {command}",  # of the picker's prompt, and a part of a line
    ": role-env doctor",  # what it stores to try the keyring
    "role-env login needs a keyring",
    "role-env {name} is the command of that name",
    "no role-env use, role-env off or prompt",
    "renewed by role-env exec --renew",
    "another role-env configure --edit is open",
    ": role-env configure",  # this and the next: the beginnings of lines
    ": role-env rotate {",
    ": role-env help {name}",
    ": role-env {self._called or self.command.name} --help",
)
"""Parts of texts with a command that nobody is to type, or that a line is made of; no hint ends like this."""


@pytest.fixture
def elsewhere(machine: Machine, ram: LocalRam) -> Iterator[Machine]:
    """A machine with the profiles in a file of another name, the key of profileA in the keyring, and a browser."""
    text = machine.file.read_text("utf-8")
    machine.succeeds("logout", "profileA")
    machine.file.unlink()
    machine.file = machine.home / FILE
    machine.write(text)
    machine.succeeds("login", "profileA", "--config", FILE, text=machine.key_lines())
    machine.environ["EDITOR"] = "true"
    with Federation(machine.sts) as federation:
        machine.environ |= federation.environment
        yield machine


def shown(monkeypatch: pytest.MonkeyPatch, line: str, shell: str, *, integrated: bool, machine: Machine) -> str:
    """Return a line of the code as a hint shows it in `shell`, where TYPED was typed."""
    monkeypatch.setattr(parent, "parent_name", lambda: shell)
    words = hint_lines.filled(line).replace("ARN", machine.sts.role_arn)
    typed = hints.Typed(parse([*TYPED]), {"ROLE_ENV_INIT": "1"} if integrated else {})
    return typed.show(f"`{words}`")


def prepared(machine: Machine, line: str, switch: str) -> str:
    """Bring the machine into the state in which the line is shown; return what the shell does before it."""
    if "rotate" in line and "--" in line:
        machine.succeeds("rotate", "profileA", "--config", FILE)
    if line == "role-env use -":
        return f"{switch}\nrole-env use nosuch 2>/dev/null\n"
    about_session = ("role-env status", "role-env whoami", "role-env renew", "role-env off", "role-env {name}")
    return f"{switch}\n" if line.startswith(about_session) else ""


def groups() -> dict[str, list[str]]:
    """Return the lines to type in bash by their command; each that rotates a key stands alone."""
    found = defaultdict(list)
    for line in LINES:
        if not line.startswith(OF_A_SHELL):
            words = hint_lines.filled(line)
            found[words if "rotate" in words else words.split()[1]].append(line)
    return found


@pytest.mark.parametrize("name", groups())
def test_a_line_of_a_hint_works_when_it_is_typed(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Machine, portal: CloudSsoPortal, name: str
) -> None:
    profiles = elsewhere.file.read_text("utf-8")
    for line in groups()[name]:
        elsewhere.write(profiles)
        typed = shown(monkeypatch, line, "bash", integrated=True, machine=elsewhere).replace("URL", portal.url)
        if line in QUESTIONS or "--edit" in line:
            asked_at_a_terminal(elsewhere, line, typed)
            continue
        before = prepared(elsewhere, line, f"role-env use profileB --config '{FILE}'")
        text = elsewhere.key_lines() if "login" in typed else ""
        done = elsewhere.run("bash", "-c", f"{init('bash')}{before}{typed}\n", text=text)
        assert done.returncode in (0, OTHER_STATUSES.get(line)), f"{LINES[line]}: {typed}: {done.stderr}"


def asked_at_a_terminal(machine: Machine, line: str, typed: str) -> None:
    """Type a line that needs a person, and see that it does what it is for."""
    person = Person(machine, *shlex.split(typed)[1:])
    if "--edit" in line:
        person.answers("press Enter when you have saved", "")
        person.sees("is as it was")
        person.ends()
        return
    person.sees(QUESTIONS[line])
    person.leaves()


@pytest.mark.parametrize(
    ("shell", "integrated"),
    [("bash", True), ("bash", False), ("zsh", True), ("zsh", False), ("fish", True), ("fish", False), ("dash", False)],
)
def test_a_line_of_a_hint_is_the_one_for_the_shell(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Machine, shell: str, integrated: bool
) -> None:
    load = init(shell) if integrated else ""
    for line in (line for line in LINES if line.startswith(OF_A_SHELL)):
        if (line == "role-env use -" and not integrated) or (line == "role-env init" and shell == "dash"):
            continue  # neither is shown there
        typed = shown(monkeypatch, line, shell, integrated=integrated, machine=elsewhere)
        switch = shown(monkeypatch, "role-env use PROFILE", shell, integrated=integrated, machine=elsewhere)
        if line == "role-env use -":
            typed = line
        script = f"{load}{prepared(elsewhere, line, switch)}{typed}\nrole-env status --json || true\n"
        done = elsewhere.shell(shell, script)
        began = line.startswith("role-env use") or "renew" in hint_lines.filled(line)
        assert done.returncode == 0, (typed, done.stderr)
        assert ('"valid": true' in done.stdout) == began, (typed, done)
        assert "role-env: " not in done.stderr, (typed, done.stderr)


def test_each_line_to_type_in_a_text_of_the_code_is_marked_as_one() -> None:
    found = [text for text in hint_lines.find_unmarked(COMMANDS) if not text.startswith(HELP)]
    unmarked = [text for text in found if not any(part in text for part in NOT_TYPED)]
    assert unmarked == [], "put the line between back-ticks, or its text into NOT_TYPED if nobody types it"
    assert len(LINES) > 50
