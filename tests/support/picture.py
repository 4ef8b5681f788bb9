"""The picture of a terminal at the head of the README: an SVG, made from what a real shell shows on a real terminal."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from cloud.world import ACCOUNT_B, ACCOUNT_C, role_arn
from support.machine import Machine, throwaway_machine
from support.shell_terminal import PROMPT, Terminal

FILE = Path(__file__).parents[2] / ".github/terminal.svg"
COLUMNS = 92
_CELL, _LINE, _EDGE = 8.43, 21, 18
_STYLE = """\
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }
.back { fill: #f6f8fa } .plain { fill: #1f2328 } .on { fill: #f6f8fa }
.c31 { fill: #cf222e } .c33 { fill: #7d4e00 } .bold { font-weight: bold }
@media (prefers-color-scheme: dark) {
.back { fill: #0d1117 } .plain { fill: #e6edf3 } .on { fill: #0d1117 }
.c31 { fill: #ff7b72 } .c33 { fill: #d29922 } }"""
_SGR = re.compile(r"\x1b\[([0-9;]*)m")


class Run(NamedTuple):
    """Characters of one style: `color` is an SGR number or empty."""

    text: str
    color: str
    bold: bool
    reverse: bool


def lines_of_a_day() -> list[str]:
    """Return what the terminal shows in a short story, line by line, with the SGR codes."""
    with throwaway_machine("picture") as machine:
        return _story(machine)


def _story(machine: Machine) -> list[str]:
    hub, spoke = role_arn(ACCOUNT_B, "hub"), role_arn(ACCOUNT_C, "spoke1")
    role = role_arn(ACCOUNT_B, "switchRoleSbc")  # RAM ignores the case; the text writes it like this
    machine.write(machine.file.read_text("utf-8").replace(machine.sts.role_arn, role))
    machine.add(
        f"[hub]\nrole_arn = {hub}\nsource_profile = profileA\n\n"
        f"[production]\nrole_arn = {spoke}\nsource_profile = hub\ncolor = red\n\n"
        f"[staging]\nrole_arn = {role}\nsource_profile = profileA\n"
    )
    with Terminal(machine, "bash", TERM="xterm-256color") as terminal:
        terminal.wait_for_prompt("")
        for line, prompt in (
            ("role-env use profileB", r"profileB \d+m"),
            ("role-env use production", r"production \d+m"),
            ("export ALICLOUD_ACCESS_KEY=LTAI5tLastYear", r"production≠ \d+m"),
            ("role-env status", r"production≠ \d+m"),
            ("role-env off", ""),
        ):
            terminal.type(line)
            terminal.wait_for_prompt(prompt)
        machine.sts.session_seconds = 6
        terminal.type("role-env use staging")
        terminal.wait_for_prompt("staging (0m|expired)")
        terminal.wait_for_prompt("staging expired", enter=True)
        shown = terminal.screen(colours=True).rstrip("\n").split("\n")
    return list(_without_waiting(shown))


def _without_waiting(shown: list[str]) -> Iterator[str]:
    """Leave out the prompts at which only Enter was pressed, until the session had expired."""
    for line, after in zip(shown, [*shown[1:], ""], strict=True):
        is_empty_prompt = _SGR.sub("", line).rstrip().endswith(PROMPT)
        if not (is_empty_prompt and "staging" in line and after):
            yield line.replace(PROMPT, "$")


def alike(text: str) -> str:
    """Return the text of a picture without what differs between two runs: minutes, and a date after today.

    The session that expires has been shortened for the picture.
    """
    return re.sub(r"\b[1-9]\d*( ?m\b)|\b\d+( min\b)", r"59\1\2", re.sub(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d", "09:41", text))


def render(lines: list[str]) -> str:
    """Return the SVG of a terminal that shows `lines`; it follows the reader's light or dark scheme."""
    width, height = round(COLUMNS * _CELL + 2 * _EDGE), len(lines) * _LINE + 2 * _EDGE
    shapes = [shape for row, line in enumerate(lines) for shape in _shapes(row, line)]
    label = "A terminal: the prompt names the profile, its minutes, and what is wrong"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">',
            f"<style>{_STYLE}</style>",
            f'<rect class="back" width="{width}" height="{height}" rx="8"/>',
            *shapes,
            "</svg>\n",
        )
    )


def _shapes(row: int, line: str) -> Iterator[str]:
    column, top = 0, _EDGE + row * _LINE
    for run in _runs(line):
        left = f"{_EDGE + column * _CELL:.1f}"
        width = f"{len(run.text) * _CELL:.1f}"
        color = f"c{run.color}" if run.color else "plain"
        if run.reverse:
            yield f'<rect class="{color}" x="{left}" y="{top}" width="{width}" height="{_LINE - 2}"/>'
            color = "on"
        classes = f"{color} bold" if run.bold else color
        size = f'textLength="{width}" lengthAdjust="spacingAndGlyphs"'
        yield f'<text class="{classes}" x="{left}" y="{top + 15}" {size}>{escape(run.text)}</text>'
        column += len(run.text)


def _runs(line: str) -> Iterator[Run]:
    """Split a line at its SGR codes (ECMA-48 8.3.117)."""
    color, bold, reverse = "", False, False
    parts = _SGR.split(line.rstrip())
    for position, part in enumerate(parts):
        if position % 2 == 0:
            if part:
                yield Run(alike(part), color, bold, reverse)
            continue
        for code in part.split(";"):
            if code in ("", "0"):
                color, bold, reverse = "", False, False
            elif code == "1":
                bold = True
            elif code in ("7", "27"):
                reverse = code == "7"
            elif code in ("31", "33", "39"):
                color = code.replace("39", "")


def main() -> None:
    """Write the picture."""
    FILE.write_text(render(lines_of_a_day()), "utf-8")


if __name__ == "__main__":
    main()
