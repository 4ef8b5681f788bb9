"""Ask a person at the terminal for the profile that a command line lacks, in fzf or by numbers."""

from role_env.cli import Invocation, options, profile_rows
from role_env.cli.profile_rows import Row
from role_env.context import Context
from role_env.errors import CanceledError, ProfileError, printable
from role_env.profiles import file as profiles
from role_env.ui import fzf
from role_env.ui.prompt import Menu

_QUESTION = "Profile: a number, or a part of a name, account or role (Enter for none)"


def choose_profile(invocation: Invocation, context: Context) -> str:
    """Return the name of the profile that a person chooses among those that give a session.

    Raises CanceledError if none is chosen, ProfileError if there is none, and UsageError for an invalid policy.
    """
    options.check_narrowing(invocation)
    file = profiles.load(invocation.config, context.environ)
    names = profile_rows.names_with_session(file)
    if not names:
        raise ProfileError(f"no profile in {file.path} gives a session", hint="add one with: role-env configure")
    rows = profile_rows.load_rows(file, names, context)
    lines = profile_rows.offered_lines(rows, context)
    command = "use" if invocation.command == "export" else invocation.command
    try:
        chosen = fzf.choose(lines, question=f"role-env {command}")
    except fzf.UnusableError:
        menu = Menu([_searched(row) for row in rows], lines=lines, names=names)
        chosen = menu.choose_or_none(_QUESTION)
    if chosen is None:
        raise CanceledError("no profile was chosen, and nothing was changed")
    return names[chosen]


def _searched(row: Row) -> str:
    """Return the text in which a typed part is searched: the name, the role and the account."""
    account = row.profile.account_id if row.profile else ""
    return printable(f"{row.name}  {row.role_arn.name}  {account}")
