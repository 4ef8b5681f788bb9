"""The context of a request: the environment, the command's deadline and its messages.

Messages go to stderr; what a command prints to stdout, and what it asks, is in `ui/`.
"""

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.context.messages import Messages
    from role_env.deadline import Deadline

DEFAULT_TIMEOUT = 30.0
"""The seconds that a command may take unless ROLE_ENV_TIMEOUT says otherwise."""
_LONGEST_TIMEOUT = 86400.0


class Context:
    """The environment variables, the deadline of the whole command, and where its messages go.

    Nothing below `__main__` reads `os.environ`: it reads `environ`. Without a `deadline` it is ROLE_ENV_TIMEOUT seconds
    after `began` (by the monotonic clock; by default now). A command that never waits does not read the variable.
    Without `prompts` no person is asked to unlock a keyring.
    """

    def __init__(
        self,
        environ: "Mapping[str, str]",
        deadline: "Deadline | None",
        messages: "Messages",
        *,
        prompts: bool = True,
        began: float | None = None,
    ) -> None:
        self.environ = environ
        self._deadline = deadline
        self.messages = messages
        self.prompts = prompts
        self._began = time.monotonic() if began is None else began

    @property
    def deadline(self) -> "Deadline":
        """The deadline of the whole command. Raises ProfileError for an invalid ROLE_ENV_TIMEOUT."""
        if self._deadline is None:
            from role_env.deadline import Deadline

            self._deadline = Deadline(timeout_of(self.environ), began=self._began)
        return self._deadline

    def restarted(self) -> "Context":
        """Return the same context with a deadline that begins now, for the work after a person has answered."""
        return Context(self.environ, None, self.messages, prompts=self.prompts)

    def with_deadline(self, deadline: "Deadline") -> "Context":
        """Return the same context with another deadline."""
        return Context(self.environ, deadline, self.messages, prompts=self.prompts)

    def with_environ(self, environ: "Mapping[str, str]") -> "Context":
        """Return the same context with other environment variables."""
        return Context(environ, self.deadline, self.messages, prompts=self.prompts)

    def without_prompts(self) -> "Context":
        """Return the same context for work that asks no person."""
        return Context(self.environ, self._deadline, self.messages, prompts=False, began=self._began)


def timeout_of(environ: "Mapping[str, str]") -> float:
    """Return the seconds that a command may take. Raises ProfileError for an invalid ROLE_ENV_TIMEOUT."""
    try:
        seconds = float(environ.get("ROLE_ENV_TIMEOUT") or DEFAULT_TIMEOUT)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        from role_env.errors import ProfileError

        raise ProfileError(
            "the variable ROLE_ENV_TIMEOUT is not a number of seconds above 0",
            hint="set it to a number of seconds, such as 30, or unset it",
        )
    return seconds
