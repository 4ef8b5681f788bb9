"""What every request is made in: the environment, the command's deadline and its messages."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.deadline import Deadline
    from role_env.ui.messages import Messages


class Context:
    """The environment variables, the deadline of the whole command, and where its messages go.

    Nothing below `__main__` reads `os.environ`: it reads `environ`.
    """

    __slots__ = ("deadline", "environ", "messages")

    def __init__(self, environ: "Mapping[str, str]", deadline: "Deadline", messages: "Messages") -> None:
        self.environ = environ
        self.deadline = deadline
        self.messages = messages

    def with_deadline(self, deadline: "Deadline") -> "Context":
        """Return the same context with another deadline."""
        return Context(self.environ, deadline, self.messages)

    def with_variable(self, name: str, value: str) -> "Context":
        """Return the same context with the environment variable `name` set to `value`."""
        return Context({**self.environ, name: value}, self.deadline, self.messages)
