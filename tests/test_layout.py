"""The package keeps to its layout: few boxes on few layers, no cycle, modules and functions that are not too long.

Each folder counts as one box. An import inside a function counts, and so do one by name while the program runs and one
for the type checker alone. Which box lies above which is checked by import-linter (pyproject.toml).
"""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

import role_env
from role_env.command_table import SHELLS

MOST_BOXES = 32
MOST_LAYERS = 10
MOST_LINES = 500
MOST_LINES_OF_FUNCTION = 50
MOST_LINES_OF_TESTS = 500

TESTS = Path(__file__).parent
PACKAGE = Path(role_env.__file__).parent


def test_the_package_has_at_most_32_boxes() -> None:
    assert len(boxes()) <= MOST_BOXES


def test_the_longest_chain_of_imports_between_boxes_passes_through_at_most_10() -> None:
    depths: dict[str, int] = {}
    for box in TopologicalSorter(boxes()).static_order():  # a cycle raises CycleError, which names it
        depths[box] = 1 + max((depths[below] for below in boxes()[box]), default=0)
    assert max(depths.values()) <= MOST_LAYERS


def test_no_module_imports_itself_through_others() -> None:
    assert list(TopologicalSorter(imports()).static_order())


def test_only_the_two_entry_points_and_the_choice_of_a_source_import_modules_of_the_package_by_name() -> None:
    importing = {name for name, tree in modules().items() if list(imports_by_name(tree))}
    assert importing == {"role_env.__main__", "role_env.fast_path", "role_env.profiles.profile"}


def test_values_are_of_one_class() -> None:
    """The one of `dataclass.py`, where a class for what the fast path needs does not write its constructor down."""
    others = {"dataclasses", "NamedTuple", "namedtuple"}
    for name, tree in modules().items():
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        used = {alias.name for node in nodes for alias in node.names} | {getattr(node, "module", "") for node in nodes}
        assert name == "role_env.dataclass" or not used & others, name


def test_no_module_has_more_than_500_lines() -> None:
    lines = {str(path.relative_to(PACKAGE)): path.read_text("utf-8").count("\n") for path in PACKAGE.rglob("*.py")}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_file_of_the_tests_has_more_than_500_lines() -> None:
    lines = {str(path.relative_to(TESTS)): path.read_text("utf-8").count("\n") for path in TESTS.rglob("*.py")}
    assert {name: count for name, count in lines.items() if count > MOST_LINES_OF_TESTS} == {}


def test_the_folders_of_the_tests_mirror_the_package() -> None:
    tested = {path.parent.name for path in TESTS.glob("*/test_*.py")} - {"cloud", "documents", "support"}
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert tested == folders - {"command_table"}, "command_table is data, which the tests in cli/ go through"


def test_no_function_has_more_than_50_lines() -> None:
    functions = [
        (name, node.name, (node.end_lineno or 0) - node.lineno + 1)
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [function for function in functions if function[2] > MOST_LINES_OF_FUNCTION] == []


@cache
def modules() -> dict[str, ast.Module]:
    """Return the package's modules by their names. An `__init__` has its folder's name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text("utf-8"))
    return found


@cache
def imports() -> dict[str, set[str]]:
    """Return what each module imports of the package. The package's own `__init__` does not count."""
    graph = grimp.build_graph("role_env", exclude_type_checking_imports=False, cache_dir=None)
    counted = modules().keys() - {"role_env"}
    found = {name: counted & graph.find_modules_directly_imported_by(name) for name in counted}
    for name in counted:
        for prefix in imports_by_name(modules()[name]):
            found[name] |= {other for other in counted - {name} if other.startswith(prefix)}
    # The choice of a dialect has its names from the records of the shells.
    found["role_env.shells.export"] |= {shell.dialect for shell in SHELLS.values()}
    return found


def imports_by_name(tree: ast.Module) -> Iterator[str]:
    """Yield the names, or their beginnings, of the modules that `import_module` or `__import__` is given.

    Where a module names one of the two, each text in it that begins as one of our modules' names does counts.
    """
    names = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(tree)}
    if names & {"import_module", "__import__"}:
        texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        yield from (text for text in texts if isinstance(text, str) and text.startswith("role_env."))


@cache
def boxes() -> dict[str, set[str]]:
    """Return what each box imports of the others."""
    found: dict[str, set[str]] = {}
    for name, imported in imports().items():
        others = {box_of(other) for other in imported} - {box_of(name)}
        found.setdefault(box_of(name), set()).update(others)
    return found


def box_of(module: str) -> str:
    """Return the module or folder right below the package: `sts` for `role_env.http.client`."""
    return module.split(".")[1]
