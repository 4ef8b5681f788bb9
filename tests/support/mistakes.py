"""The row of a mistake of a first day: what is typed, what role-env says, and its exit status."""

from dataclasses import dataclass, field

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
