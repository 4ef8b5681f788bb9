"""role-env doctor: report what is wrong on this machine, and how to fix it."""

import re
import sys

from role_env import ui
from role_env.cli import Invocation
from role_env.context import Context
from role_env.dataclass import replace
from role_env.doctor import examination
from role_env.doctor.finding import FAIL, OK, WARN, Finding
from role_env.errors import ProfileError, printable
from role_env.shells import hints
from role_env.ui import table

_MARKS = {OK: ("✓", "+"), WARN: ("!", "!"), FAIL: ("✗", "x")}
_COLORS = {OK: table.GREEN, WARN: table.YELLOW, FAIL: table.RED}


def run(invocation: Invocation, context: Context) -> int:
    """Print a line for each finding, with its fix below."""
    stdout = sys.stdout
    with context.messages.waiting_for("the checks"):
        examined = examination.examine(context.environ, invocation.config, is_verbose=invocation.verbose)
    findings = [*_settings(context), *examined]
    findings = [replace(finding, fix=hints.followable(finding.fix, context.environ)) for finding in findings]
    sys.stdout = stdout  # a check that hangs in the keyring has replaced it
    if invocation.json:
        ui.write_json([vars(finding) for finding in findings])
    else:
        ui.write("".join(_shown(finding, context) for finding in findings))
    return 1 if any(finding.status == FAIL for finding in findings) else 0


def _settings(context: Context) -> list[Finding]:
    try:
        _ = context.deadline
    except ProfileError as error:
        return [Finding("variables", FAIL, error.message, error.hint)]
    return []


def _shown(finding: Finding, context: Context) -> str:
    mark = next(mark for mark in _MARKS[finding.status] if table.can_show(mark))
    color = _COLORS[finding.status] if table.has_colors(context.environ, sys.stdout) else ""
    most = max(20, table.columns(context.environ))
    head = f"{finding.check}: "  # the message about a profile begins with it too
    text = _short(head + finding.message.removeprefix(head), context)
    shown = table.wrapped(text, most, first="  ", others="  ").lstrip()
    if finding.fix:
        shown += table.wrapped(f"fix: {_short(finding.fix, context)}", most, first="  ", others=" " * len("  fix: "))
    return f"{table.colored(mark, color)} {shown}"


def _short(text: str, context: Context) -> str:
    """Return `text` with ~ for the home folder, except in a list of folders: cron's shell would not read it there."""
    home = context.environ.get("HOME", "").rstrip("/")
    return printable(re.sub(f"(?<![=:]){re.escape(home)}/", "~/", text) if home else text)
