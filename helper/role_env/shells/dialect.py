"""What the module of a shell's dialect must define."""

from typing import Protocol

from role_env.shells import Change


class Dialect(Protocol):
    """A module that generates code for the shells of its dialect.

    FAILURE is code that does nothing and fails.
    """

    FAILURE: str

    def quote(self, value: str) -> str:
        """Return `value` as one word of the shell."""

    def change(self, change: Change, *, otherwise: Change | None, key_id: str) -> str:
        """Return the code that does `change`, and succeeds if the shell then has the session of `key_id`.

        With an empty one it succeeds if the shell then has neither a session nor the no-account state.

        If one of the variables is readonly, it does nothing of it, but removes the former session by `otherwise`.
        """

    def failure(self, change: Change | None) -> str:
        """Return the code that does `change`, as far as variables are not readonly, and ends in `false`."""
