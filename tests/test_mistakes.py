"""Mistakes of a first day: what is typed, what role-env says, its exit status, and that its hint works when followed.

A hint is followed as a person would follow it: its text, taken from stderr, has to match one of HINTS, which does what
that says. It runs the command in it, types the word in it, or changes the line of the profiles file that the message
names. Then the corrected line has to work.
"""

import difflib
import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from support.local_sts import LocalSts
from support.machine import INSTALLED, Machine
from support.secret_service_bus import KeyringBus
from support.shell_terminal import init
from support.shells import NOTHING_CHANGED
from support.terminal import on_terminal
from support.world import Session

SESSION = "ROLE_ENV_PROFILE"
"""What the output of a line that gives a session contains."""
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}

ROLE = "role_arn = {role}"
SOURCE = "source_profile = profileA"
KEY = "access_key_id = {id}\naccess_key_secret = {secret}\n"
POLICY = '{{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}}]}}'


@dataclass(frozen=True)
class Mistake:
    """One row. In all texts, {file}, {role}, {id}, {secret} and the like stand for those of the machine."""

    name: str
    typed: str
    said: str
    hint: str
    status: int = 3
    change: tuple[str, str] = ("", "")
    """What of the valid profiles file is replaced by what, before the line is typed."""
    mode: int = 0o600
    text: str = ""
    """What is piped into the command."""
    environ: dict[str, str] = field(default_factory=dict)
    at_terminal: bool = False
    in_bash: bool = False
    """Whether it is typed in bash with the shell integration, else it is the command alone."""
    requests: int = 0
    """The requests that reach STS before the mistake is found."""
    shows: str = SESSION
    """What the corrected line prints."""
    corrected: str = ""
    """The corrected line, where it is for the person and not for the hint to know."""


def in_file(name: str, change: tuple[str, str], said: str, hint: str, status: int = 3) -> Mistake:
    """Return a row for a change of the profiles file that the next use of profileB meets."""
    return Mistake(name, "role-env profileB", said, hint, status, change)


def from_sts(name: str, change: tuple[str, str], said: str, hint: str) -> Mistake:
    """Return a row for a change of the profiles file that STS is the first to see."""
    line = "role-env profileB --refresh"
    return Mistake(name, line, f"profile profileB: STS said {said}", hint, 4, change, requests=1)


def at_terminal(name: str, typed: str, said: str, hint: str, shows: str = SESSION) -> Mistake:
    """Return a row for what is typed at a terminal."""
    return Mistake(name, typed, said, hint, 2, at_terminal=True, shows=shows)


IN_FILE = (
    in_file(
        "quotes around the ARN",
        (ROLE, 'role_arn = "{role}"'),
        "profile profileB: role_arn is in quotes ({file}, line 6)",
        "remove the quotes; values are written without them",
    ),
    in_file(
        "a comment after a value",
        (ROLE, ROLE + "  # prod"),
        "profile profileB: role_arn has a comment after its value ({file}, line 6)",
        "move the comment to a line of its own",
    ),
    in_file(
        "one line of YAML",
        (ROLE, "role_arn: {role}"),
        "{file}, line 6: this looks like YAML",
        "write key = value, below a line [profile]",
    ),
    in_file(
        "a section in YAML",
        (f"[profileB]\n{ROLE}\n{SOURCE}", "profileB:\n  role_arn: {role}\n  source_profile: profileA"),
        "{file}, line 5: this looks like YAML",
        "write key = value, below a line [profile]",
    ),
    in_file(
        "an unclosed [",
        ("[profileB]", "[profileB"),
        "{file}, line 5: this section name is not closed",
        "write it as [profile], on its own line",
    ),
    in_file(
        "an indented key",
        (SOURCE, f"  {SOURCE}"),
        "{file}, line 7: this indented line reads like the key source_profile, and continues role_arn in line 6",
        "write source_profile = … without the indentation, or its text at the end of the line above",
    ),
    in_file(
        "a mistyped source_profile",
        (SOURCE, "source_profile = profilA"),
        "profile profileB: source_profile names no profile of the file ({file}, line 7)",
        "did you mean profileA?",
    ),
    in_file(
        "a source profile without a section",
        (SOURCE, "source_profile = ops"),
        "profile profileB: source_profile names no profile of the file ({file}, line 7)",
        "add [ops] with its credentials",
    ),
    in_file(
        "no source at all",
        (SOURCE + "\n", ""),
        "profile profileB: it has no credential source ({file}, line 5)",
        "add source_profile, access_key_id with access_key_secret, credential_source, credential_process or"
        " oidc_provider_arn, or run: role-env login profileB",
    ),
    in_file(
        "two sources",
        (SOURCE, SOURCE + "\ncredential_source = environment"),
        "profile profileB: credential_source and source_profile both choose a credential source ({file}, line 8)",
        "keep one",
    ),
    Mistake(
        "a file that others can read",
        "role-env profileB",
        "the profiles file {file} contains a secret and others can read it",
        "chmod 600 {file}",
        mode=0o644,
    ),
    Mistake(
        "a file that others can write",
        "role-env profileB",
        "others can write the profiles file {file}",
        "chmod go-w {file}",
        mode=0o620,
    ),
    in_file(
        "a color that does not exist",
        (SOURCE, SOURCE + "\ncolor = pink"),
        "profile profileB: color must be one of black, red, green, yellow, blue, magenta, purple, cyan, white, grey,"
        " gray, orange ({file}, line 8)",
        "correct color, or remove the line",
    ),
    in_file(
        "a mistyped color",
        (SOURCE, SOURCE + "\ncolor = gren"),
        "profile profileB: color must be one of black, red, green, yellow, blue, magenta, purple, cyan, white, grey,"
        " gray, orange ({file}, line 8)",
        "did you mean green?",
    ),
    in_file(
        "a mistyped key",
        (SOURCE, f"{SOURCE}\npolcy = {POLICY}"),
        "profile profileB: unknown key polcy ({file}, line 8)",
        "did you mean policy?",
    ),
    in_file(
        "the name of a region",
        (SOURCE, SOURCE + "\nregion_id = Hangzhou"),
        "profile profileB: region_id is not the ID of a region, such as cn-hangzhou ({file}, line 8)",
        "correct region_id, or remove the line",
    ),
    in_file(
        "an empty ARN",
        (ROLE, "role_arn ="),
        "profile profileB: role_arn is empty ({file}, line 6)",
        "give it a value, or remove the line",
    ),
    in_file(
        "the role's name instead of its ARN",
        (ROLE, "role_arn = switchRoleSbc"),
        "profile profileB: role_arn is not a role's ARN, acs:ram::<account>:role/<name> ({file}, line 6)",
        "copy the ARN from the role's page in the RAM console",
    ),
    in_file(
        "a section twice",
        (SOURCE, SOURCE + "\n[profileB]"),
        "{file}, line 8: this section already exists in line 5",
        "merge the two",
    ),
    in_file(
        "a key twice",
        (ROLE, f"{ROLE}\n{ROLE}"),
        "{file}, line 7: role_arn already exists in line 6",
        "keep one of the two",
    ),
    in_file(
        "keys without a section",
        ("[profileA]\n", ""),
        "{file}, line 1: a key before the first [profile]",
        "add a line [profile] above it",
    ),
    in_file(
        "another account than expected",
        (SOURCE, SOURCE + "\nexpected_account_id = 1111111111111111"),
        "profile profileB is of account 2222222222222222, not of 1111111111111111 ({file}, line 5)",
        "check the role and expected_account_id, or --expect-account; nothing was exported",
        4,
    ),
    Mistake(
        "a duration that the role does not allow",
        "role-env profileB --duration 2h",
        "--duration 7200 must be between 900 and 3600 for profile profileB",
        "for more than 3600, raise the role's own maximum and set max_session_duration to it (at most 43200)",
        2,
        change=("switchrolesbc", "hub"),
    ),
)

FROM_STS = (
    from_sts(
        "a wrong secret",
        ("{secret}", "PastedFromElsewhere"),
        "SignatureDoesNotMatch: Specified signature is not matched with our calculation. server string to sign …"
        " ({file}, line 5); the key is that of profile profileA ({file}, line 2)",
        "check access_key_secret: it is not the secret of this access_key_id",
    ),
    from_sts(
        "a mistyped access key ID",
        ("{id}", "LTAI5tPastedFromElsewhere"),
        "InvalidAccessKeyId.NotFound: Specified access key is not found. ({file}, line 5); the key is that of profile"
        " profileA ({file}, line 2)",
        "check access_key_id: the key was deleted, or its ID is mistyped",
    ),
    from_sts(
        "a key that is disabled",
        (KEY, "access_key_id = {disabled_id}\naccess_key_secret = {disabled_secret}\n"),
        "InvalidAccessKeyId.Inactive: Specified access key is disabled. ({file}, line 5); the key is that of profile"
        " profileA ({file}, line 2)",
        "enable the key in the RAM console, or use another",
    ),
    from_sts(
        "a session in the file that has expired",
        (
            KEY,
            "access_key_id = {expired_id}\naccess_key_secret = {expired_secret}\nsecurity_token = {expired_token}\n",
        ),
        "InvalidSecurityToken.Expired: Specified SecurityToken is expired. ({file}, line 6); the key is that of profile"
        " profileA ({file}, line 2)",
        "get a new session for the source: its own has expired",
    ),
    from_sts(
        "a role that does not exist",
        ("switchrolesbc", "switchrolesb"),
        "EntityNotExist.Role: The specified Role not exists . ({file}, line 5)",
        "check role_arn: its account and its name",
    ),
    Mistake(
        "a role that does not trust the user",
        "role-env profileB",
        "profile profileB: acs:ram::1111111111111111:user/test_user1 may not assume"
        " acs:ram::2222222222222222:role/strangers: STS said NoPermission: You are not authorized to do this action."
        " You should be authorized by RAM. ({file}, line 5)",
        'attach the policy {{"Version": "1", "Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource":'
        ' "acs:ram::2222222222222222:role/strangers"}}]}} to it, name acs:ram::1111111111111111:root in the role\'s'
        " trust policy, and check external_id",
        4,
        change=("switchrolesbc", "strangers"),
        requests=2,
    ),
)

TYPED = (
    Mistake(
        "a mistyped profile",
        "role-env profieB",
        "there is no profile profieB in {file}",
        "did you mean profileB?",
    ),
    Mistake(
        "a profile in another case",
        "role-env profileb",
        "there is no profile profileb in {file}",
        "did you mean profileB?",
    ),
    Mistake(
        "an unknown profile",
        "role-env production",
        "there is no profile production in {file}",
        "list the profiles with: role-env list",
    ),
    Mistake(
        "a mistyped command",
        "role-env lsit",
        "there is no profile lsit in {file}",
        "did you mean role-env list?",
        shows="PROFILE",
    ),
    Mistake(
        "a mistyped command with an option",
        "role-env lst --json",
        "there is no command or profile lst",
        "did you mean role-env list?",
        2,
        shows='"profile": "profileB"',
    ),
    Mistake(
        "a mistyped option",
        "role-env profileB --regoin cn-beijing",
        "unknown option --regoin of export",
        "did you mean --region?",
        2,
        shows="cn-beijing",
    ),
    Mistake(
        "an option without its value",
        "role-env profileB --region",
        "--region requires a value, ID",
        "see role-env export --help",
        2,
        corrected="role-env profileB --region cn-beijing",
    ),
    Mistake(
        "a mistyped format",
        "role-env profileB --format jsn",
        "--format jsn is none of bash, zsh, sh, fish, json, dotenv, github",
        "did you mean json?",
        2,
        shows='"Profile": "profileB"',
    ),
    Mistake(
        "a duration in two units",
        "role-env profileB --duration 1h30",
        "--duration 1h30 is not a duration",
        "give seconds, or 30m or 1h",
        2,
    ),
    Mistake(
        "two profiles",
        "role-env profileB profileA",
        "unexpected argument profileA",
        "see role-env export --help",
        2,
        corrected="role-env profileB",
    ),
    Mistake(
        "another account on the command line",
        "role-env profileB --expect-account 1111111111111111",
        "profile profileB is of account 2222222222222222, and --expect-account is 1111111111111111",
        "name a profile of that account, or leave out --expect-account; nothing was exported",
        4,
    ),
    Mistake(
        "a source used as a profile",
        "role-env profileA",
        "profile profileA is only a source, without role_arn ({file}, line 1)",
        "use a profile with role_arn, such as profileB; role-env hands out temporary credentials only",
    ),
    Mistake(
        "a profile named like a new command",
        "role-env version",
        "version is a command, and also a profile",
        "role-env export version is the profile",
        2,
        change=("[profileB]", "[version]"),
    ),
    Mistake(
        "exec without a profile",
        "role-env exec true",
        "there is no profile true in {file}",
        "list the profiles with: role-env list",
        125,
        shows="",
        corrected="role-env exec profileB true",
    ),
    Mistake(
        "exec without anything",
        "role-env exec",
        "exec requires PROFILE",
        "see role-env exec --help",
        125,
        shows="",
        corrected="role-env exec profileB -- true",
    ),
    Mistake(
        "exec of a command that does not exist",
        "role-env exec profileB -- pritnenv ROLE_ENV_PROFILE",
        "pritnenv: command not found",
        "",
        127,
        requests=1,
        shows="profileB\n",
        corrected="role-env exec profileB -- printenv ROLE_ENV_PROFILE",
    ),
    Mistake(
        "exec that listens and does not stay",
        "role-env exec --listen :0 profileB -- env",
        "--listen requires --renew",
        "add --renew, or leave --listen out",
        125,
    ),
    Mistake(
        "exec that would listen at every address",
        "role-env exec --renew --listen=0.0.0.0 profileB -- env",
        "--listen 0.0.0.0: 0.0.0.0 is neither loopback nor private",
        "give an address of this machine that is loopback or private, such as 127.0.0.1 or 172.17.0.1",
        125,
    ),
    Mistake(
        "clear of a mistyped profile",
        "role-env clear profieB",
        "there is no profile profieB in {file}, and no cached session of it",
        "did you mean profileB?",
        shows="of profileB\n",
    ),
    Mistake(
        "clear without a profile",
        "role-env clear",
        "clear requires PROFILE or --all",
        "see role-env clear --help",
        2,
        shows="of profileB\n",
        corrected="role-env clear profileB",
    ),
    Mistake(
        "logout of a mistyped profile",
        "role-env logout profilA",
        "there is no profile profilA in {file}, and no access key of it in the keyring",
        "did you mean profileA?",
        shows="profileA has no access key in the keyring\n",
    ),
    Mistake(
        "a mistyped topic",
        "role-env help profils",
        "there is no command or help topic profils",
        "did you mean role-env help profiles?",
        2,
        shows="# ",
    ),
    Mistake(
        "a mistyped shell",
        "role-env init zhs",
        "zhs is none of bash, zsh, fish",
        "did you mean zsh?",
        2,
        shows="_role_env_use",
    ),
)

SETTINGS = (
    Mistake(
        "no profiles file",
        "role-env profileB",
        "there is no profiles file: {file} does not exist",
        "create it with: role-env configure; or name another with --config",
        mode=0,
    ),
    Mistake(
        "a ROLE_ENV_CONFIG that leads nowhere",
        "role-env profileB",
        "ROLE_ENV_CONFIG names profiles.in, which does not exist",
        "set ROLE_ENV_CONFIG to the path of a profiles file, or unset it",
        environ={"ROLE_ENV_CONFIG": "profiles.in"},
    ),
    Mistake(
        "a timeout in words",
        "role-env profileB",
        "the variable ROLE_ENV_TIMEOUT is not a number of seconds above 0",
        "set it to a number of seconds, such as 30, or unset it",
        environ={"ROLE_ENV_TIMEOUT": "soon"},
    ),
    Mistake(
        "a mistyped cache",
        "role-env profileB",
        "ROLE_ENV_CACHE is keyrng, which is none of auto, keyring, kernel, none",
        "set it to one of auto, keyring, kernel, none, or unset it",
        environ={"ROLE_ENV_CACHE": "keyrng"},
    ),
    Mistake(
        "an endpoint with http://",
        "role-env profileB",
        "the variable ALIBABA_CLOUD_STS_ENDPOINT begins with http://, and STS is only asked over TLS; write host or"
        " host:port",
        "correct the variable, or unset it",
        environ={"ALIBABA_CLOUD_STS_ENDPOINT": "http://{endpoint}"},
    ),
    in_file(
        "no key in the environment",
        (SOURCE, "credential_source = environment"),
        "profile profileB: credential_source = environment, but the environment has no access key ({file}, line 7)",
        "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    ),
)

LOGIN = (
    Mistake(
        "ID and secret swapped",
        "role-env login profileA",
        "the access key ID and the secret are swapped; nothing was sent",
        "give the ID first: it begins with LTAI",
        2,
        change=(KEY, ""),
        text="{secret}\n{id}\n",
        shows="is stored in the keyring",
    ),
    Mistake(
        "a wrong secret for login",
        "role-env login profileA",
        "profile profileA: STS said SignatureDoesNotMatch: Specified signature is not matched with our calculation."
        " server string to sign … ({file}, line 1)",
        "nothing was stored; check access_key_secret: it is not the secret of this access_key_id",
        4,
        change=(KEY, ""),
        text="{id}\nPastedFromElsewhere\n",
        requests=1,
        shows="is stored in the keyring",
    ),
    Mistake(
        "login to a profile with a role",
        "role-env login profileB",
        "profile profileB takes its credentials from profileA, not from a key ({file}, line 3)",
        "store the key of its chain's source: role-env login profileA",
        change=(KEY, ""),
        text="{id}\n{secret}\n",
        shows="is stored in the keyring",
    ),
    Mistake(
        "a secret that is nowhere",
        "role-env profileB",
        "profile profileA: its secret is neither in the file nor in the keyring ({file}, line 2)",
        "run: role-env login profileA",
        change=("access_key_secret = {secret}\n", ""),
        text="{id}\n{secret}\n",
    ),
    Mistake(
        "no keyring",
        "role-env login profileA",
        "the keyring cannot be used: there is none on this system",
        "unlock it, or install gnome-keyring or KeePassXC and run in a session with a D-Bus session bus; where there"
        " can be none, put the key into the profiles file, or see role-env help headless; role-env doctor says more",
        6,
        change=(KEY, ""),
        environ=NO_KEYRING,
        corrected="role-env profileB",
    ),
)

AT_A_TERMINAL = (
    at_terminal(
        "a profile at a terminal",
        "role-env profileB",
        "this prints secrets, and stdout is a terminal",
        'type eval "$(role-env profileB || echo false)", or add --show to see it anyway',
    ),
    at_terminal(
        "a mistyped profile at a terminal",
        "role-env profilB",
        "there is no profile profilB in {file}",
        "did you mean profileB?",
    ),
    at_terminal(
        "a topic in place of a profile",
        "role-env uninstall",
        "there is no command or profile uninstall",
        "did you mean role-env help uninstall?",
        "UNINSTALL",
    ),
    at_terminal(
        "off at a terminal",
        "role-env off",
        "role-env off prints code for a shell to evaluate, and stdout is a terminal",
        'type eval "$(role-env off)", or add --show to see the code',
        "",
    ),
    at_terminal(
        "use without the integration",
        "role-env use profileB",
        "use acts in the shell itself and needs the shell integration, which this shell has not loaded",
        'load it with: eval "$(role-env init bash)"; or switch without it: eval "$(role-env profileB || echo false)"',
    ),
)

IN_BASH = (
    Mistake(
        "use - without another session",
        "role-env use -",
        "this shell has had no other session",
        "name a profile: role-env use PROFILE",
        2,
        in_bash=True,
    ),
    Mistake(
        "use of a mistyped profile",
        "role-env use profieB",
        "there is no profile profieB in {file}",
        "did you mean profileB?",
        in_bash=True,
    ),
)

MISTAKES = (*IN_FILE, *FROM_STS, *TYPED, *SETTINGS, *LOGIN, *AT_A_TERMINAL, *IN_BASH)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, bus: KeyringBus) -> Iterator[Machine]:
    """A machine for all rows, since its STS costs more than a row."""
    folder = tmp_path_factory.mktemp("mistakes")
    with LocalSts(folder / "sts") as sts:
        made = Machine(folder / "home", sts, bus)
        yield made
        assert not made.leaks()


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

    def filled(self, text: str) -> str:
        """Return a text of the table with the machine's own values."""
        return text.format(**self._values)

    def type(self, line: str = "") -> tuple[int, str, str]:
        """Type a line, or that of the mistake, and return its status, stdout and stderr."""
        if self.in_bash:
            return self.type_in_bash(init("bash"), line or self.line)
        program, *words = shlex.split(line or self.line)
        assert program in ("role-env", "chmod")
        command = str(INSTALLED / program) if program == "role-env" else program
        done = self.machine.run(command, *words, text=self.text, **self.environ)
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


# ---- how each hint is followed ----


def replaced_nearest(line: str, word: str) -> str:
    """Return the line with the word that is most like `word` replaced by it."""
    words = re.split(r"([ =]+)", line)
    nearest = max(words, key=lambda each: difflib.SequenceMatcher(None, each.lower(), word.lower()).ratio())
    return "".join(word if each == nearest else each for each in words)


def changing(change: Callable[[str], str]) -> Callable[..., None]:
    """Return what changes the line of the profiles file that the message names."""
    return lambda person, *_: person.change_line(change)


def say_word(person: Newcomer, word: str) -> None:
    if re.search(r", line \d+\)", person.message):
        person.change_line(lambda line: replaced_nearest(line, word))
    else:
        person.line = replaced_nearest(person.line, word)


def say_command(person: Newcomer, command: str) -> None:
    words = person.line.split()
    person.line = " ".join([command, *words[len(command.split()) :]])


def run(person: Newcomer, command: str) -> None:
    status, _, err = person.type(command)
    assert (status, err) == (0, "")


def take_profile_from_list(person: Newcomer, command: str) -> None:
    status, out, _ = person.type(command)
    assert status == 0
    person.line = f"role-env {out.splitlines()[-1].split()[0]}"


def write_as_ini(person: Newcomer) -> None:
    text = person.machine.file.read_text("utf-8")
    text = re.sub(r"^(\w+):$", r"[\1]", text, flags=re.MULTILINE)
    person.machine.write(re.sub(r"^\s*(\w+): ", r"\1 = ", text, flags=re.MULTILINE))


def add_section(person: Newcomer, head: str) -> None:
    person.machine.add(person.filled(f"{head}\n{KEY}"))


def add_source(person: Newcomer, key: str) -> None:
    person.machine.add(f"{key} = profileA\n")


def give_role(person: Newcomer) -> None:
    person.change_line(lambda line: person.filled(ROLE))


def check_value(person: Newcomer, key: str) -> None:
    """Put the valid value of the key into the file and into what is piped."""
    values = {"access_key_id": "{id}", "access_key_secret": "{secret}", "role_arn": "{role}"}
    text = person.machine.file.read_text("utf-8")
    person.machine.write(re.sub(f"^{key} = .*", person.filled(f"{key} = {values[key]}"), text, flags=re.MULTILINE))
    person.text = person.text and person.filled("{id}\n{secret}\n")


def raise_maximum(person: Newcomer, key: str) -> None:
    person.machine.sts.world.role("hub").max_session_seconds = 7200
    person.machine.add(f"{key} = 7200\n")


def let_assume(person: Newcomer, policy: str, trusted: str) -> None:
    world = person.machine.sts.world
    (statement,) = json.loads(policy)["Statement"]
    user, role = world.key_of("test_user1").user, world.roles[statement["Resource"].lower()]
    assert user
    assert statement["Action"] == "sts:AssumeRole"
    user.may_assume.add(statement["Resource"])
    role.trusts.add(trusted)


def give_value(person: Newcomer, value: str) -> None:
    person.line = re.sub(r"\S+$", value, person.line)


def give_address(person: Newcomer, address: str) -> None:
    person.line = re.sub(r"(--listen=)\S+", rf"\g<1>{address}", person.line)


def leave_out(person: Newcomer, option: str) -> None:
    person.line = re.sub(f" {option} \\S+", "", person.line)


def expect_account_of_role(person: Newcomer, key: str) -> None:
    found = re.search(r"is of account (\d+), not of (\d+)", person.message)
    assert found
    text = person.machine.file.read_text("utf-8")
    person.machine.write(text.replace(f"{key} = {found[2]}", f"{key} = {found[1]}"))


def swap_lines(person: Newcomer, prefix: str) -> None:
    person.text = "".join(f"{line}\n" for line in person.text.split("\n")[1::-1])
    assert person.text.startswith(prefix)


def unset(person: Newcomer) -> None:
    person.environ.clear()


def set_both(person: Newcomer, first: str, second: str) -> None:
    person.environ |= {first: person.filled("{id}"), second: person.filled("{secret}")}


def configure(person: Newcomer, command: str) -> None:
    person.text = person.filled("{id}\n{secret}\n")
    run(person, f"{command} profileA --login")
    run(person, person.filled(f"{command} profileB --role-arn {{role}} --source-profile profileA"))


def write_key_to_file(person: Newcomer) -> None:
    person.machine.write(person.machine.standard_profiles())


def enable_key(person: Newcomer) -> None:
    person.machine.sts.world.key_of("test_user3").active = True


def name_profile(person: Newcomer, command: str) -> None:
    person.line = f"{command} profileB"


def load_or_switch(person: Newcomer, load: str, switch: str) -> str:
    assert person.evaluate(switch) == SESSION
    return person.evaluate(load, person.line)


HINTS: tuple[tuple[str, Callable[..., str | None]], ...] = (
    ("", lambda person: None),
    (r"did you mean ([\w-]+)\?", say_word),
    (r"did you mean (role-env .+)\?", say_command),
    ("list the profiles with: (role-env list)", take_profile_from_list),
    (r"run: (role-env login \w+)", run),
    (r"store the key of its chain's source: (role-env login \w+)", say_command),
    (r"(chmod \S+ \S+)", run),
    ("see (role-env .* --help)", run),
    ("create it with: (role-env configure); or name another with --config", configure),
    (r"(role-env export \w+) is the profile", say_command),
    ("remove the quotes; values are written without them", changing(lambda line: re.sub("[\"']", "", line))),
    ("move the comment to a line of its own", changing(lambda line: re.sub(r"(.*?)\s+(#.*)", r"\2\n\1", line))),
    (r"write key = value, below a line \[profile\]", write_as_ini),
    (r"write it as \[profile\], on its own line", changing(lambda line: line + "]")),
    (r"add (\[\w+\]) with its credentials", add_section),
    ("add (source_profile), .*, or run: role-env login profileB", add_source),
    ("keep one|keep one of the two|merge the two", changing(lambda line: "")),
    (r"correct \w+, or remove the line", changing(lambda line: "")),
    ("check the role and (expected_account_id), or --expect-account; nothing was exported", expect_account_of_role),
    (r"write \w+ = … without the indentation, or its text at the end of the line above", changing(str.lstrip)),
    (r"add a line \[profile\] above it", changing(lambda line: f"[profileA]\n{line}")),
    ("give it a value, or remove the line|copy the ARN from the role's page in the RAM console", give_role),
    (r"(?:nothing was stored; )?check (\w+): .*", check_value),
    (r"for more than 3600, raise the role's own maximum and set (\w+) to it \(at most 43200\)", raise_maximum),
    (r"attach the policy (\{.*\}) to it, name (\S+) in the role's trust policy, and check external_id", let_assume),
    ("give seconds, or 30m or (1h)", give_value),
    (r"give an address .*, such as (127\.0\.0\.1) or 172\.17\.0\.1", give_address),
    ("add --renew, or leave (--listen) out", leave_out),
    (r"use a profile with role_arn, such as (\w+); role-env hands out temporary credentials only", give_value),
    ("name a profile of that account, or leave out (--expect-account); nothing was exported", leave_out),
    ("give the ID first: it begins with (LTAI)", swap_lines),
    ("(?:set (?:it|ROLE_ENV_CONFIG) to .*|correct the variable), or unset it", unset),
    ("set (ALIBABA_CLOUD_ACCESS_KEY_ID) and (ALIBABA_CLOUD_ACCESS_KEY_SECRET)", set_both),
    ("unlock it, .* put the key into the profiles file, or see .*", write_key_to_file),
    ("type (.*), or add --show to see (?:it anyway|the code)", Newcomer.evaluate),
    ("enable the key in the RAM console, or use another", enable_key),
    ("get a new session for the source: its own has expired", write_key_to_file),
    ("name a profile: (role-env use) PROFILE", name_profile),
    ("load it with: (.*); or switch without it: (.*)", load_or_switch),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_named_and_its_hint_works_when_followed(shared: Machine, mistake: Mistake) -> None:
    shared.write(shared.standard_profiles())
    shared.bus.clear()
    person = Newcomer(shared, mistake)
    make_mistake(person, mistake)
    before = len(shared.sts.calls)
    if mistake.at_terminal:
        status, err = person.type_at_terminal()
    else:
        status, out, err = person.type()
        assert out in ("", NOTHING_CHANGED)
    assert len(shared.sts.calls) - before == mistake.requests
    said = f"role-env: {person.filled(mistake.said)}\n"
    assert (status, err) == (
        mistake.status,
        said + f"role-env: hint: {person.filled(mistake.hint)}\n" * bool(mistake.hint),
    )
    person.message, _, person.hint = err.removesuffix("\n").partition("\nrole-env: hint: ")
    shown = person.follow()
    if not shown and (person.line != mistake.typed or not mistake.at_terminal):
        status, shown, err = person.type(mistake.corrected)
        assert (status, err) == (0, "")
    assert mistake.shows in shown
    if mistake.text:
        assert shared.role_env("logout", "profileA").returncode == 0


def make_mistake(person: Newcomer, mistake: Mistake) -> None:
    """Change what is valid as the row says."""
    file = person.machine.file
    old, new = map(person.filled, mistake.change)
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1) if old else text, "utf-8")
    file.chmod(mistake.mode)
    if not mistake.mode:
        file.unlink()


def test_there_are_more_than_thirty_and_no_way_to_follow_is_unused() -> None:
    hints = [mistake.hint.replace("{{", "{").replace("}}", "}").replace("{file}", "/file") for mistake in MISTAKES]
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) > 30
    assert not [pattern for pattern, _ in HINTS if not any(re.fullmatch(pattern, hint) for hint in hints)]
