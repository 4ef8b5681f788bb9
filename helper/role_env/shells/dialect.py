"""The functions that the module of a shell's dialect must define.

`environ` are the exported variables of the shell.
"""

from collections.abc import Mapping
from typing import Protocol

from role_env.credentials import Session


class Dialect(Protocol):
    """A module that generates code for the shells of its dialect."""

    def quote(self, value: str) -> str:
        """Return `value` as one word of the shell."""

    def session(self, session: Session, environ: Mapping[str, str], *, follows: bool | None, confirmation: str) -> str:
        """Return the code that puts `session` into the shell; an interactive one prints `confirmation`.

        With `follows` the `aliyun` CLI follows the shell; with None the shell decides, by whether it has a region.
        """

    def renewal(self, session: Session, environ: Mapping[str, str], *, confirmation: str) -> str:
        """Return the code that replaces the shell's session by `session`; an interactive shell prints `confirmation`.

        Only variables that are still the old session's are replaced. If the shell now has another session, or one of
        them is readonly, nothing is changed and the code ends in `false`.
        """

    def off(self, environ: Mapping[str, str]) -> str:
        """Return the code that ends the shell's session and restores the values from before it.

        A key that the user has set meanwhile stays.
        """

    def failure(self, environ: Mapping[str, str], *, take_away: bool) -> str:
        """Return the code that ends in `false`; with `take_away` it leaves the shell without any account."""
