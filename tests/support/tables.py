"""How the tests read a table that a command prints."""

import re


def cells_of(text: str) -> list[dict[str, str]]:
    """Return the cells of each row of `role-env list` by their headings; its values are of narrow letters."""
    heading, *rows = text.splitlines()
    starts = [(found[0], found.start()) for found in re.finditer(r"\S+", heading)]
    ends = [start for _, start in starts[1:]] + [None]
    return [{name: row[start:end].strip() for (name, start), end in zip(starts, ends, strict=True)} for row in rows]
