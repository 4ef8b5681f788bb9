"""role-env doctor: report what is wrong on this machine, and how to fix it.

All checks run in parallel, and one that hangs becomes a finding. No check asks a person or reports a secret.
"""

import functools
import re
import sys
from collections.abc import Mapping

from role_env import ui
from role_env.cli import Invocation
from role_env.commands.doctor import keyring, profiles, shell, tools
from role_env.commands.doctor.finding import FAIL, OK, WARN, Check, Finding
from role_env.context import Context
from role_env.context.messages import Messages
from role_env.dataclass import replace
from role_env.deadline import Deadline, Worker
from role_env.errors import RoleEnvError, printable
from role_env.ui import table

CHECKS: dict[str, Check] = {
    "profiles file": profiles.check,
    "sign-in": profiles.check_sign_ins,
    "access keys": profiles.check_keys,
    "keyring": keyring.check,
    "STS": profiles.check_endpoints,
    "variables": shell.check_variables,
    "aliyun CLI": tools.check_aliyun_cli,
    "SDKs": tools.check_config_file,
    "other tools": tools.check_others,
    "shell integration": shell.check_integration,
}
# All checks together end within ten seconds: a check's requests to servers and keyrings end within the first time, and
# a check that takes longer than the second is reported as hanging (seconds).
_LONGEST_CALLS, _LONGEST_CHECK = 5.0, 8.0
_MARKS = {OK: ("✓", "+"), WARN: ("!", "!"), FAIL: ("✗", "x")}
_COLORS = {OK: table.GREEN, WARN: table.YELLOW, FAIL: table.RED}


def run(invocation: Invocation, context: Context) -> int:
    """Print a line for each finding, with its fix below."""
    stdout = sys.stdout
    with context.messages.waiting_for("the checks"):
        examined = _examine(invocation, context.environ)
    shown = context.messages.shown
    findings = [replace(each, message=shown(each.message), fix=shown(each.fix)) for each in examined]
    sys.stdout = stdout  # a check that hangs in the keyring has replaced it
    if invocation.json:
        ui.write_json([vars(finding) for finding in findings])
    else:
        ui.write("".join(_shown(finding, context) for finding in findings))
    return 1 if any(finding.status == FAIL for finding in findings) else 0


def _examine(invocation: Invocation, environ: Mapping[str, str]) -> list[Finding]:
    context = Context(environ, Deadline(_LONGEST_CALLS), Messages(silent=True), prompts=False)
    workers = {name: Worker(functools.partial(check, invocation, context)) for name, check in CHECKS.items()}
    deadline = Deadline(_LONGEST_CHECK)
    return [finding for name, worker in workers.items() for finding in _findings(name, worker, deadline)]


def _findings(name: str, worker: Worker, deadline: Deadline) -> list[Finding]:
    worker.join(deadline.remaining())
    if worker.is_alive():
        what = f"the check did not end within {_LONGEST_CHECK:.0f} seconds"
        return [Finding(name, FAIL, what, "type `role-env doctor` again when the machine is less busy")]
    try:
        found: list[Finding] = worker.result()
    except RoleEnvError as error:
        return [Finding(name, FAIL, error.message, error.hint or "correct the file")]
    except Exception as error:  # its text could contain a secret
        return [Finding(name, FAIL, f"the check itself failed: {type(error).__name__}", "report it as a bug")]
    return found


def _shown(finding: Finding, context: Context) -> str:
    mark = next(mark for mark in _MARKS[finding.status] if table.can_show(mark))
    color = _COLORS[finding.status] if table.has_colors(context.environ, sys.stdout) else ""
    most = max(20, table.columns(context.environ))
    head = f"{finding.check}: "  # the message about a profile begins with it too
    text = _short(head + finding.message.removeprefix(head), context)
    shown = ui.wrapped(text, most, first="  ", others="  ").lstrip()
    if finding.fix:
        shown += ui.wrapped(_short(finding.fix, context), most, first="  fix: ", others="       ")
    return f"{table.colored(mark, color)} {shown}"


def _short(text: str, context: Context) -> str:
    """Return `text` with ~ for the home folder, except in a list of folders: cron's shell would not read it there."""
    home = context.environ.get("HOME", "").rstrip("/")
    return printable(re.sub(f"(?<![=:]){re.escape(home)}/", "~/", text) if home else text)
