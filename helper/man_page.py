"""Build the man page role-env(1) from the help pages and topics. `wheel_hook` adds it to the wheel.

The page uses man(7), as groff and mandoc read it. Its text is filled already, for a terminal of 80 columns.
"""

import re
from collections.abc import Iterator

from role_env import __version__
from role_env.cli import help as pages
from role_env.command_table import TOPICS
from role_env.command_table.commands import COMMANDS
from role_env.ui.reference import text_of

_INDENT = 2
# The characters that roff would typeset in a form that a shell cannot read, and the styles of `ui.reference`.
_LITERAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
_FONTS = {"\x1b[1m": "\\fB", "\x1b[36m": "\\fB", "\x1b[0m": "\\fR"}
_SESSION_OPTIONS = "OPTIONS OF EVERY SESSION"


def man_page() -> str:
    """Return the page, in ASCII only."""
    lines = [f'.TH ROLE\\-ENV 1 "" "role\\-env {__version__}"', ".SH NAME"]
    lines.append("role\\-env \\- temporary Alibaba Cloud credentials")
    lines += [*_section(".SH SYNOPSIS", pages.synopsis()), *_section(".SH DESCRIPTION", pages.page(""))]
    for command in COMMANDS.values():
        see = f"options of every session: see {_SESSION_OPTIONS}\n"
        lines += _section(f".SH role-env {command.name}", pages.command_page(command, session_options=see))
    lines += _section(f".SH {_SESSION_OPTIONS}", pages.session_options())
    for name in TOPICS:
        title, _, text = pages.topic(name).partition("\n\n")
        styled = text_of(text, columns=80 - _INDENT, has_styles=True)
        lines += _section(f".SH {title.removeprefix('# ').upper()}", styled)
    return "\n".join(lines) + "\n"


def _section(heading: str, text: str) -> Iterator[str]:
    """Yield a section with the lines of `text` as they are."""
    yield from (_escaped(heading), f".in {_INDENT}n", ".nf")
    for line in text.splitlines():
        shown = _escaped(line)
        yield f"\\&{shown}" if shown.startswith((".", "'")) else shown
    yield ".fi"


def _escaped(text: str) -> str:
    literal = re.sub(r"[\\'`^~-]", lambda found: _LITERAL[found[0]], text)
    styled = re.sub(r"\x1b\[\d+m", lambda found: _FONTS[found[0]], literal)
    return re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", styled)
