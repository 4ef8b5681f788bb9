"""role-env doctor: what is wrong on this machine, and what mends it."""

import argparse
import json
import sys
import textwrap

from role_env.cli import options
from role_env.doctor import checks as doctor
from role_env.doctor.checks import FAIL, OK, WARN, Finding
from role_env.errors import ProfileError, printable
from role_env.ui import stdout as output
from role_env.ui import table as display

SUMMARY = "check everything that keeps role-env from working, and tell what mends it"
EXAMPLES = ("role-env doctor", "role-env doctor --json")
STATUSES = {0: "no check fails (one may warn)", 1: "one fails", 2: ""}

_MARKS = {OK: ("✓", "+"), WARN: ("!", "!"), FAIL: ("✗", "x")}
_COLOURS = {OK: display.GREEN, WARN: display.YELLOW, FAIL: display.RED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    options.add_config(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Prints a line for each finding, and its mend below."""
    stdout = sys.stdout
    with arguments.messages.waiting_for("the checks"):
        findings = [*_settings(arguments), *doctor.examine(arguments.environ, arguments.config)]
    sys.stdout = stdout  # a keyring that hangs still holds the one that its prints go to
    if arguments.json:
        shown = [finding._asdict() for finding in findings]
        output.write(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")
    else:
        output.write("".join(_shown(finding, arguments) for finding in findings))
    return 1 if any(finding.status == FAIL for finding in findings) else 0


def _settings(arguments: argparse.Namespace) -> list[Finding]:
    try:
        options.deadline_of(arguments.environ)
    except ProfileError as error:
        return [Finding("variables", FAIL, error.message, "give a number of seconds, such as 30, or unset it")]
    return []


def _shown(finding: Finding, arguments: argparse.Namespace) -> str:
    mark = next(mark for mark in _MARKS[finding.status] if display.can_show(mark))
    colour = _COLOURS[finding.status] if display.has_colours(arguments.environ) else ""
    head = f"{finding.check}: "  # with which the message about a profile begins, too
    text = _wrapped(_short(head + finding.message.removeprefix(head), arguments))
    mend = _wrapped(_short(finding.mend, arguments), "mend: ") if finding.mend else ""
    return f"{display.coloured(mark, colour)} {text.lstrip()}{mend}"


def _short(text: str, arguments: argparse.Namespace) -> str:
    """`text` with ~ for the home folder, which a shell reads the same."""
    home = arguments.environ.get("HOME", "").rstrip("/")
    return printable(text.replace(f"{home}/", "~/") if home else text)


def _wrapped(text: str, before: str = "") -> str:
    """`text` in lines that fit the terminal, two columns in; a word that is a command or a path stays whole."""
    lines = textwrap.wrap(
        before + text,
        max(20, display.columns()),
        initial_indent="  ",
        subsequent_indent="  " + " " * len(before),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "".join(f"{line}\n" for line in lines)
