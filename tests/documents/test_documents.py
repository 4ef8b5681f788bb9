"""What the documents promise about the project itself is there."""

import ast
import html
import re
from pathlib import Path

import pytest

from cloud.world import ACCOUNT_B, ACCOUNT_C, role_arn
from role_env import variables
from role_env.command_table.commands import COMMANDS
from role_env.profiles.profile import PROFILE_KEYS
from support.documents import README, TOP, TOPICS, codes, table, topic
from support.machine import Machine
from support.shell_terminal import PROMPT, Terminal

SECURITY = TOP / ".github/SECURITY.md"
PICTURE = TOP / ".github/terminal.svg"
GUIDES = [TOP / f".github/{name}.md" for name in ("CONTRIBUTING", "ALIYUN_CLI", "COMPARISON")]
READMES = [README, TOP / "README.ja.md"]
DOCUMENTS = [*READMES, SECURITY, *GUIDES, *TOPICS]


def is_there(file: str, test: str) -> bool:
    """Whether a file of the tests has a test of this name."""
    path = TOP / "tests" / file
    tree = ast.parse(path.read_text("utf-8") if path.is_file() else "")
    return test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_claim_about_safety_names_a_test_that_is_there() -> None:
    defended = [row[-1] for row in table("against | role-env | test", SECURITY)]
    limits = [row[-1] for row in table("it relies on | which means | test", SECURITY)]
    assert len(defended) > 25
    for cell in (*defended, *filter(None, limits)):
        if cell.startswith("`transcripts/") and (TOP / "tests" / cell.strip("`")).is_file():
            continue
        named = re.fullmatch(r"`([\w/]+\.py)::(\w+)(?:\[(.+)\])?`", cell)
        assert named, f"name one test in the last column of .github/SECURITY.md: {cell}"
        file, test, row = named.groups()
        assert is_there(file, test), f"name a test that exists in .github/SECURITY.md: {cell}"
        assert not row or f'Fault("{row}",' in (TOP / "tests" / file).read_text("utf-8"), row


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text("utf-8")), target


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_fenced_lines(text: str) -> str:
    """Return `text` with an empty line for each line of a fenced block: a line to type stays in one piece."""
    fenced = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
    return fenced.sub(lambda block: "\n" * block[0].count("\n"), text)


def test_no_line_of_prose_is_too_long_to_read_in_an_editor() -> None:
    too_long = [
        f"{document.name}:{number}"
        for document in (README, SECURITY, *GUIDES, *TOPICS)
        for number, line in enumerate(without_fenced_lines(document.read_text("utf-8")).splitlines(), 1)
        if len(line) > 120 and "|" not in line and ".py::" not in line
    ]
    assert too_long == [], "wrap at 120"


def test_the_documents_stay_short() -> None:
    assert len(GUIDES[0].read_text("utf-8").splitlines()) <= 100, "shorten .github/CONTRIBUTING.md"
    assert len(README.read_text("utf-8").splitlines()) <= 200, "shorten README.md"
    assert SECURITY.stat().st_size <= 8192, "shorten .github/SECURITY.md"


@pytest.mark.parametrize("document", READMES, ids=lambda path: path.name)
def test_each_readme_links_each_topic(document: Path) -> None:
    linked = set(re.findall(r"helper/role_env/help/([\w-]+\.md)", document.read_text("utf-8")))
    assert linked == {file.name for file in TOPICS}, f"link each topic, and no other, in {document.name}"


# ---- tables and lists ----


def test_the_table_of_every_day_names_commands_and_options_that_are_there() -> None:
    for row in table("every day"):
        (line,) = codes(row[0])
        command = COMMANDS[line.split()[1]]
        for option in re.findall(r"--[a-z-]+", line):
            assert option in command.options, f"README.md: {command.name} {option}"


def test_each_message_of_the_table_is_one_of_role_env_or_a_code_of_sts() -> None:
    code = "".join(file.read_text("utf-8") for file in (TOP / "helper/role_env").rglob("*.py")).replace("`", "")
    messages = [row[0].replace("`", "").partition("…")[0] for row in table("message")]
    assert len(messages) == 10
    of_a_shell = 'Syntax error: "(" unexpected'
    assert [message for message in messages if message not in code] == [of_a_shell]


def outline(document: Path) -> list[str]:
    """Return what a document is made of, in order: the level of each heading, its fenced lines, the rows of tables."""
    lines, fenced, found = document.read_text("utf-8").splitlines(), False, []
    for line in lines:
        if line.startswith("```"):
            fenced = not fenced
        if fenced or line.startswith("```"):
            found.append(line)
        elif line.startswith(("#", "|", "- ", "1. ", "2. ", "3. ", "4. ")):
            found.append(line.split(" ")[0])
    return found


def test_the_japanese_readme_says_the_same_section_by_section() -> None:
    english, japanese = map(outline, READMES)
    assert japanese == english, "give README.ja.md the headings, lists, tables and blocks of README.md, in its order"


def test_the_list_of_keys_has_each_and_no_other() -> None:
    text = topic("profiles").read_text("utf-8").split("## Keys")[1]
    items = re.findall(r"^- (`[^:]+`):", text, re.MULTILINE)
    named = [key.split(" = ")[0] for item in items for key in codes(item)]
    assert len(named) == len(set(named))
    assert set(named) == set(PROFILE_KEYS), "give each key a line in help/profiles.md"


def test_the_list_of_families_has_each_with_its_variables() -> None:
    items = re.findall(r"^- `(\w+)`: the key ID(.*(?:\n  .*)*)", topic("variables").read_text("utf-8"), re.MULTILINE)
    assert {name for name, _ in items} == variables.FAMILIES.keys(), "give each family an item in help/variables.md"
    for name, text in items:
        family = variables.FAMILIES[name]
        assert set(codes(text)) == {variable for key in family.keys for variable in key.names} | set(family.regions)


# ---- the picture of a terminal in the README ----


def lines_of_a_day(machine: Machine) -> list[str]:
    """Return what a terminal shows in the story of the picture, line by line."""
    roles = {"hub": role_arn(ACCOUNT_B, "hub"), "production": role_arn(ACCOUNT_C, "spoke1")}
    roles["staging"] = role = role_arn(ACCOUNT_B, "switchRoleSbc")  # RAM ignores the case; the text writes it like this
    sources = {"production": "hub\ncolor = red"}
    machine.write(machine.standard_profiles().replace(machine.sts.role_arn, role))
    for name, arn in roles.items():
        machine.add(f"[{name}]\nrole_arn = {arn}\nsource_profile = {sources.get(name, 'profileA')}\n")
    with Terminal(machine, "bash") as terminal:
        terminal.wait_for_prompt("")
        for line, prompt in (
            ("role-env use profileB", r"profileB \d+m"),
            ("role-env use production", r"production \d+m"),
            ("export ALICLOUD_ACCESS_KEY=LTAI5tLastYear", r"production≠ \d+m"),
            ("role-env status", r"production≠ \d+m"),
            ("role-env off", ""),
        ):
            terminal.type(line, prompt=prompt)
        machine.sts.session_seconds = 6
        terminal.type("role-env use staging", prompt="staging (0m|expired)")
        terminal.wait_for_prompt("staging expired", enter=True)
        shown = terminal.screen().replace(PROMPT, "$").rstrip().split("\n")
    return [line.rstrip() for line in shown if not re.match("staging .*[$]", line)] + ["staging expired $"]


def alike(text: str) -> str:
    """Return a text without what differs between two runs: minutes, and a date after today.

    The session that expires has been shortened for the picture.
    """
    return re.sub(
        r"\b[1-9]\d*( ?m\b)|\b(?:under )?\d+( min\b)", r"59\1\2", re.sub(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d", "09:41", text)
    )


def test_the_picture_shows_what_a_real_terminal_shows_today(machine: Machine) -> None:
    rows: dict[str, str] = {}
    for row, text in re.findall(r'<text [^>]*y="(\d+)"[^>]*>(.*)</text>', PICTURE.read_text("utf-8")):
        rows[row] = rows.get(row, "") + html.unescape(text)
    assert list(rows.values()) == [alike(line) for line in lines_of_a_day(machine)], "correct .github/terminal.svg"


# ---- what role-env relies on in the aliyun CLI is in one list, with the modules and the tests that are there ----


LIST = TOP / ".github/ALIYUN_CLI.md"
PACKAGE = TOP / "helper/role_env"


def rows() -> list[list[str]]:
    """The cells of each row of each table."""
    lines = [line for line in LIST.read_text("utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in ("the CLI", "---")]


def test_each_row_says_where_the_cli_does_it_in_which_release_and_whether_that_was_run() -> None:
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
        assert is_there(*codes(test)[0].split("::")), f"name a test that exists in .github/{LIST.name}: {test}"
