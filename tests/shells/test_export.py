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
from role_env.shells import fish as fish_shell
from role_env.shells import posix as posix_shell
from support.living_shell import LivingShell, loop
from support.secret_service_bus import require
from support.shells import CLEAN, COMMANDS, FORMATS, SHELLS, encoded, exported, run, session_of

ALIASES = "".join(f"alias {word}='touch marker;'\n" for word in ("unset", "export", "eval", "printf", "false"))
# The most hostile settings that a shell's user may have. Not defended against, since no way to write it is left:
# aliases of reserved words (case, for, if), zsh's global aliases, functions named like a builtin.
HOSTILE = {
    "bash": f"set -euo pipefail -o noclobber -f\nIFS='eS_a \n'\nshopt -s expand_aliases\n{ALIASES}",
    "zsh": "setopt RC_QUOTES KSH_ARRAYS SH_WORD_SPLIT GLOB_SUBST ERR_EXIT NO_UNSET NO_CLOBBER WARN_CREATE_GLOBAL\n"
    f"IFS='eS_a \n'\n{ALIASES}",
    "fish": "set -g IFS eS_a\nset -g fish_trace\n",
    "dash": f"set -euCf\nIFS='eS_a \n'\n{ALIASES}",
}
DEFAULT = variables.DEFAULT_FAMILIES
NAMES = (*variables.SAVED, *variables.OWN)
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
FRAGMENTS = [*SIGNS, *BYTES, *WORDS, *CODE, "\r\n", "\n}\n", "\nend\n", "\x1b[0m"]
VALUES = st.lists(
    st.sampled_from(FRAGMENTS) | st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1
).map("".join)


@pytest.mark.parametrize("hostile", [False, True], ids=["plain", "hostile"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_value_comes_back_byte_for_byte_and_nothing_in_it_is_run(shell: str, hostile: bool, tmp_path: Path) -> None:
    """With 300 values in each of the eight runs, 2,400 in all."""
    where = tmp_path

    @settings(SETTINGS)
    @given(st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES, VALUES), min_size=5, max_size=5))
    def check(rows: list[tuple[str, ...]]) -> None:
        files = [where / f"environment{number}" for number in range(len(rows))]
        script = ""
        for file in files:
            file.unlink(missing_ok=True)
        for file, (key_id, secret, token, region, profile) in zip(files, rows, strict=True):
            made = session_of(key_id, secret, token, region=region, profile=profile)
            script += exporters.export(made, FORMATS[shell], {}) + f"command env -0 >{file.name}\n"
        if hostile:
            script = HOSTILE[shell] + (f"inside() {{\n{script}}}\ninside\n" if shell == "zsh" else script)
        (where / "script").write_bytes(encoded(script))
        done = run(COMMANDS[shell], "script", folder=where)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        for file, row in zip(files, rows, strict=True):
            found = exported(file.read_bytes())
            assert [encoded(found[name]) for name in FIVE] == [encoded(value) for value in row]
        assert not (where / "marker").exists()

    check()


# --- a switch and `off` leave no trace


class Living(LivingShell):
    """A shell that is given the exporters' texts; with `hostile`, in hostile settings."""

    def __init__(self, shell: str, where: Path, *, hostile: bool = False) -> None:
        self.shell = shell
        self.fish = shell == "fish"
        self._form = FORMATS[shell]
        self._exported: dict[str, str] | None = None
        # The lines that play the user would be warned of.
        settings = HOSTILE[shell].replace(" WARN_CREATE_GLOBAL", "") if hostile else ""
        super().__init__([*COMMANDS[shell], "-c", settings + loop(shell)], CLEAN, where, where)

    def run(self, text: str) -> int:
        """Evaluate `text`, which may export something, and return its status."""
        self._exported = None
        return super().run(text)

    def exported(self) -> dict[str, str]:
        """What is exported, which is asked once after each text."""
        if self._exported is None:
            self.run("command env -0 >exported")
            self._exported = exported(encoded(self.take("exported")))
        return self._exported

    def state(self) -> dict[str, str]:
        """Every variable that role-env could touch, as `e` or `s` and its value, and the names of its leftovers."""
        exported = self.exported()
        if self.fish:
            script = (
                "begin\n"
                + "".join(f"if set -qg {name}; printf '{name}=%s\\0' ${name}; end\n" for name in NAMES)
                + "end >state\nset -n >variables\n"
            )
        else:
            script = (
                "{\n"
                + "".join(f"case ${{{name}+s}} in s) \\printf '{name}=%s\\0' \"${name}\" ;; esac\n" for name in NAMES)
                + "} >state\n\\set >variables\n"
            )
        self.run(script)
        self._exported = exported  # which the script has not changed
        output, leftovers = self.take("state"), re.findall(r"^_r(?:\w*env|e)_.*$", self.take("variables"), re.MULTILINE)
        found = dict(pair.partition("=")[::2] for pair in [*output.split("\0"), *leftovers] if pair)
        kinds = {name: ("e" if name in exported else "s") + value for name, value in found.items()}
        others = {name: "e" + value for name, value in exported.items() if name not in found}
        return kinds | others

    def session(self, made: Session) -> int:
        return self.run(exporters.export(made, self._form, self.exported()))

    def off(self) -> int:
        return self.run(exporters.off(self._form, self.exported()))

    def fail(self, *, take_away: bool = True) -> int:
        return self.run(exporters.failure(self._form, self.exported(), take_away=take_away))

    def put(self, name: str, value: str | None, *, export: bool = True) -> str:
        """The line that sets a variable as the user would, or removes it."""
        if self.fish:
            set_it = f"set -g{'x' if export else 'u'} {name} {self.quote(value or '')}\n"
            return f"set -e -g {name}; or true\n" if value is None else set_it
        unset = f"\\unset -v {name}\n"
        return unset if value is None else f"{unset}{name}={self.quote(value)}\n" + (f"\\export {name}\n" * export)

    def quote(self, value: str) -> str:
        return fish_shell.quote(value) if self.fish else posix_shell.quote(value)


@pytest.fixture(params=[*SHELLS, *(f"{shell}-hostile" for shell in SHELLS)])
def living(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Living]:
    shell, _, hostile = request.param.partition("-")
    require(shell)
    started = Living(shell, tmp_path, hostile=bool(hostile))
    yield started
    started.close()


class Story:
    """What a user may do with one shell, at random, and what has to be true meanwhile and after `off`."""

    def __init__(self, living: Living, dice: random.Random) -> None:
        self.living = living
        self.dice = dice
        self.reported: list[str] = []
        self.before: dict[str, str] = {}
        self.current: Session | None = None

    def value(self) -> str:
        made = f"{self.dice.choice(['', 'x', chr(39), 'a b', '$HOME', '`x`', '=', '~/*'])}{self.dice.randrange(10**6)}"
        return self.dice.choice(["", made, made, made + "\n" + chr(39) + chr(34), "-n"])

    def put(self, values: dict[str, str | None], *, export: bool = True) -> None:
        lines = [self.living.put(name, value, export=export) for name, value in values.items()]
        self.reported.append(f"put {values} {export}")
        assert self.living.run("".join(lines)) == 0

    def begin(self) -> None:
        """Any state before: each variable absent, exported, or set without being exported."""
        names = variables.SAVED
        for export in (True, False):
            self.put({name: self.value() for name in names if self.dice.random() < 0.2}, export=export)
        self.before = self.living.state()
        self.current = None

    def switch(self) -> None:
        number = self.dice.randrange(10**9)
        some = [("packer",), ("plain", "aliyun_log"), ("alibaba_cloud", "packer"), tuple(variables.FAMILIES)]
        families = self.dice.choice([DEFAULT, DEFAULT, *some])
        base = AccessKey("base", "base-secret", self.dice.choice(["", "base-token"]))
        self.current = session_of(
            f"STS.{number}",
            f"secret{number}",
            f"token{number}",
            region=self.dice.choice(["", "cn-hangzhou", "eu-west-1"]),
            profile=self.dice.choice(["profileB", "profileC"]),
            families=families,
            base=self.dice.choice([None, None, base]),
            in_cli_file=self.dice.random() < 0.3,
            fallback_region=self.dice.choice(["", "", "cn-fallback"]),
        )
        made = self.current
        self.reported.append(
            f"session {families} {made.region_id} {made.fallback_region} {made.base} {made.in_cli_file}"
        )
        assert self.living.session(self.current) == 0
        self.check_session()

    def check_session(self) -> None:
        assert self.current
        found = self.living.state()
        regions = self.regions()
        follows = self.current.in_cli_file and any((regions.get(name) or "e")[1:] for name in variables.CLI_REGIONS)
        wanted = variables.assignments(self.current, follows=follows)
        assert {name: found.get(name) for name in wanted} == {name: "e" + value for name, value in wanted.items()}
        assert {name: found.get(name) for name in variables.REGIONS} == {n: regions.get(n) for n in variables.REGIONS}
        ignored = variables.IGNORE_PROFILE if follows else ()
        gone = {*variables.unset(self.current), *ignored, *variables.OWN} - wanted.keys()
        assert not gone & found.keys()

    def regions(self) -> dict[str, str | None]:
        """The profile's region; else what was there before; else that of the CLI's current profile."""
        assert self.current
        if self.current.region_id:
            return dict.fromkeys(variables.REGIONS, "e" + self.current.region_id)
        before: dict[str, str | None] = {name: self.before.get(name) for name in variables.REGIONS}
        if self.current.fallback_region:
            for group in ([n for n in variables.REGIONS if n not in variables.OSS_REGIONS], variables.OSS_REGIONS):
                if not any((before[name] or "e")[1:] for name in group):
                    before |= dict.fromkeys(group, "e" + self.current.fallback_region)
        return before

    def own_key(self) -> None:
        """The user sets a key of theirs while the session is there."""
        bare = variables.Key("", "", "SECURITY_TOKEN")
        key = self.dice.choice([*variables.KEYS, variables.BARE_PAIR, bare])
        values: dict[str, str | None] = {name: f"mine{self.dice.randrange(10**6)}" for name in key.names}
        if key.access_key_id and key.security_token and self.dice.random() < 0.4:
            values[key.security_token] = None
        export = self.dice.random() < 0.8
        self.put(values, export=export)
        for name, value in values.items():
            self.before.pop(name, None)
            if value is not None:
                self.before[name] = ("e" if export else "s") + value

    def fail(self) -> None:
        other = self.current is not None and self.dice.random() < 0.7
        before = self.living.state()
        self.reported.append(f"fail {other}")
        assert self.living.fail(take_away=other) == 1
        found = self.living.state()
        if not other:
            assert found == before
            return
        names = {*variables.KEY_NAMES, *variables.BARE.names, *variables.LEFT_UNSET} - variables.NO_ACCOUNT.keys()
        assert not names & found.keys()
        assert {name: found.get(name) for name in variables.OWN if name in found} == {"ROLE_ENV_NO_ACCOUNT": "e1"}
        for name, value in variables.NO_ACCOUNT.items():
            assert found[name] == "e" + value
        self.current = None

    def off(self) -> None:
        self.reported.append("off")
        assert self.living.off() == 0
        assert self.living.state() == self.before

    def tell(self, steps: int) -> None:
        self.begin()
        self.switch()
        for _ in range(steps):
            self.dice.choice([self.switch, self.own_key, self.fail])()
        self.off()


@pytest.mark.parametrize("seed", range(2))
def test_before_a_session_and_after_off_the_environment_is_the_same(living: Living, seed: int) -> None:
    """Whatever happened between, but for a key that the user set meanwhile."""
    dice = random.Random(f"{living.shell} {seed}")
    for _ in range(6):
        story = Story(living, dice)
        try:
            story.tell(dice.randrange(6))
        except AssertionError:
            print("\n".join(story.reported))
            raise
    assert living.errors() == ""
