"""`export` and `init` at a terminal and in a pipe: the JSON, any name in any locale, and no secret or code unasked."""

import json

import pexpect
import pytest

from role_env.command_table import DOCUMENT_FORMATS, SHELLS, Shell
from support.machine import Machine
from support.terminal import on_terminal
from support.waiting import DEADLINE


def test_the_json_of_export_has_these_keys(machine: Machine) -> None:
    done = machine.role_env("export", "profileB", "--format", "json", "--region", "cn-x")
    (issued,) = machine.sts.issued
    assert json.loads(done.stdout) == issued.credentials | {
        "RegionId": "cn-x",
        "Profile": "profileB",
        "RoleArn": machine.sts.role_arn,
    }


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_a_profile_may_have_a_name_in_any_script_in_any_locale(machine: Machine, locale: str) -> None:
    machine.add(f"[生产-é]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    environ = {"LANG": locale, "LC_ALL": locale}
    script = 'eval "$(role-env 生产-é)"; printf %s "$ROLE_ENV_PROFILE"'
    assert machine.shell("dash", script, **environ).stdout == "生产-é"
    assert "生产-é" in machine.role_env("list", "--names", **environ).stdout
    assert machine.role_env("export", "生产-è", **environ).returncode == 3
    assert len(machine.sts.issued) == 1


EXPORT = "role-env profileB"


def line_in_bash(shell: Shell) -> str:
    """The line that evaluates a session for this shell, at a prompt of bash, which evaluates those of its dialect."""
    return (SHELLS["bash"] if shell.dialect == SHELLS["bash"].dialect else shell).evaluate.format(EXPORT)


LINES_TO_TYPE = {
    EXPORT: f"source <({EXPORT})",
    **{f"{EXPORT} --format {name}": line_in_bash(shell) for name, shell in SHELLS.items()},
    **{f"{EXPORT} --format {name}": f"{EXPORT} --format {name} | …" for name in DOCUMENT_FORMATS},
    "role-env process profileB": "role-env process profileB | …",
    "role-env off": 'eval "$(role-env off)"',
}


@pytest.mark.parametrize(("command", "line"), LINES_TO_TYPE.items())
def test_no_secret_goes_to_a_terminal_unasked(machine: Machine, command: str, line: str) -> None:
    machine.environ["GITHUB_ENV"] = "/dev/null"
    script = f"{command} 2>reported; echo status=$?"
    output, _ = pexpect.run(
        "bash --norc -c " + f"'{script}'",
        env=machine.environ,
        cwd=str(machine.home),
        withexitstatus=True,
        timeout=DEADLINE,
    )
    assert output.decode().strip() == "status=2"
    assert line in (machine.home / "reported").read_text()
    assert not machine.sts.calls
    if "off" not in command:
        output = pexpect.run(f"bash --norc -c '{command} --show'", env=machine.environ, timeout=DEADLINE)
        assert machine.sts.issued[0].token in output.decode().replace("\r\n", "")


# ---- init ----


LINES = {
    "bash": ("~/.bashrc", 'eval "$(role-env init bash{})"'),
    "zsh": ("~/.zshrc", 'eval "$(role-env init zsh{})"'),
    "fish": ("~/.config/fish/config.fish", "role-env init fish{} | source"),
}


@pytest.mark.parametrize("options", ["", " --renew", " --no-prompt --renew"])
@pytest.mark.parametrize("shell", LINES)
def test_a_person_gets_the_line_for_the_rc_file_and_its_name(machine: Machine, shell: str, options: str) -> None:
    file, line = LINES[shell]
    screen = on_terminal(machine, "init", shell, *options.split(), columns=200)
    assert screen.status == 2
    assert screen.lines == [
        f"role-env: add this line to {file}: {line.format(options)}",
        "role-env: hint: add --show to see the code that it loads",
    ]


def test_show_prints_the_code_there(machine: Machine) -> None:
    screen = on_terminal(machine, "init", "bash", "--show", columns=200)
    assert screen.status == 0
    assert len(screen.lines) > 400
