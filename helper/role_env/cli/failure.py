"""What the shell that waits for an answer gets when a command fails: code that ends in `false`."""

import sys

from role_env.command_table import DOCUMENT_FORMATS
from role_env.shells import export as exporters
from role_env.shells import parent
from role_env.ui import stdout as output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.cli.invocation import Invocation

_FOR_SHELLS = ("export", "off", "renew", "init", "")
"""The commands whose output a shell evaluates; a line without a command may be one that was meant to."""


def write_failure(
    invocation: "Invocation", environ: "Mapping[str, str]", *, role_arn: str = "", changes_nothing: bool = False
) -> bool:
    """Answer a shell that waits on stdout: there is no session, and one for something else is taken away.

    Return whether the shell that evaluates the answer is left without an account. `role_arn` is the role of the failed
    request, empty if it is not known. With `changes_nothing` no session is taken away: a person has pressed Ctrl-C. In
    a step of a GitHub job, the session of an earlier step is taken away. Raises RoleEnvError.
    """
    if invocation.command == "export" and invocation.format == "github" and not changes_nothing:
        from role_env.shells import github  # for this format only

        github.take_away_session(environ)
    form = _shell_format(invocation)
    if not form or sys.stdout is None or sys.stdout.isatty():
        return False
    take_away = not changes_nothing and _takes_away(invocation, environ, role_arn)
    output.write(exporters.failure(form, environ, take_away=take_away))
    return take_away


def _shell_format(invocation: "Invocation") -> str:
    """Return the format in which a shell waits for an answer, or an empty text if none does."""
    if invocation.command not in _FOR_SHELLS or invocation.format in DOCUMENT_FORMATS:
        return ""
    return invocation.format or parent.parent_format()


def _takes_away(invocation: "Invocation", environ: "Mapping[str, str]", role_arn: str) -> bool:
    """Return whether the shell has a session for something else; roles are compared without case."""
    has_session = environ.get("ROLE_ENV_PROFILE") or environ.get("ROLE_ENV_ACCESS_KEY_ID")
    if invocation.command != "export" or not has_session or not invocation.profile:
        return False
    is_other_role = bool(role_arn) and role_arn.lower() != environ.get("ROLE_ENV_ROLE_ARN", "").lower()
    return invocation.profile != environ.get("ROLE_ENV_PROFILE") or is_other_role
