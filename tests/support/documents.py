"""How the tests read the README and the topics of the reference."""

import re
from pathlib import Path

from role_env.ui.reference import text_of

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


def line_of_programs(part: str) -> str:
    """Return the only line to type of `role-env help programs` that contains `part`."""
    (line,) = [line for line in lines_of(topic("programs")) if part in line]
    return line


def codes(cell: str) -> list[str]:
    """Return the words of a cell that are set as code."""
    return re.findall(r"`([^`]+)`", cell)


_CODE = re.compile("\x1b\\[36m(.*?)\x1b\\[0m")
_OTHERS = (
    r"\w+ =( .*)?",  # a key of a profile, and its value
    r"--[A-Za-z-]+ \S+",  # an option
    r"~/Library/.*",  # a path
    r"profileB 59m",  # a prompt
    r"KEY=…  *role-env .*",  # a form
    r"(role-env|Syntax error): .*",  # a message
    r"(AcceptEnv|GatewayPorts) .*",  # a setting of another program
    r"(exec|export|explain|rotate|clear|set|typeset|secret-tool|ssh|python -c) (-.*|PROFILE|lookup|pass)",
    r"chmod (-.*|600|go-w)",
)
"""What has a blank and is no line to type; the last one is a part of a line, or what is said of a program."""


def _rendered(document: Path) -> str:
    """Return a document with its styles, without what a terminal shows, which test_readme.py has."""
    text = re.sub(r"^```(?:console|text)\n.*?^```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return text_of(text, columns=80, has_styles=True)


def lines_of(document: Path) -> list[str]:
    """Return the lines to type. At the margin, a whole line of code is a part of a file."""
    found: list[str] = []
    for line in _rendered(document).splitlines():
        for code in _CODE.findall(line):
            is_part_of_file = line.startswith("\x1b") and line.endswith("\x1b[0m") and line.count("\x1b") == 2
            if " " in code.strip() and not (is_part_of_file and not code.startswith("role-env ")):
                found.append(code)
    return [code for code in dict.fromkeys(found) if not any(re.fullmatch(other, code) for other in _OTHERS)]
