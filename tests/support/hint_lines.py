"""Find the lines to type in the hints of the package's code, and fill in what the code fills in."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import role_env

_MARKED = re.compile(r"(``?)((?:role-env |\{)[^`]+)\1")
VALUES = {
    "self._rotate": "role-env rotate profileA",
    "self.rotate_line": "role-env rotate profileA",
    "holders.rotate_line": "role-env rotate profileA",
    "page": "role-env list --help",
    "command": "role-env list",
    "line": "role-env configure new --role-arn ARN --source-profile profileA",
    "meant": "exec",
    "named": "new",
    "error.name": "new",
    "' '.join((environ.get('ROLE_ENV_PROFILE', 'PROFILE'), *more))": "profileB --refresh",
    "shlex.join(words)": "use profileB --full",
    "shlex.join((self.profile, *self._typed_options(environ), *more))": "profileB --duration 900",
}
"""What an expression in a line stands for in the tests, where that is not simply the name of a profile."""
_OF_KEY = ("login", "logout", "rotate", "--source-profile")


def find_lines() -> dict[str, list[str]]:
    """Return each line to type in a text of the package, with the places that have it."""
    found = defaultdict(list)
    for place, text in _texts():
        for match in _MARKED.finditer(text):
            found[match[2]].append(place)
    return dict(found)


def find_unmarked(commands: Iterable[str]) -> list[str]:
    """Return the places of texts that name a line of role-env without the back-ticks which make it one to type."""
    line = re.compile(rf"\brole-env (?:(?:{'|'.join(commands)})\b|\{{)")
    return [f"{place}: {text}" for place, text in _texts() if line.search(_MARKED.sub("", text))]


def filled(line: str) -> str:
    """Return `line` with a value for each expression in it: that of VALUES, else a profile that the command takes."""
    line = line.replace("role-env {name}", "role-env renew")  # of the commands whose code a shell evaluates
    of_key = any(word in line.replace("=", " ").split() for word in _OF_KEY)
    profile = "profileA" if of_key else "profileB"
    shown = re.sub(r"\{([^{}]*)\}", lambda part: VALUES.get(part[1], profile), line)
    shown = shown.replace("--edit new", "--edit profileB")
    return shown.replace("PROFILE", "new" if " configure " in shown else "profileB").replace("COMMAND", "true")


def _texts() -> Iterator[tuple[str, str]]:
    """Yield each text in the package but its docstrings, with its place; an expression in it stands in braces."""
    folder = Path(role_env.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        left_out |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) not in left_out and isinstance(node, ast.Constant | ast.JoinedStr):
                yield f"{path.relative_to(folder)}, line {node.lineno}", _text(node)


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(
        f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else ast.literal_eval(part)
        for part in node.values
    )
