"""What the documents promise about the project itself is there."""

import ast
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
SECURITY = TOP / ".github/SECURITY.md"
DOCUMENTS = [TOP / "README.md", TOP / "README.ja.md", SECURITY, TOP / ".github/CONTRIBUTING.md"]


def named_tests() -> list[tuple[str, str, str]]:
    """File, test and, where it has one, the row of its table."""
    return re.findall(r"`(\w+\.py)::(\w+)(?:\[(.+?)\])?`", SECURITY.read_text("utf-8"))


def test_each_claim_about_safety_names_a_test_that_is_there() -> None:
    assert len(named_tests()) > 30
    assert SECURITY.read_text("utf-8").count(".py::") == len(named_tests())
    for file, name, row in named_tests():
        text = (TOP / "tests" / file).read_text("utf-8")
        assert name in {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}, name
        assert not row or f'Fault("{row}",' in text, row


def test_each_claim_under_what_is_protected_names_a_test() -> None:
    text = SECURITY.read_text("utf-8").split("## What is protected")[1].split("## What is not protected")[0]
    claims = re.findall(r"^- .*(?:\n  .*)*", text, re.MULTILINE)
    assert len(claims) > 15
    assert not [claim for claim in claims if "::" not in claim]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text("utf-8")), target


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_guide_for_contributors_stays_short() -> None:
    assert len((TOP / ".github/CONTRIBUTING.md").read_text("utf-8").splitlines()) < 60


def test_no_line_of_prose_is_too_long_to_read_in_an_editor() -> None:
    for document in (TOP / "README.md", SECURITY, TOP / ".github/CONTRIBUTING.md"):
        prose = [line for line in document.read_text("utf-8").splitlines() if "|" not in line and "`test_" not in line]
        assert not [line for line in prose if len(line) > 120], document.name
