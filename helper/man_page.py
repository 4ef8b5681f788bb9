"""Build the man page role-env(1) from the command tables and the help topics. `wheel_hook` adds it to the wheel.

The page uses man(7), as groff and mandoc read it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from role_env import __version__
from role_env.command_table import OBTAINING, SHELLS, TOPICS, Command, Option
from role_env.command_table.commands import COMMANDS
from role_env.ui import markdown
from role_env.ui.markdown import Block, Code, Heading, Item, Paragraph, Style, Table

_HELP = Path(__file__).parent / "role_env" / "help"
_BLANK = "\\ "
# Characters that roff would typeset in a form that a shell cannot read.
_LITERAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def man_page() -> str:
    """Return the page, in ASCII only."""
    lines = [
        f'.TH ROLE\\-ENV 1 "" "role\\-env {__version__}"',
        ".nh",  # no hyphenation: a line to type must stay in one piece
        ".ad l",
        *_section("NAME", [Paragraph("role-env - temporary Alibaba Cloud credentials")]),
        ".SH SYNOPSIS",
        *_blocks([Code("", ["role-env [options] PROFILE", "role-env COMMAND ..."])]),
        *_section("DESCRIPTION", markdown.parse(_DESCRIPTION.format("".join(_lines_to_type())))),
        ".SH COMMANDS",
        *(line for command in COMMANDS.values() for line in _command(command)),
        ".SH OPTIONS OF EVERY SESSION",
        *_options(OBTAINING),
    ]
    for name in TOPICS:
        title, *blocks = markdown.parse((_HELP / f"{name}.md").read_text("utf-8"))
        assert isinstance(title, Heading)  # noqa: S101  a topic begins with its title
        lines += _section(title.text.upper(), blocks)
    text = "\n".join(lines) + "\n"
    return re.sub(r"^(\.S[HS] .*\n)\.PP\n", r"\1", text, flags=re.MULTILINE)


_DESCRIPTION = """\
`role-env PROFILE` prints exports for your shell to evaluate:

| shell | line |
|---|---|
{}
`role-env help COMMAND` shows the section of a command alone, and `role-env help TOPIC` one of those below them.
"""


def _lines_to_type() -> Iterator[str]:
    """Yield the rows of a table: who types a line, and the line."""
    for shell in SHELLS.values():
        if shell.readers:
            line = shell.evaluate.format("role-env PROFILE").replace("|", "\\|")
            yield f"| {shell.readers} | `{line}` |\n"


def _command(command: Command) -> Iterator[str]:
    """Yield the section of a command, with its own options and exit statuses."""
    yield f".SS {_quoted(f'role-env {command.name}')}"
    yield from _blocks([Paragraph(command.purpose)])
    yield from _options(command.own_options)
    if command.obtains:
        yield from _blocks([Paragraph("It has the options of every session, too.")])
    own = [(number, meaning) for number, meaning in sorted(command.statuses.items()) if meaning]
    yield from _blocks([Code("", list(command.examples)), *([Paragraph("Its own exit statuses:")] if own else [])])
    for number, meaning in own:
        yield from _tagged(str(number), [meaning], width=5)


def _options(options: Iterable[Option]) -> Iterator[str]:
    for option in options:
        yield from _tagged(f"`{option.heading}`", [option.help])


def _section(title: str, blocks: Sequence[Block]) -> list[str]:
    return [f".SH {_quoted(title)}", *_blocks(blocks)]


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(text=text):
                yield f".SS {_quoted(text)}"
            case Paragraph(text=text):
                yield from (".PP", _text(text))
            case Code(lines=lines):
                yield from (".PP", ".in +4n", ".nf", *(_line(_escaped(line)) for line in lines), ".fi", ".in")
            case Table(rows=rows):
                yield from _table(rows)
            case Item(marker=marker, blocks=[first, *others]):
                assert isinstance(first, Paragraph)  # noqa: S101  an item of a topic begins with one
                yield ".IP \\(bu 2" if marker == "-" else f".IP {marker} 4"
                yield _text(first.text)
                yield from (".RS 4", *_blocks(others), ".RE") if others else ()


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield each row as its first cell with the others below it, labeled by their headings if there are several."""
    (_, *headings), *others = rows
    for first, *cells in others:
        named = zip(headings, cells, strict=True) if len(headings) > 1 else (("", cell) for cell in cells)
        yield from _tagged(first, [f"{heading}: {cell}".removeprefix(": ") for heading, cell in named if cell])


def _tagged(tag: str, texts: list[str], *, width: int = 4) -> Iterator[str]:
    yield from (f".TP {width}", _text(tag))
    for number, text in enumerate(texts):
        yield from (".br", _text(text)) if number else (_text(text),)


def _text(text: str) -> str:
    return _line("".join(_set(style, part) for style, part in markdown.parts(text)))


def _set(style: Style, part: str) -> str:
    """Return a part in its font; code stays on one line."""
    if style is Style.PLAIN:
        return _escaped(part)
    text = _escaped(part)
    return f"\\fB{text.replace(' ', _BLANK) if style is Style.CODE else text}\\fR"


def _quoted(text: str) -> str:
    """Return the text quoted as an argument of a macro, without styles."""
    plain = "".join(part for _, part in markdown.parts(text))
    return '"' + _escaped(plain).replace('"', "\\(dq") + '"'


def _escaped(text: str) -> str:
    literal = re.sub(r"[\\'`^~-]", lambda found: _LITERAL[found[0]], text)
    return re.sub(r"[^\x00-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", literal)


def _line(text: str) -> str:
    """Return a line of text, escaped so that roff does not read it as a request."""
    return f"\\&{text}" if text.startswith((".", "'")) else text
