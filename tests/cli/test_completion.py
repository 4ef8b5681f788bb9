"""What can follow `role-env` on a line: commands, profiles, options and values, each in its place."""

import pytest

from role_env.cli.completion import answer
from role_env.command_table import FORMATS, INTEGRATED_SHELLS, commands
from support.files import write_private
from support.machine import Machine

COMMANDS = [f"commands\t{one.name}\t{one.summary}" for one in commands.COMMANDS.values()]
ROLE = "\tswitchrolesbc of 2222222222222222"
SESSIONS, PROFILES = [f"profiles\tprofileB{ROLE}"], ["profiles\tprofileA", f"profiles\tprofileB{ROLE}"]
LINES: dict[str, list[str]] = {
    "": COMMANDS + SESSIONS,
    "prof": COMMANDS + SESSIONS,
    "--refresh ": COMMANDS + SESSIONS,
    "-": ["options\t--help\tshow this help", "options\t--version\tshow the version"],
    **dict.fromkeys(("use ", "use --refresh ", "use --region x ", "use --region=x ", "setup aliyun-cli "), SESSIONS),
    **dict.fromkeys(("exec ", "process ", "console ", "setup aliyun-cli profileB "), SESSIONS),
    **dict.fromkeys(("whoami ", "clear profileA ", "explain --json "), PROFILES),
    **dict.fromkeys(("configure --edit ", "configure --remove ", "configure --remove --yes "), PROFILES),
    "configure ": [],
    "configure --remove profileB ": [],
    "use profileB ": [],
    "use --region ": [],
    "init ": [f"values\t{name}" for name in INTEGRATED_SHELLS],
    "export profileB --format ": [f"values\t{form}" for form in FORMATS],
    "profileB --format=": [f"values\t{form}" for form in FORMATS],
    "console --site=ch": ["values\tchina", "values\tinternational"],
    "use --unknown=": [],
    "use --config ": ["files"],
    "use --config=a": ["files"],
    "use --config absent.ini ": [],
    "exec profileB ": ["command\t3"],
    "exec profileB -- ": ["command\t4"],
    "exec profileB -- terraform ": ["command\t4"],
    "exec profileB terraform plan -": ["command\t3"],
    "exec --region x profileB te": ["command\t5"],
}
"""What is typed after `role-env`, and what is offered."""


@pytest.mark.parametrize("line", LINES)
def test_each_place_has_what_can_stand_there(machine: Machine, line: str) -> None:
    assert answer(line.split(" "), machine.environ).splitlines() == LINES[line]


def test_the_options_of_each_command_are_those_of_its_parser(machine: Machine) -> None:
    for name, command in {**commands.COMMANDS, "profileB": commands.COMMANDS["export"]}.items():
        offered = [offer.split("\t")[1] for offer in answer([name, "--"], machine.environ).splitlines()]
        assert offered == ["--help", *command.options]
    assert "options\t--refresh\tignore the cached session and request a new one" in answer(["use", "-"], {})


def test_the_topics_and_commands_follow_help(machine: Machine) -> None:
    offered = answer(["help", ""], machine.environ).splitlines()
    assert {"values\tuninstall", "values\tuse"} <= set(offered)


def test_profiles_are_those_of_the_file_that_is_named(machine: Machine) -> None:
    text = "[b@x:1/y]\nsource_profile = b@x:2\nrole_arn = acs:ram::1:role/x\n[b@x:2]\naccess_key_id = x\n"
    other = str(write_private(machine.home / "other.ini", text))
    for option in (["--config", other], [f"--config={other}"]):
        assert answer(["use", *option, ""], machine.environ) == "profiles\tb@x:1/y\tx of 1\n"
