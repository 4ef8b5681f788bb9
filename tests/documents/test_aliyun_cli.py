"""What role-env relies on in the `aliyun` CLI is in one list, with the modules and the tests that are there."""

import ast
import re

from support.documents import TOP, codes

LIST = TOP / ".github/ALIYUN_CLI.md"
PACKAGE = TOP / "helper/role_env"
BEHAVIOR = ("aliyun", "doctor", "environ", "issuers", "sessions", "shells", "sources")
"""The folders whose modules do what the CLI does, or what it is to find. The others only name it."""
ONLY_NAMED = {"doctor/examination.py"}


def rows() -> list[list[str]]:
    """The cells of each row of each table."""
    lines = [line for line in LIST.read_text("utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in ("the CLI", "---")]


def test_each_row_says_where_it_is_in_the_cli_which_release_that_was_and_whether_it_was_run() -> None:
    assert len(rows()) > 20
    for claim, place, release, *_ in rows():
        assert claim
        assert place
        assert re.fullmatch(r"3\.\d+\.\d+ (run|read)", release), claim


def test_each_row_names_a_test_and_modules_that_are_there() -> None:
    for claim, _, _, modules, test in rows():
        assert codes(modules), claim
        for module in codes(modules):
            assert (PACKAGE / module).is_file(), module
        file, name = codes(test)[0].split("::")
        tree = ast.parse((TOP / "tests" / file).read_text("utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


def test_each_module_that_does_what_the_cli_does_is_in_a_row() -> None:
    named = {module for row in rows() for module in codes(row[3])} | ONLY_NAMED
    speaking = [
        path.relative_to(PACKAGE).as_posix()
        for folder in BEHAVIOR
        for path in (PACKAGE / folder).rglob("*.py")
        if re.search(r"\bCLI\b|`aliyun`|aliyun-cli", path.read_text("utf-8"))
    ]
    assert len(speaking) > 10
    assert not set(speaking) - named, f"give each of these a row in .github/{LIST.name}"
