"""role-env setup aliyun-cli: profiles in a file that belongs to others, of which nothing else may change."""

import fcntl
import json
import os
import shlex
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from role_env.aliyun import entries
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.entries import Entry
from role_env.errors import ProfileError, UnreachableError
from role_env.files.user_file import BACKUP_SUFFIX, UserFile
from role_env.variables import RESERVED_PROFILES
from support import aliyun_cli
from support.files import write_private
from support.machine import INSTALLED, Machine
from support.shells import INTO_SHELL, SHELLS, environment

PROFILES = """\
[source]
access_key_id = LTAI.source
access_key_secret = the-secret-of-the-profile

[profileB]
role_arn = acs:ram::2222222222222222:role/deploy
source_profile = source
region_id = cn-beijing

[team/日本:prod]
role_arn = acs:ram::2222222222222222:role/prod
source_profile = source

[broken]
role_arn = no role
source_profile = source
"""
KEY = {"access_key_id": "LTAI.cli", "access_key_secret": "the-secret-of-the-cli"}
SESSION = {**KEY, "sts_token": "the-token-of-the-cli", "sts_expiration": 1900000000}
CLI = {"output_format": "json", "language": "zh", "retry_timeout": 0}


class Home:
    """A home folder with a profiles file, and perhaps the CLI's file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.profiles = write_private(path / ".config/role-env/profiles.ini", PROFILES)
        self.config = path / ".aliyun/config.json"
        self.backup = self.config.with_name(self.config.name + BACKUP_SUFFIX)
        self.environ = {"PATH": f"{INSTALLED}:{os.environ['PATH']}", "HOME": str(path), "LANG": "C.UTF-8"}

    def write(self, content: bytes | dict[str, Any], mode: int = 0o600) -> None:
        """Makes the CLI's file, a document as the CLI itself writes it."""
        self.config.parent.mkdir(exist_ok=True)
        self.config.write_bytes(content if isinstance(content, bytes) else json.dumps(content, indent="\t").encode())
        self.config.chmod(mode)

    def setup(
        self, *arguments: str, environ: dict[str, str] | None = None, status: int = 0, said: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the command, which has to end with `status`, report `said` on stderr, and show no secret."""
        done = subprocess.run(
            [INSTALLED / "role-env", "setup", "aliyun-cli", *arguments],
            capture_output=True,
            text=True,
            env=self.environ | (environ or {}),
            cwd=self.path,
            timeout=60,
            check=False,
        )
        for secret in ("the-secret", "the-token"):
            assert secret not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr
        return done

    def command(self, name: str = "profileB") -> str:
        """The command that a profile gets, by the path of a program that cron would not find."""
        return f"{INSTALLED / 'role-env'} process --config {self.profiles} {name}"

    def entry(self, name: str = "profileB") -> dict[str, Any]:
        """A profile in the CLI's file."""
        return ConfigFile(self.config, self.config.read_bytes()).entries[name]

    def names(self) -> list[str]:
        """The names of the profiles in the CLI's file."""
        return ConfigFile(self.config, self.config.read_bytes()).names()

    def leftovers(self) -> list[str]:
        """What lies beside the CLI's file and its backup."""
        return [path.name for path in self.config.parent.iterdir() if path not in (self.config, self.backup)]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home folder of this test's own."""
    return Home(tmp_path)


def written(*profiles: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = [there.get("name") for there in profiles]
    current = "default" if not names or "default" in names else names[0]
    return {"current": current, "profiles": list(profiles), "meta_path": "", **more}


def profile(mode: str, **values: Any) -> dict[str, Any]:
    return {"name": "default", "mode": mode, **values, "region_id": "cn-hangzhou", **CLI}


def dumped(*profiles: dict[str, Any], indent: int | str | None = "\t", **more: Any) -> bytes:
    """A file with these profiles; without `indent`, in one line."""
    return json.dumps(written(*profiles, **more), indent=indent).encode()


ROLE = {"ram_role_arn": "acs:ram::1:role/x", "ram_session_name": "me", "expired_seconds": 900}
CHAINED = {"name": "c", "mode": "ChainableRamRoleArn", "source_profile": "default", **ROLE}
AK = profile("AK", **KEY)
ONE = dumped(AK, indent=None)
OURS = {"name": "profileB", "mode": "External", "process_command": "role-env process profileB"}
FILES: dict[str, bytes] = {
    "AK": dumped(AK),
    "StsToken": dumped(profile("StsToken", **SESSION)),
    "RamRoleArn": dumped(profile("RamRoleArn", **KEY, **ROLE)),
    "EcsRamRole": dumped(profile("EcsRamRole", ram_role_name="node")),
    "Chainable": dumped(AK, CHAINED),
    "OIDC": dumped(profile("OIDC", oidc_provider_arn="x", oidc_token_file="/t", **ROLE), indent=2),
    "External": dumped(profile("External", process_command="get 'a key' \"b\""), indent=4),
    "CredentialsURI": dumped(profile("CredentialsURI", credentials_uri="http://x/?a=b&c"), indent=None),
    "CloudSSO": dumped(profile("CloudSSO", **SESSION, access_token="the-secret-one")),
    "OAuth": dumped(profile("OAuth", **SESSION, oauth_refresh_token="the-token-two")),
    "unknown keys": dumped(profile("AK", later={"a": [1, {}]}, **KEY), plugins=[{"x": None}], indent=1),
    "one line": ONE,
    "no spaces": json.dumps(written(AK), separators=(",", ":")).encode(),
    "odd spaces": b'  {"profiles"  :  [ { "name" :"default"  ,\n "mode": "AK" } ,\n\n  {"name":"x" } ]\n ,  "n":0 }\n',
    "CRLF": dumped(AK, indent=2).replace(b"\n", b"\r\n"),
    "other scripts": json.dumps(written(AK, {"name": "生产"}), indent=2, ensure_ascii=False).encode(),
    "escapes": b'{"current": "d\\u0065fault", "profiles": [{"name": "\\u0064efault", "x": "\\ud83d\\ude00 \\/ \\n"}]}',
    "numbers": b'{"profiles": [{"name": "default"}], "n": 1.5, "b": 12345678901234567890123, "c": -0.25, "d": 1e30}',
    "other case": b'{"Current": "default", "Profiles": [{"Name": "default", "Mode": "AK"}], "META_PATH": ""}',
    "half a letter": b'{"profiles": [{"name": "default", "x": "\\ud83d"}]}',
    "no profiles": b'{\n\t"current": "default",\n\t"profiles": [],\n\t"meta_path": ""\n}',
    "empty": b"{}",
    "null": b'{"current": "", "profiles": null}',
    "ours by hand": dumped({**OURS, "language": "zh"}),
}


def entries_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The profiles, whose key the CLI reads in any case."""
    return next((value for key, value in document.items() if key.lower() == "profiles"), None) or []


@pytest.mark.parametrize("kind", FILES)
def test_two_profiles_are_added_to_any_file_and_nothing_else_changes(home: Home, kind: str) -> None:
    before = FILES[kind]
    home.write(before)
    names = ["profileB", "team/日本:prod"]
    home.setup(*names)
    after = home.config.read_bytes()
    for name in names:
        assert home.entry(name)["mode"] == "External"
        assert home.entry(name)["process_command"] == home.command(name)
    assert home.entry()["region_id"] == "cn-beijing"
    old, new = json.loads(before), json.loads(after)
    listed = next((key for key in old if key.lower() == "profiles"), "profiles")
    assert list(new) == list(old) if old.get(listed) is not None else set(old) <= set(new)
    assert {**new, listed: None, "current": None} == {**old, listed: None, "current": None}
    added = entries_of(old) or [{"name": "default", "mode": "", "output_format": "json", "language": "en"}]
    kept = [e for e in added if e["name" if "name" in e else "Name"] not in names]
    assert [e for e in entries_of(new) if e.get("name") not in names] == kept
    assert [list(entry) for entry in entries_of(new)][: len(kept)] == [list(entry) for entry in kept]
    assert home.backup.read_bytes() == before
    identity = home.config.stat()
    home.setup(*names)
    assert home.config.read_bytes() == after
    assert home.config.stat() == identity
    assert home.backup.read_bytes() == before
    assert not home.leftovers()


def test_there_are_at_least_twenty_of_them() -> None:
    assert len(FILES) >= 20


@pytest.mark.parametrize("unit", ["\t", "  ", "    "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_file_is_written_with_the_indentation_and_the_line_ends_that_it_had(
    home: Home, unit: str, end: str
) -> None:
    document = written(AK)
    home.write((json.dumps(document, indent=unit) + "\n").replace("\n", end).encode())
    home.setup("profileB")
    new = json.loads(home.config.read_text())
    assert home.config.read_bytes().decode() == (json.dumps(new, indent=unit) + "\n").replace("\n", end)


def test_where_there_is_no_file_one_is_made_for_the_user_alone(home: Home) -> None:
    home.setup("profileB")
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.config.parent.stat().st_mode) == 0o700
    document = json.loads(home.config.read_text())
    # A plain `aliyun` goes on as without a file: with an empty profile that the variables fill.
    assert document["current"] == "default"
    assert home.entry("default")["mode"] == ""
    assert home.entry()["process_command"] == home.command()
    assert not home.backup.exists()
    assert not home.leftovers()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_mode_and_owner_stay_and_the_backup_is_the_users_alone(home: Home, mode: int) -> None:
    home.write(written(AK), mode)
    before = home.config.stat()
    home.setup("profileB")
    after = home.config.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert stat.S_IMODE(home.backup.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_leaves_the_file_to_its_owner(home: Home) -> None:
    home.write(written(AK))
    os.chown(home.config, 1234, 2345)
    home.setup("profileB")
    assert (home.config.stat().st_uid, home.config.stat().st_gid) == (1234, 2345)


def test_a_symlink_is_followed_and_stays(home: Home) -> None:
    home.write(written(AK))
    real = home.path / "dotfiles" / "aliyun.json"
    real.parent.mkdir()
    home.config.rename(real)
    home.config.symlink_to(real)
    home.setup("profileB")
    assert home.config.is_symlink()
    assert "profileB" in real.read_text()
    assert real.with_name(real.name + BACKUP_SUFFIX).exists()
    assert not home.leftovers()


# ---- what is refused ----


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        (FILES["AK"][:-40], ""),
        (FILES["AK"] + b"}", ""),
        (b"", ""),
        (b"null", ""),
        (b"[]", ""),
        (b"not JSON", ""),
        (b"\xff\xfe{\0}\0", ""),
        (b'{"profiles": {}}', ""),
        (b'{"profiles": ["the-secret"]}', ""),
        (b"[" * 100_000, ""),
        (b"\xef\xbb\xbf" + ONE, "byte order mark"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"profiles": [{"name": "x"}], "current": "y"}', "current is y, and no profile has that name"),
        (b'{"profiles": [{"name": "x"}]}', ""),
        (b'{"profiles": [{"name": "default"}], "current": ""}', ""),
        (b'{"profiles": [{"name": "default", "n": NaN}]}', ""),
        (ONE + b" // a comment", ""),
        (b'{\n // mine\n"profiles": []}', "line 2: not JSON (a comment"),
        (b'{\n"profiles": [] /* mine */}', "line 2: not JSON (a comment"),
        (b'{"profiles": [{"name": "default"}],\n "later": 1,\n "later": 2}', "line 3: the key later appears twice"),
        (b'{"profiles": [{"name": "default",\n "A": {},\n "a": [{}]}]}', "line 3: the key a appears twice"),
        (b'{"profiles": [{"name": "default"}], "Profiles": []}', ""),
    ],
)
def test_a_file_that_the_cli_cannot_use_or_that_would_lose_something_is_not_touched(
    home: Home, content: bytes, reported: str
) -> None:
    home.write(content)
    done = home.setup("profileB", status=3, said=reported)
    assert str(home.config) in done.stderr
    assert home.config.read_bytes() == content
    assert not home.backup.exists()
    assert not home.leftovers()


def test_a_read_only_file_is_not_touched(home: Home) -> None:
    home.write(written(), 0o400)
    before = home.config.read_bytes()
    home.setup("profileB", status=3, said="read-only")
    assert home.config.read_bytes() == before
    assert not home.backup.exists()


@pytest.mark.parametrize("kind", ["folder", "pipe", "file in the folder's place"])
def test_what_is_no_file_is_reported_and_not_waited_for(home: Home, kind: str) -> None:
    if kind == "file in the folder's place":
        home.config.parent.write_text("")
    else:
        home.config.parent.mkdir()
        os.mkfifo(home.config) if kind == "pipe" else home.config.mkdir()
    home.setup("profileB", status=3)


THEIRS: list[dict[str, Any]] = [
    {"name": "profileB", "mode": "AK", **KEY},
    {"name": "profileB", "mode": "External", "process_command": "other-tool process profileB"},
    {"name": "profileB", "mode": "External", "process_command": "role-env process another"},
    {"name": "profileB", "mode": "External", "process_command": "role-env process profileB; echo"},
    {"name": "profileB", "mode": "External", "process_command": "sh -c 'role-env process profileB'"},
    {"name": "profileB", "mode": "External", "process_command": "role-env export profileB"},
    {"name": "profileB", "mode": "External", "process_command": "role-env 'process profileB"},
    {"name": "profileB", "mode": "External"},
    {"name": "profileB", "mode": "AK", "process_command": "role-env process profileB"},
    {"name": "profileB", "mode": "External", "process_command": ["role-env", "process", "profileB"]},
]


@pytest.mark.parametrize("theirs", THEIRS)
def test_a_profile_that_role_env_has_not_written_is_not_touched(home: Home, theirs: dict[str, Any]) -> None:
    home.write(written(theirs))
    before = home.config.read_bytes()
    with pytest.raises(ProfileError, match="has a profile profileB that role-env did not write"):
        replace(home)
    assert home.config.read_bytes() == before
    assert not home.backup.exists()


@pytest.mark.parametrize("arguments", [["profileB"], ["team/日本:prod", "profileB"], ["profileB", "--dry-run"]])
def test_one_profile_that_is_not_our_own_keeps_all_that_were_named_from_being_written(
    home: Home, arguments: list[str]
) -> None:
    home.write(written(THEIRS[0]))
    before = home.config.read_bytes()
    home.setup(*arguments, status=3, said="has a profile profileB that role-env did not write")
    assert home.config.read_bytes() == before


def test_with_all_the_others_are_written_and_what_cannot_be_is_reported(home: Home) -> None:
    home.write(written({"name": "profileB", "mode": "AK", **KEY}))
    done = home.setup("--all", said="profileB that role-env did not write; it stays")
    assert "broken" in done.stderr
    assert home.entry() == {"name": "profileB", "mode": "AK", **KEY}
    assert home.entry("team/日本:prod")["mode"] == "External"
    assert home.names() == ["profileB", "team/日本:prod"]


@pytest.mark.parametrize(
    ("arguments", "status", "reported"),
    [
        (["profileB", "--all"], 2, "either profiles or --all"),
        (["--remove", "--dry-run"], 2, ""),
        (["nobody"], 3, "no profile nobody"),
        (["source"], 3, "only a source"),
        (["broken"], 3, "role_arn"),
        (["profileB", "broken"], 3, "role_arn"),
    ],
)
def test_what_cannot_be_set_up_is_reported_and_writes_nothing(
    home: Home, arguments: list[str], status: int, reported: str
) -> None:
    home.setup(*arguments, status=status, said=reported)
    assert not home.config.parent.exists()


# ---- what is written ----


def test_our_own_profile_follows_the_profiles_file_and_keeps_what_others_put_there(home: Home) -> None:
    more = {"language": "zh", "sts_token": "the-token", "later": [1]}
    home.write(written({**OURS, "region_id": "cn-shanghai", **more}))
    home.setup("profileB")
    assert home.entry() == {**OURS, "process_command": home.command(), "region_id": "cn-beijing", **more}


def test_a_profile_without_a_region_is_reported_and_its_region_in_the_file_stays(home: Home) -> None:
    name = "team/日本:prod"
    home.write(written({**OURS, "name": name, "process_command": f"role-env process {name}", "region_id": "eu-west-1"}))
    home.setup(name, said="no region_id")
    assert home.entry(name)["region_id"] == "eu-west-1"


def test_the_command_names_the_profiles_file_wherever_it_was_found(home: Home) -> None:
    for number, (arguments, environ) in enumerate(
        [
            ([], {}),
            (["--config", "mine.ini"], {}),
            ([], {"ROLE_ENV_CONFIG": "mine.ini"}),
            (["--config", "my own.ini"], {}),
        ]
    ):
        path = home.path / (arguments[1] if arguments else "mine.ini") if number else home.profiles
        write_private(path, PROFILES)
        done = home.setup("profileB", *arguments, environ=environ)
        assert shlex.split(home.entry()["process_command"])[1:] == ["process", "--config", str(path), "profileB"]
        assert ("3.4.9" in done.stderr) == (number == 3)


@pytest.mark.parametrize("environ", [{"PATH": "/usr/bin:/bin"}, {"VIRTUAL_ENV": str(INSTALLED.parent)}, {}])
def test_a_command_that_cron_would_not_find_is_written_with_its_path(home: Home, environ: dict[str, str]) -> None:
    home.setup("profileB", environ=environ)
    assert home.entry()["process_command"] == home.command()


def test_the_module_run_by_python_writes_the_command_beside_that_python(home: Home) -> None:
    subprocess.run(
        [sys.executable, "-m", "role_env", "setup", "aliyun-cli", "profileB"],
        env={**home.environ, "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert home.entry()["process_command"] == home.command()


def test_the_change_is_shown_and_with_dry_run_not_made(home: Home) -> None:
    home.write(FILES["OAuth"])
    shown = home.setup("profileB", "--dry-run")
    assert home.config.read_bytes() == FILES["OAuth"]
    assert not home.backup.exists()
    assert shown.stdout.startswith(f"--- {home.config}\n+++ {home.config}\n")
    assert f'+  "process_command": "{home.command()}",' in shown.stdout
    made = home.setup("profileB")
    assert made.stdout.startswith(shown.stdout)
    assert str(home.backup) in made.stdout
    assert home.setup("profileB", "--dry-run").stdout == f"{home.config} has it already\n"


def test_what_the_profile_option_does_in_a_session_is_said_until_the_cli_follows_sessions(home: Home) -> None:
    home.write(written(AK))
    said = "in a session aliyun ignores --profile; to change that: role-env setup aliyun-cli\n"
    assert home.setup("profileB").stdout.endswith(said)
    assert said not in home.setup().stdout
    assert said not in home.setup("--all").stdout


def test_a_change_of_one_key_is_shown_as_that(home: Home) -> None:
    home.write(written({**OURS, "process_command": home.command(), "region_id": "cn-shanghai"}))
    lines = home.setup("profileB", "--dry-run").stdout.splitlines()
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        '-  "region_id": "cn-shanghai"',
        '+  "region_id": "cn-beijing"',
    ]


def test_what_could_act_on_a_terminal_or_has_no_encoding_is_shown_as_the_file_may_hold_it(home: Home) -> None:
    home.write(written({**OURS, "region_id": "\ud800\x9b"}))
    assert "\\ud800\\u009b" in home.setup("profileB", "--dry-run").stdout


def test_what_is_written_is_what_the_cli_would_run(machine: Machine) -> None:
    machine.add("region_id = cn-beijing")
    machine.succeeds("setup", "aliyun-cli", "profileB")
    path = machine.home / ".aliyun/config.json"
    command = ConfigFile(path, path.read_bytes()).profile("profileB").process_command
    printed = machine.run(*command.split())  # as releases before 3.4.9 split it
    assert (printed.returncode, printed.stderr) == (0, "")
    assert json.loads(printed.stdout)["access_key_id"] == machine.sts.issued[-1].id


# ---- the profile that follows the session of the shell ----

EMPTY = {"name": "default", "mode": "", "output_format": "json", "language": "en"}
FOLLOWS = {
    "name": "role-env",
    "mode": "External",
    "process_command": "role-env process --session",
    "region_id": "",
    "output_format": "json",
    "language": "en",
}


def test_without_a_profile_one_is_written_that_follows_the_session_of_the_shell(home: Home) -> None:
    home.write(written(AK))
    home.profiles.unlink()  # it needs no profiles file
    home.setup()
    assert home.entry("role-env") == FOLLOWS
    assert home.entry("default")["mode"] == "AK"
    assert entries.shell_settings(home.config).has_session_profile
    before = home.config.read_bytes()
    assert home.setup().stdout == f"{home.config} has it already\n"
    assert home.config.read_bytes() == before


def test_a_region_that_was_put_into_it_is_taken_out(home: Home) -> None:
    home.write(written(AK, {**FOLLOWS, "region_id": "cn-beijing", "later": 1}))
    home.setup()
    assert home.entry("role-env") == {**FOLLOWS, "later": 1}


def test_a_profile_of_that_name_that_setup_did_not_write_is_not_touched(home: Home) -> None:
    home.write(written(AK, {"name": "role-env", "mode": "AK", **KEY}))
    before = home.config.read_bytes()
    home.setup(status=3, said="has a profile role-env that role-env did not write")
    assert home.config.read_bytes() == before


@pytest.mark.parametrize("name", RESERVED_PROFILES)
def test_the_names_that_role_env_uses_itself_are_refused(home: Home, name: str) -> None:
    with home.profiles.open("a") as file:
        file.write(f"\n[{name}]\nrole_arn = acs:ram::1:role/x\nsource_profile = source\n")
    home.setup(name, status=2, said=f"{name} is reserved")
    assert not home.config.exists()
    home.setup("--all", said=f"{name} is reserved")
    assert name not in ConfigFile(home.config, home.config.read_bytes()).entries


def test_what_cron_does_not_find_is_reported_with_the_line_that_helps(home: Home) -> None:
    done = home.setup(said="cron does not find role-env")
    assert f"PATH={INSTALLED}:/usr/bin:/bin" in done.stderr


def test_a_disabled_external_mode_is_reported(home: Home) -> None:
    name = "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"
    home.setup(environ={name: "true"}, said=name)


def test_the_default_that_an_empty_file_needs_is_explained(home: Home) -> None:
    for content in (None, b"{}", b'{"current": "", "profiles": []}', b'{"Profiles": null}'):
        home.config.unlink(missing_ok=True)
        if content is not None:
            home.write(content)
        assert "an empty profile default is added: without it aliyun could not start" in home.setup().stdout
        assert home.entry("default") == EMPTY
        assert aliyun_cli.read({"HOME": str(home.path), **VARIABLES})["AccessKeyId"] == "LTAI.variable"
    assert "an empty profile" not in home.setup("profileB").stdout


VARIABLES = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI.variable",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "x",
    "ALIBABA_CLOUD_REGION_ID": "cn-hangzhou",
}


# ---- what the CLI uses then ----


def cli_uses(machine: Machine, *options: str, spoil: str = ":") -> dict[str, str]:
    """Return what the CLI uses in a bash with a session of profileB whose variables name the profile role-env."""
    lines = [
        "source <(role-env profileB --region eu-west-1)",
        "export ALIBABA_CLOUD_PROFILE=role-env",
        "unset ALIBABA_CLOUD_IGNORE_PROFILE ALIBABACLOUD_IGNORE_PROFILE",
        spoil,
        shlex.join([sys.executable, aliyun_cli.__file__, *options]),
    ]
    done = machine.shell("bash", "\n".join(lines))
    if done.returncode:
        return {"error": done.stderr}
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_in_a_session_the_cli_follows_the_shell_and_its_profile_option_chooses_another_account(
    machine: Machine,
) -> None:
    machine.write_cli_file(written(AK, {"name": "x", "mode": "StsToken", **SESSION}))
    machine.succeeds("setup", "aliyun-cli")
    found = cli_uses(machine)
    session = machine.sts.issued[-1]
    assert found == {"AccessKeyId": session.id, "SecurityToken": session.token, "RegionId": "eu-west-1"}
    assert cli_uses(machine, "--region", "us-east-1") == {**found, "RegionId": "us-east-1"}
    assert cli_uses(machine, "--profile", "default")["AccessKeyId"] == KEY["access_key_id"]
    assert cli_uses(machine, "--profile", "x")["SecurityToken"] == SESSION["sts_token"]
    assert "exit status 3" in cli_uses(machine, spoil="export ROLE_ENV_EXPIRATION=1700000000")["error"]
    assert "exit status 3" in cli_uses(machine, spoil="export OSS_ACCESS_KEY_ID=LTAI.other")["error"]


def test_the_cli_in_a_shell_without_a_session_gets_no_account_from_it(machine: Machine) -> None:
    machine.succeeds("setup", "aliyun-cli")
    done = machine.run(*shlex.split("role-env process --session"))
    assert (done.returncode, done.stdout) == (3, "")
    assert "no session" in done.stderr


# ---- taking it back ----


@pytest.mark.parametrize("kind", sorted(FILES.keys() - {"ours by hand", "no profiles", "empty", "null"}))
def test_remove_leaves_the_file_as_it_was_before_setup(home: Home, kind: str) -> None:
    home.write(FILES[kind])
    home.setup("profileB")
    home.setup()
    done = home.setup("--remove")
    assert json.loads(home.config.read_bytes()) == json.loads(FILES[kind])
    assert list(home.config.parent.iterdir()) == [home.config]
    assert '-  "process_command": "role-env process --session",' in done.stdout
    assert home.setup("--remove").stdout == f"{home.config} has nothing that setup wrote\n"


@pytest.mark.parametrize("content", [None, b"{}", b'{"current": "", "profiles": []}', b'{"profiles": null}'])
def test_remove_takes_the_empty_default_that_had_to_be_added_too(home: Home, content: bytes | None) -> None:
    if content is not None:
        home.write(content)
    home.setup("profileB", "team/日本:prod")
    document = json.loads(home.config.read_text())
    document["profiles"][0] |= {"region_id": "", "retry_timeout": 0, "verified": ""}  # as the CLI saves it
    home.write(document)
    home.setup("--remove")
    assert not home.config.parent.exists()


def test_remove_takes_only_the_profiles_that_are_named(home: Home) -> None:
    home.setup("profileB", "team/日本:prod")
    home.setup()
    home.setup("--remove", "profileB")
    assert home.names() == ["default", "team/日本:prod", "role-env"]
    home.setup("--remove", "profileB", status=3, said="has no profile profileB that setup wrote")
    home.setup("--remove", "--all")
    assert not home.config.exists()


@pytest.mark.parametrize("theirs", THEIRS)
def test_remove_leaves_profiles_that_setup_did_not_write(home: Home, theirs: dict[str, Any]) -> None:
    home.write(written(theirs, profile("AK", **KEY)))
    before = home.config.read_bytes()
    home.setup("--remove")
    home.setup("--remove", "profileB", status=3)
    assert home.config.read_bytes() == before


def test_remove_of_the_current_profile_makes_another_one_current(home: Home) -> None:
    home.write(written(AK, {**OURS}, current="profileB"))
    assert "current is default now" in home.setup("--remove").stdout
    assert json.loads(home.config.read_text())["current"] == "default"


def test_remove_without_a_file_of_the_cli_has_nothing_to_do(home: Home) -> None:
    assert home.setup("--remove").stderr == ""
    assert not home.config.parent.exists()


# ---- what a shell gets then ----

IGNORED = ("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE")
CHOSEN = "ALIBABA_CLOUD_PROFILE"


FOLLOWING, NONE = "role-env", "role-env-none"


def chosen(machine: Machine, *arguments: str, **environ: str) -> str:
    """The profile of the CLI's file that a command in the session finds; NONE where the file is to be ignored."""
    done = machine.succeeds("exec", *(arguments or ("profileB",)), "--", "env", "-0", **environ)
    found = environment(done.stdout)
    assert (found[CHOSEN] == NONE) is all(found.get(name) == "TRUE" for name in IGNORED)
    return found[CHOSEN]


def set_up(machine: Machine) -> None:
    """Writes the profile that follows the shell; profileB has a region."""
    machine.add("region_id = cn-shanghai\n")
    machine.succeeds("setup", "aliyun-cli")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_session_names_the_profile_that_follows_it_and_off_restores_what_was_there(
    machine: Machine, shell: str
) -> None:
    set_up(machine)
    end = "eval (role-env off | string collect)" if shell == "fish" else 'eval "$(role-env off)"'
    script = "\n".join([INTO_SHELL[shell].format("profileB"), "env -0; echo between", end, "env -0"])
    before = {CHOSEN: "mine", IGNORED[0]: "TRUE", "ALICLOUD_PROFILE": "mine, too"}
    done = machine.shell(shell, script, **before)
    assert (done.returncode, done.stderr) == (0, "")
    found, after = (environment(part) for part in done.stdout.split("between\n"))
    assert found[CHOSEN] == FOLLOWING
    assert not found.keys() & {*IGNORED, "ALICLOUD_PROFILE"}
    assert {name: after.get(name) for name in (*before, IGNORED[1])} == before | {IGNORED[1]: None}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_success_after_a_failed_switch_names_it_again(machine: Machine, shell: str) -> None:
    set_up(machine)
    into, fails = INTO_SHELL[shell].format("profileB"), INTO_SHELL[shell].format("nobody")
    done = machine.shell(shell, "\n".join([into, f"{fails} 2>failure; env -0 >failed", into, "env -0"]))
    failed, found = environment((machine.home / "failed").read_text()), environment(done.stdout)
    assert (failed[CHOSEN], failed[IGNORED[0]]) == (NONE, "TRUE")
    assert found[CHOSEN] == FOLLOWING
    assert not found.keys() & set(IGNORED)


def test_the_cached_session_stays_whatever_is_written_into_the_clis_file(machine: Machine) -> None:
    path = machine.home / ".aliyun/config.json"
    assert chosen(machine) == NONE
    set_up(machine)
    assert [chosen(machine), chosen(machine)] == [FOLLOWING] * 2
    path.write_text("half-writt")
    assert chosen(machine) == NONE
    path.write_text(json.dumps(written({"name": FOLLOWING, "mode": "AK", **KEY})))
    assert chosen(machine) == NONE
    path.unlink()
    assert chosen(machine) == NONE
    assert len(machine.sts.calls_of("AssumeRole")) == 1


def test_no_session_refers_to_a_profile_that_setup_wrote_for_one_of_ours(machine: Machine) -> None:
    machine.succeeds("setup", "aliyun-cli", "profileB")
    assert chosen(machine) == NONE


def test_without_a_region_or_with_external_processes_disabled_the_cli_ignores_its_file(machine: Machine) -> None:
    machine.succeeds("setup", "aliyun-cli")
    assert chosen(machine) == NONE
    assert chosen(machine, ALIBABA_CLOUD_REGION_ID="cn-shanghai") == FOLLOWING
    environ = {"ALIBABA_CLOUD_REGION_ID": "cn-shanghai", "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS": "true"}
    assert chosen(machine, **environ) == NONE


def test_a_document_that_is_read_elsewhere_names_no_profile_of_this_machines(machine: Machine) -> None:
    set_up(machine)
    done = machine.role_env("export", "profileB", "--format", "dotenv")
    assert f"{CHOSEN}={NONE}\n" in done.stdout
    assert f"{IGNORED[0]}=TRUE\n" in done.stdout


# ---- together, and half-way ----


def test_many_at_once_lose_nothing(home: Home) -> None:
    names = [f"p{number}" for number in range(8)]
    for name in names:
        with home.profiles.open("a") as file:
            file.write(f"\n[{name}]\nrole_arn = acs:ram::1:role/{name}\nsource_profile = source\n")
    home.write(written(AK))
    with ThreadPoolExecutor(len(names)) as pool:
        assert len(list(pool.map(home.setup, names))) == len(names)
    assert sorted(home.names()) == sorted(["default", *names])
    assert not home.leftovers()


ENTRY = [Entry("profileB", command="role-env process profileB", region_id="cn-beijing")]


def replace(home: Home) -> bool:
    """Write the profile of ENTRY into the CLI's file; return whether that changed it."""
    return UserFile(home.config).replace(lambda content: entries.with_entries(home.config, content, ENTRY))


def test_what_another_program_writes_meanwhile_is_not_lost(home: Home) -> None:
    home.write(written())
    calls: list[bytes | None] = []

    def disturbed(content: bytes | None) -> bytes:
        calls.append(content)
        if len(calls) == 1:
            home.config.write_bytes(ONE)
        return entries.with_entries(home.config, content, ENTRY)

    assert UserFile(home.config).replace(disturbed)
    assert calls[1] == ONE
    assert home.names() == ["default", "profileB"]
    assert home.backup.read_bytes() == ONE


def test_a_file_that_never_comes_to_rest_is_given_up(home: Home) -> None:
    home.write(written())

    def disturbed(content: bytes | None) -> bytes:
        home.config.write_bytes((content or b"") + b" ")
        return entries.with_entries(home.config, content, ENTRY)

    with pytest.raises(UnreachableError, match="being written"):
        UserFile(home.config).replace(disturbed)
    assert not home.leftovers()


def test_another_setup_at_work_is_waited_for_and_then_reported(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("role_env.files.user_file.LOCK_SECONDS", 0.2)
    home.write(written())
    descriptor = os.open(home.config.parent, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(UnreachableError, match="another process"):
            replace(home)
    finally:
        os.close(descriptor)
    assert replace(home)


def test_a_full_disk_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(written())
    before = home.config.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProfileError, match="No space left"):
        replace(home)
    assert home.config.read_bytes() == before
    assert not home.leftovers()
    assert not home.backup.exists()


def test_what_a_killed_one_left_behind_is_taken_away(home: Home) -> None:
    home.write(written())
    left = home.config.with_name(home.config.name + ".role-env-new")
    left.symlink_to(home.path / "elsewhere")
    home.setup("profileB")
    assert not home.leftovers()
    assert not (home.path / "elsewhere").exists()


def test_one_that_is_killed_half_way_leaves_the_file_as_it_was(home: Home) -> None:
    """It is killed just before it puts the new file in place."""
    home.write(written(AK))
    code = (
        "import os, pathlib, signal, sys\n"
        "pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.argv = ['role-env', 'setup', 'aliyun-cli', 'profileB']\n"
        "from role_env.__main__ import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], env=home.environ, capture_output=True, timeout=60, check=False)
    assert done.returncode == -9
    assert home.config.read_bytes() == FILES["AK"]
    home.setup("profileB")
    assert not home.leftovers()


# ---- with another program that reads and rewrites the file ----

SDK = """
from alibabacloud_credentials.provider import CLIProfileCredentialsProvider
print(CLIProfileCredentialsProvider(profile_name="profileB").get_credentials().get_access_key_id())
"""


def test_the_sdk_runs_the_profile_and_what_it_writes_back_leaves_it_ours(machine: Machine) -> None:
    machine.succeeds("setup", "aliyun-cli", "profileB")
    done = machine.run(sys.executable, "-c", SDK)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == machine.sts.issued[-1].id
    path = machine.home / ".aliyun/config.json"
    assert machine.role_env("setup", "aliyun-cli", "profileB").stdout == f"{path} has it already\n"
    assert len(machine.sts.issued) == 1
    path.unlink()  # the SDK has put the session into it, in plaintext
