"""Values go through the shells byte for byte, whatever they hold; and the region that each tool gets.

The exporters run in the test's own process, and what they print is evaluated by real shells.
"""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from role_env import variables
from role_env.credentials import Session
from role_env.shells import export as exporters
from support.living_shell import ExportedShell
from support.shells import CLEAN, COMMANDS, FORMATS, SHELLS, encoded, exported, run, session_of

# The strictest options that people set, and those that change how words are read.
STRICT = {
    "bash": "set -euo pipefail -o noclobber -f\n",
    "zsh": "setopt RC_QUOTES KSH_ARRAYS SH_WORD_SPLIT GLOB_SUBST ERR_EXIT NO_UNSET NO_CLOBBER\n",
    "fish": "set -g fish_trace\n",
    "dash": "set -euCf\n",
}
FIVE = (
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "OSS_ACCESS_KEY_SECRET",
    "ALICLOUD_SECURITY_TOKEN",
    "OSS_REGION",
    "ROLE_ENV_PROFILE",
)
SETTINGS = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),  # a failing batch is small enough, and shrinking it takes minutes
    suppress_health_check=list(HealthCheck),
)


# --- values

SIGNS = "'\"\\$`\n!-\t\r#~*\x01\x7fé\ufeff\u2028=;& {}()[?^|"
# What stands for bytes that are not UTF-8: in Python, and in fish.
BYTES = "\udc80\udcff\udcc3\uf600\uf6ff\U0010ffff"
WORDS = ["!!", "--", "-n", "''", "\\'", "'\\''", "${HOME}", "$HOME", "%s", "\\n", "\\0", "密钥", "🔑", "<("]
CODE = ["$(touch marker)", "`touch marker`", "';touch marker;'", '";touch marker;"', "\\';touch marker;'"]
FRAGMENTS = [*SIGNS, *BYTES, *WORDS, *CODE, "\r\n", "\n}\n", "\nend\n", "\x1b[0m", "x" * 41]
VALUES = st.lists(
    st.sampled_from(FRAGMENTS) | st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
).map("".join)


@pytest.mark.parametrize("strict", [False, True], ids=["plain", "strict"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_comes_back_byte_for_byte_and_nothing_in_it_is_run(shell: str, strict: bool, tmp_path: Path) -> None:
    """With 300 values in each of the eight runs, 2,400 in all."""
    where = tmp_path

    @settings(SETTINGS)
    @given(st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES, VALUES), min_size=5, max_size=5))
    def check(rows: list[tuple[str, ...]]) -> None:
        files = [where / f"environment{number}" for number in range(len(rows))]
        script = STRICT[shell] if strict else ""
        environ: dict[str, str] = {}
        for file, (key_id, secret, token, region, profile) in zip(files, rows, strict=True):
            file.unlink(missing_ok=True)
            made = session_of(key_id, secret, token, region=region, profile=profile)
            script += exporters.export(made, FORMATS[shell], environ) + f"command env -0 >{file.name}\n"
            environ = exporters.environment(made, environ)
        (where / "script").write_bytes(encoded(script))
        done = run(COMMANDS[shell], "script", folder=where)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        for file, row in zip(files, rows, strict=True):
            found = exported(file.read_bytes())
            assert [encoded(found[name]) for name in FIVE] == [encoded(value) for value in row]
        assert not (where / "marker").exists()

    check()


# --- the text itself


@pytest.mark.parametrize("form", ["sh", "fish"])
def test_a_session_is_short_and_straight_and_holds_each_secret_once(form: str) -> None:
    values = ("STS." + "i" * 26, "s" * 44, "t" * 1000, "cn-hangzhou", "/" + "r" * 300)
    key_id, secret, token, region, config = values
    made = session_of(key_id, secret, token, region=region, config=config)
    text = exporters.export(made, form, {})
    beside = text
    for value in values:
        beside = beside.replace(value, "")
    assert (len(text.splitlines()) <= 60, len(beside) <= 3500) == (True, True), (len(text.splitlines()), len(beside))
    assert (text.count(secret), text.count(token)) == (1, 1)
    assert not re.search(r"\b(eval|function|while|until|source)\b|^for |\(\) *\{|`|\$\(|<\(|  ", text, re.MULTILINE)
    assert all(line.endswith((";", "then", "else", "{", "}", "end")) for line in text.splitlines())
    inside = exporters.environment(made, {})
    for other in (exporters.off(form, inside), exporters.failure(form, inside, take_away=True)):
        assert len(other.splitlines()) < len(text.splitlines())
        assert not [value for value in values if value in other]
    assert len(exporters.failure(form, inside, take_away=True)) < len(text)
    assert len(exporters.failure(form, {}, take_away=True)) < 30


# --- regions


def everywhere(region: str) -> dict[str, str]:
    """Return the variables of regions, all with one value."""
    return dict.fromkeys(variables.REGIONS, region)


REGIONS: list[tuple[dict[str, str], Session, dict[str, str]]] = [
    ({"OSS_REGION": "mine"}, session_of(region="cn-x", fallback_region="cn-file"), everywhere("cn-x")),
    ({"OSS_REGION": "mine"}, session_of(), {"OSS_REGION": "mine"}),
    ({"OSS_REGION": "mine"}, session_of(fallback_region="cn-file"), everywhere("cn-file") | {"OSS_REGION": "mine"}),
    ({"ALICLOUD_REGION": "mine", "REGION": "x"}, session_of(fallback_region="cn-file"), everywhere("mine")),
    ({"REGION": "mine"}, session_of(cli_can_follow=True), everywhere("mine")),
    ({}, session_of(fallback_region="cn-file", cli_can_follow=True), everywhere("cn-file")),
    ({}, session_of(cli_can_follow=True), everywhere("cn-hangzhou")),
    ({}, session_of(), {}),
]
"""What was set before, a session, and the regions in it."""


@pytest.mark.parametrize("shell", SHELLS)
def test_each_tool_gets_the_profiles_region_else_the_one_before_else_that_of_the_clis_file(
    shell: str, tmp_path: Path
) -> None:
    for before, made, expected in REGIONS:
        living = ExportedShell(shell, tmp_path, **before)
        for each in (made, session_of(region="cn-other"), made):
            assert living.session(each) == 0
        found = living.exported()
        assert {name: value for name, value in found.items() if name in variables.REGIONS} == expected
        assert living.off() == 0
        assert living.exported() == CLEAN | before
        living.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_region_that_is_not_known_below_the_sessions_shell_is_unset_and_never_empty(
    shell: str, tmp_path: Path
) -> None:
    for made, expected in ((session_of(), {}), (session_of(cli_can_follow=True), everywhere("cn-hangzhou"))):
        living = ExportedShell(shell, tmp_path, ALIBABA_CLOUD_REGION_ID="mine")
        assert living.session(session_of(region="cn-other")) == 0
        inside = living.exported()
        living.close()
        below = ExportedShell(shell, tmp_path, **inside)
        assert below.session(made) == 0
        for found in (below.exported(), exporters.environment(made, inside)):
            assert {name: value for name, value in found.items() if name in variables.REGIONS} == expected
        below.close()
