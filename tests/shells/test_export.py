"""Values go through the shells byte for byte, whatever they hold; and a switch followed by `off` leaves no trace.

The exporters run in the test's own process, and what they print is evaluated by real shells: many values, or steps,
in one shell.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from role_env import variables
from role_env.credentials import AccessKey, Session
from role_env.shells import export as exporters
from support.living_shell import ExportedShell
from support.shells import COMMANDS, FORMATS, SHELLS, check_no_account, encoded, exported, run, session_of

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
    values = ("STS." + "i" * 26, "s" * 44, "t" * 1000, "cn-hangzhou", '{"format":1,' + "r" * 600)
    key_id, secret, token, region, request = values
    made = session_of(key_id, secret, token, region=region, request=request)
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


# --- a switch and `off` leave no trace


class Story:
    """What a user may do with one shell, at random, and what has to be true meanwhile and after `off`."""

    def __init__(self, living: ExportedShell, dice: random.Random) -> None:
        self.living = living
        self.dice = dice
        self.reported: list[str] = []
        self.before: dict[str, str] = {}
        self.current: Session | None = None

    def value(self) -> str:
        made = f"{self.dice.choice(['', 'x', chr(39), 'a b', '$HOME', '`x`', '=', '~/*'])}{self.dice.randrange(10**6)}"
        return self.dice.choice([made, made, made + "\n" + chr(39) + chr(34), "-n"])

    def put(self, values: dict[str, str]) -> None:
        self.reported.append(f"put {values}")
        self.living.put(values)

    def begin(self) -> None:
        """Any state before."""
        names = (*variables.USERS, *variables.OTHER_REGIONS)
        self.put({name: self.value() if self.dice.random() < 0.2 else "" for name in names})
        self.before = self.living.exported()

    def switch(self) -> None:
        number = self.dice.randrange(10**9)
        base = AccessKey("base", "base-secret", self.dice.choice(["", "base-token"]))
        families = self.dice.choice([(), (), ("packer",), ("plain",), tuple(variables.FAMILIES)])
        made = self.current = session_of(
            f"STS.{number}",
            f"secret{number}",
            f"token{number}" * 10,
            region=self.dice.choice(["", "cn-hangzhou", "eu-west-1"]),
            profile=self.dice.choice(["profileB", "profileC"]),
            families=families,
            base=self.dice.choice([None, None, base]),
            in_cli_file=self.dice.random() < 0.3,
            fallback_region=self.dice.choice(["", "", "cn-fallback"]),
        )
        self.reported.append(
            f"session {families} {made.region_id} {made.fallback_region} {made.base} {made.in_cli_file}"
        )
        assert self.living.session(made) == 0
        found = self.living.exported()
        wanted = variables.assignments(made, follows=made.in_cli_file) | self.regions(made)
        touched = {*variables.USERS, *variables.OWN} - {variables.BARE_TOKEN}
        assert {name: value for name, value in found.items() if name in touched | wanted.keys()} == wanted
        if variables.BARE_TOKEN not in wanted:
            assert found.get(variables.BARE_TOKEN) == self.before.get(variables.BARE_TOKEN)
        assert not [name for name in found if name.startswith("_role_env_")]

    def regions(self, made: Session) -> dict[str, str]:
        """The profile's region; else what was there before; else that of the CLI's current profile."""
        if made.region_id:
            return dict.fromkeys(variables.REGIONS, made.region_id)
        before, cloud = self.before, [name for name in variables.REGIONS if name != "OSS_REGION"]
        first = next(filter(None, map(before.get, (*cloud, *variables.OTHER_REGIONS))), made.fallback_region)
        regions = {name: before.get(name) or first for name in variables.REGIONS}
        if made.in_cli_file:
            regions = {name: value or "cn-hangzhou" for name, value in regions.items()}
        return {name: value for name, value in regions.items() if value}

    def own_key(self) -> None:
        """The user sets a key of theirs while the session is there."""
        key = self.dice.choice([*variables.KEYS, variables.Key("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "")])
        self.put({name: f"mine{self.dice.randrange(10**6)}" for name in key.names})

    def fail(self) -> None:
        take_away = self.current is not None and self.dice.random() < 0.7
        before = self.living.exported()
        self.reported.append(f"fail {take_away}")
        assert self.living.fail(take_away=take_away) == 1
        found = self.living.exported()
        if take_away:
            found.pop(variables.SAVED, "")
            check_no_account(found)
            self.current = None
        else:
            assert found == before

    def off(self) -> None:
        self.reported.append("off")
        assert self.living.off() == 0
        assert self.living.exported() == self.before
        assert self.living.leftovers() == set()

    def tell(self, steps: int) -> None:
        self.begin()
        self.switch()
        for _ in range(steps):
            self.dice.choice([self.switch, self.own_key, self.fail])()
        self.off()


@pytest.fixture(params=[*SHELLS, *(f"{shell} strict" for shell in SHELLS)])
def living(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ExportedShell]:
    shell, _, strict = request.param.partition(" ")
    started = ExportedShell(shell, tmp_path, settings=STRICT[shell] if strict else "")
    yield started
    started.close()


@pytest.mark.parametrize("seed", range(2))
def test_before_a_session_and_after_off_the_environment_is_the_same(living: ExportedShell, seed: int) -> None:
    """Whatever happened between, and whatever key the user has set meanwhile, which a line names."""
    dice = random.Random(f"{living.shell} {seed}")
    for _ in range(6):
        story = Story(living, dice)
        try:
            story.tell(dice.randrange(6))
        except AssertionError:
            print("\n".join(story.reported))
            raise
    said = r"role-env: [A-Za-z_, ]+ (was|were) set during the session, and \1 (replaced by it|removed with it)"
    assert not [line for line in living.errors().splitlines() if not re.fullmatch(said, line)]
