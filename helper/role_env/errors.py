"""What can go wrong, each kind with the exit status that the README promises.

What a person sees: `role-env: <what happened>` and, where there is one, `role-env: hint: <what to do>`, both on
stderr. Messages name the profile, file and line; no message ever holds a secret, and control characters that came
from outside are taken out.
"""


class RoleEnvError(Exception):
    """A failure that a person can do something about.

    `message` says what happened, `hint` what to do, and `exit_status` is what the command ends with. `role_arn` is the
    role that was requested, as far as that was known; else empty.
    """

    exit_status = 1
    role_arn = ""
    """The role that the failed request was for, once it is known."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = printable(message)
        self.hint = printable(hint)
        self.role_arn = ""


class UsageError(RoleEnvError):
    """The command line is wrong, or stdout is a terminal where a shell should read."""

    exit_status = 2


class ProfileError(RoleEnvError):
    """The profile, its file, or a setting from the environment is wrong; or there is nothing to ask with."""

    exit_status = 3


class RefusedError(RoleEnvError):
    """STS said no, or its session is not of the account, role and name that were asked for."""

    exit_status = 4


class UnreachableError(RoleEnvError):
    """STS could not be reached, throttled, or answered nonsense: trying again may help."""

    exit_status = 5


class ResourceError(RoleEnvError):
    """The system has no more memory, threads or processes for role-env; retryable."""

    exit_status = 5


class KeyringError(RoleEnvError):
    """The keyring was needed, since a key is stored there, and could not be used."""

    exit_status = 6


class CommandError(RoleEnvError):
    """`exec` could not start the command: 126 when it cannot run, 127 when it is not found."""

    def __init__(self, message: str, *, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def printable(text: str) -> str:
    """`text` on one line and without control characters, so that nothing from outside can act on a terminal."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
