"""Ask a person at the terminal for the profile that a command line lacks, in fzf or by numbers."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from role_env.cli import Invocation, obtaining, profile_rows
from role_env.cli.profile_rows import Row
from role_env.context import Context
from role_env.errors import CanceledError, ProfileError, printable
from role_env.profiles import file as profiles
from role_env.ui.prompt import Menu

_QUESTION = "Profile: a number, or a part of a name, account or role (Enter for none)"
# The statuses of fzf without a choice: no line matched; Esc, Ctrl-C or Ctrl-D.
_CANCELED = (1, 130)
_SECONDS_TO_END = 2.0


def choose_profile(invocation: Invocation, context: Context) -> str:
    """Return the name of the profile that a person chooses among those that give a session.

    Raises CanceledError if none is chosen, ProfileError if there is none, and UsageError for an invalid policy.
    """
    obtaining.check_narrowing(invocation)
    file = profiles.load(invocation.config, context.environ)
    names = profile_rows.names_with_session(file)
    if not names:
        raise ProfileError(f"no profile in {file.path} gives a session", hint="add one with: `role-env configure`")
    rows = profile_rows.load_rows(file, names, context)
    lines = profile_rows.offered_lines(rows, context)
    command = "use" if invocation.command == "export" else invocation.command
    try:
        chosen = _choose_in_fzf(lines, question=f"role-env {command}")
    except _NoFzf:
        menu = Menu([_searched(row) for row in rows], lines=lines, names=names)
        chosen = menu.choose_or_none(_QUESTION)
    if chosen is None:
        raise CanceledError("no profile was chosen, and nothing was changed")
    return names[chosen]


def _searched(row: Row) -> str:
    account = row.profile.account_id if row.profile else ""
    return printable(f"{row.name}  {row.role_arn.name or row.access_config}  {account}")


class _NoFzf(Exception):
    pass


def _choose_in_fzf(lines: Sequence[str], *, question: str) -> int | None:
    """Return the index of the line that a person chooses in fzf, or None. Raises _NoFzf if fzf cannot be used."""
    program = shutil.which("fzf")
    if program is None:
        raise _NoFzf
    # The number in front, which is not shown, distinguishes lines that look the same.
    numbered = "".join(f"{index}\t{line}\n" for index, line in enumerate(lines))
    options = ("--ansi", "--no-multi", "--height=40%", "--reverse", "--delimiter=\t", "--with-nth=2..")
    try:
        fzf = subprocess.Popen(  # noqa: S603  the user's own program, with options of ours
            [program, *options, f"--prompt={question} "], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    except OSError:
        raise _NoFzf from None
    try:
        chosen, _ = fzf.communicate(numbered.encode())
    except BaseException:
        fzf.terminate()  # unlike a kill, it lets fzf restore the terminal
        fzf.wait(_SECONDS_TO_END)
        raise
    if fzf.returncode in _CANCELED:
        return None
    # The user's own options of fzf may add lines, such as what was typed.
    numbers = [int(text) for line in chosen.split(b"\n") if (text := line.partition(b"\t")[0]).isdigit()]
    if fzf.returncode != os.EX_OK or not numbers or numbers[-1] >= len(lines):
        raise _NoFzf
    return numbers[-1]
