"""How the tests read the README."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def table(heading: str) -> list[list[str]]:
    """Return the cells of the README's table whose first heading is this, without that line."""
    text = README.read_text("utf-8")
    lines = text.split(f"\n| {heading} |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def codes(cell: str) -> list[str]:
    """Return the words of a cell that are set as code."""
    return re.findall(r"`([^`]+)`", cell)
