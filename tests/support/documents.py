"""How the tests read the README and the topics of the reference."""

import re
from pathlib import Path

TOP = Path(__file__).parents[2]
README = TOP / "README.md"
TOPICS = sorted((TOP / "helper/role_env/help").glob("*.md"))
"""The files of `role-env help TOPIC`."""


def topic(name: str) -> Path:
    """Return the file of a topic."""
    return TOP / f"helper/role_env/help/{name}.md"


def table(heading: str, document: Path = README) -> list[list[str]]:
    """Return the cells of the document's table whose first heading is this, without that line."""
    text = document.read_text("utf-8")
    lines = text.split(f"\n| {heading} |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def line_of_programs(heading: str, part: str) -> str:
    """Return the line of `role-env help programs`, in the table of this heading, that contains `part`."""
    lines = [line for row in table(heading, topic("programs")) for line in codes(row[1])]
    return next(line for line in lines if part in line)


def codes(cell: str) -> list[str]:
    """Return the words of a cell that are set as code."""
    return re.findall(r"`([^`]+)`", cell)
