"""What `setup aliyun-cli` writes into a profile of the CLI's file, and what it reports."""

import shlex
import subprocess
import sys

import pytest

from role_env.aliyun import entries
from role_env.aliyun.config import ConfigFile
from role_env.variables import RESERVED_PROFILES
from support import aliyun_cli
from support.cli_home import AK, FILES, OURS, PROFILES, Home, written
from support.files import write_private
from support.machine import INSTALLED, ROLE_ENV

# ---- what is written ----


def test_our_own_profile_follows_the_profiles_file_and_keeps_what_others_put_there(home: Home) -> None:
    more = {"language": "zh", "sts_token": "the-token", "later": [1]}
    home.write(written({**OURS, "region_id": "cn-shanghai", **more}))
    home.setup("profileB")
    assert home.entry() == {**OURS, "process_command": home.command(), "region_id": "cn-beijing", **more}


def test_a_profile_without_a_region_is_reported_and_its_region_in_the_file_stays(home: Home) -> None:
    name = "team/日本:prod"
    command = f"role-env process --config x.ini {name}"
    home.write(written({**OURS, "name": name, "process_command": command, "region_id": "eu-west-1"}))
    home.setup(name, said="no region_id")
    assert home.entry(name)["region_id"] == "eu-west-1"


@pytest.mark.parametrize(
    ("name", "arguments", "environ"),
    [
        ("", [], {}),
        ("mine.ini", ["--config", "mine.ini"], {}),
        ("mine.ini", [], {"ROLE_ENV_CONFIG": "mine.ini"}),
        ("my own.ini", ["--config", "my own.ini"], {}),
    ],
)
def test_the_command_names_the_profiles_file_wherever_it_was_found(
    home: Home, name: str, arguments: list[str], environ: dict[str, str]
) -> None:
    path = write_private(home.path / name if name else home.profiles, PROFILES)
    done = home.setup("profileB", *arguments, environ=environ)
    assert shlex.split(home.entry()["process_command"])[1:] == ["process", "--config", str(path), "profileB"]
    assert ("3.4.9" in done.stderr) == (" " in name)


@pytest.mark.parametrize("environ", [{"PATH": "/usr/bin:/bin"}, {"VIRTUAL_ENV": str(INSTALLED.parent)}, {}])
@pytest.mark.parametrize("program", [[ROLE_ENV], [sys.executable, "-m", "role_env"]], ids=["command", "module"])
def test_the_command_of_a_profile_begins_with_the_path_of_the_program(
    home: Home, environ: dict[str, str], program: list[str]
) -> None:
    line = [*program, "setup", "aliyun-cli", "profileB"]
    subprocess.run(line, env=home.environ | environ, check=True, capture_output=True, timeout=60)
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
    assert entries.shell_settings(str(home.config)).has_session_profile
    before = home.config.read_bytes()
    assert home.setup().stdout == f"{home.config} has it already\n"
    assert home.config.read_bytes() == before


def test_a_region_that_was_put_into_it_is_taken_out(home: Home) -> None:
    home.write(written(AK, {**FOLLOWS, "region_id": "cn-beijing", "later": 1}))
    home.setup()
    assert home.entry("role-env") == {**FOLLOWS, "later": 1}


@pytest.mark.parametrize("name", RESERVED_PROFILES)
def test_the_names_that_role_env_uses_itself_are_refused(home: Home, name: str) -> None:
    with home.profiles.open("a") as file:
        file.write(f"\n[{name}]\nrole_arn = acs:ram::1:role/x\nsource_profile = source\n")
    home.setup(name, status=2, said=f"{name} is reserved")
    assert not home.config.exists()
    home.setup("--all", said=f"{name} is reserved")
    assert name not in ConfigFile(str(home.config), home.config.read_bytes()).entries


def test_of_cron_only_doctor_speaks_with_the_line_that_helps(home: Home) -> None:
    assert "cron" not in home.setup().stderr
    folder = home.path / ".local/bin"  # for a person, ~ stands for the home folder, but not in the line to copy
    folder.mkdir(parents=True)
    (folder / "role-env").symlink_to(INSTALLED / "role-env")
    environ = {**home.environ, "PATH": f"{folder}:{home.environ['PATH']}", "COLUMNS": "300"}
    done = subprocess.run(["role-env", "doctor"], env=environ, capture_output=True, text=True, check=False)
    said = "~/.aliyun/config.json can be read; cron jobs that use it need this at the top of the crontab: "
    assert f"{said}PATH={folder}:/usr/bin:/bin\n" in done.stdout


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
