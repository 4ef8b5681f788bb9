"""The errors of role-env, each with its exit status.

A module whose callers tell one failure from another derives a class of its own.

What a person sees: `role-env: <what happened>` and, where there is one, `role-env: hint: <what to do>`, both on stderr.
Messages name the profile, file and line. No message contains a secret; control characters are removed.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class RoleEnvError(Exception):
    """A failure with a message, usually a hint, and an exit status.

    `message` says what happened, `hint` what to do, and `exit_status` is the command's. A line to type stands between
    back-ticks: `cli/hints.py` completes it. `role_arn` is the
    requested role if it is known, else empty.
    """

    exit_status = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = printable(message)
        self.hint = printable(hint)
        self.role_arn = ""


class UsageError(RoleEnvError):
    """The command line is invalid, or stdout is a terminal instead of a shell."""

    exit_status = 2


class WiderError(RoleEnvError):
    """The session of `profile` would be wider than the narrowed one that the process runs in.

    `line` is the complete line that requests it all the same, for a request that the typed line does not name.
    """

    exit_status = 2

    def __init__(self, message: str, *, profile: str) -> None:
        super().__init__(message, hint="add --full to request it all the same")
        self.profile = profile
        self.line = ""


class ProfileError(RoleEnvError):
    """The profile, its file or an environment setting is invalid; or no credentials can sign the request."""

    exit_status = 3


class UnknownProfileError(ProfileError):
    """The file has no profile `name` among the `known` ones, of which those in `giving` may give a session."""

    def __init__(self, message: str, *, name: str, known: "Sequence[str]", giving: "Sequence[str]") -> None:
        super().__init__(message)
        self.name, self.known, self.giving = name, known, giving


class SignInEndedError(ProfileError):
    """The sign-in that the request needs is missing or has ended; `role-env login` makes a new one."""


class RefusedError(RoleEnvError):
    """STS refused, or its session is not for the requested account, role and session name."""

    exit_status = 4


class UnreachableError(RoleEnvError):
    """STS could not be reached, throttled the request or sent an invalid response; retryable."""

    exit_status = 5


class ResourceError(RoleEnvError):
    """The system failed role-env: no memory, a failing disk; retryable."""

    exit_status = 5


class KeyringError(RoleEnvError):
    """The keyring was needed (a key is stored there) and could not be used."""

    exit_status = 6


class CanceledError(RoleEnvError):
    """A person has chosen nothing, as after Ctrl-C."""

    exit_status = 130


class CommandError(RoleEnvError):
    """`exec` could not start the command: 126 when it cannot run, 127 when it is not found."""

    def __init__(self, message: str, *, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class NamingRole:
    """A context that adds the requested role, `role_arn`, to an error that names none."""

    def __init__(self, role_arn: str) -> None:
        self._role_arn = role_arn

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, failure: BaseException | None, _traceback: object) -> None:
        if isinstance(failure, RoleEnvError):
            failure.role_arn = failure.role_arn or self._role_arn


def printable(text: str) -> str:
    """Return `text` on one line, without control characters, so that no outside text controls the terminal."""
    shown = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return shown.strip()
