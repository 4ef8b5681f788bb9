"""Read the programs of `shell/`, and fill in the values of one session.

Each program is a file that linters can check. A name between two @, such as `@TOKEN@`, stands for a list of names, or
for a value that is quoted for the shell; the files contain no other @. A line that begins with `#@` divides a file.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def read(name: str) -> str:
    """Return the text of a file of `shell/`: it is beside the modules in a wheel, else at the top of the checkout."""
    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  pathlib costs more than the whole command
    installed = f"{package}/shell"
    folder = installed if os.path.isdir(installed) else f"{package}/../../shell"  # noqa: PTH112
    with open(f"{folder}/{name}", encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def parts(name: str) -> "list[list[str]]":
    """Return the parts of a file, each as lines of code without comments and indentation."""
    found: list[list[str]] = [[]]
    for line in read(name).split("\n"):
        code = line.strip()
        if code.startswith("#@"):
            found.append([])
        elif code and not code.startswith("#"):
            found[-1].append(code)
    return found


def fill(text: str, tables: "Mapping[str, str]") -> str:
    """Return `text` with each name between two @ replaced by its text in `tables`, which is inserted as it is."""
    pieces = text.split("@")
    pieces[1::2] = [tables[name] for name in pieces[1::2]]
    return "".join(pieces)
