"""`role-env use` and `off` as functions of the shell: what they change, print and return."""

import re
from pathlib import Path

import pytest

from role_env import variables
from support.files import write_private
from support.machine import Machine
from support.process_trace import ProcessTrace
from support.secret_service_bus import require
from support.shell_terminal import POSIX_SHELLS, SHELLS, init, interactive
from support.shells import COMMANDS

SHOW = 'printf \'<%s>\\n\' "$ROLE_ENV_PROFILE" "$OSS_ACCESS_KEY_ID"\n'


# --- off


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_every_documented_line_ends_the_session_beside_the_integration(machine: Machine, shell: str) -> None:
    for line in ('eval "$(role-env off)"', "source <(role-env off)", "role-env off"):
        script = f"{init(shell)}role-env use profileB\n{SHOW}{line}\necho $?\n{SHOW}"
        done = machine.shell(shell, script, OSS_ACCESS_KEY_ID="before")
        assert re.fullmatch(r"<profileB>\n<STS\..*>\n0\n<>\n<before>\n", done.stdout), done
        assert done.stderr == ""


def test_off_without_a_session_changes_nothing_and_succeeds(machine: Machine, shell: str) -> None:
    done = machine.shell(shell, f"{init(shell)}role-env off && echo 0\n{SHOW}", OSS_ACCESS_KEY_ID="mine")
    assert done.stdout == "0\n<>\n<mine>\n"
    assert done.stderr == ""


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_subshell_prints_the_code_of_off_and_no_value(machine: Machine, shell: str) -> None:
    done = machine.shell(shell, f'{init(shell)}role-env use profileB\ntext=$(role-env off)\nprintf %s "$text"\n{SHOW}')
    assert "<profileB>" in done.stdout
    assert not [secret for secret in machine.secrets() if secret in done.stdout]
    text = done.stdout.partition("<profileB>")[0]
    assert text == machine.shell(shell, f'{init(shell)}text=$(role-env off)\nprintf %s "$text"').stdout


def test_off_runs_no_process_and_needs_no_command(machine: Machine, shell: str, tmp_path: Path) -> None:
    trace = ProcessTrace(machine, tmp_path / "strace")
    script = tmp_path / "init"
    script.write_text(machine.role_env("init", shell).stdout, "utf-8")
    session = machine.role_env("export", "profileB", "--format", shell).stdout
    end = "set -gx PATH /nowhere" if shell == "fish" else "PATH=/nowhere; hash -r"
    run = tmp_path / "run"
    for lines in ("", "role-env off\n"):
        run.write_text(f"source {script}\n{session}{end}\n{lines}{SHOW}", "utf-8")
        done = machine.run(*trace.command, *COMMANDS[shell], str(run))
        found = trace.processes()
        if not lines:
            assert "<profileB>" in done.stdout
            without = len(found)
    assert done.stdout == "<>\n<>\n"
    assert done.stderr == ""
    assert len(found) == without, found


# --- use


@pytest.mark.parametrize("line", ["(role-env use profileB)", 'eval "$(role-env use profileB)"'])
@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_use_in_a_subshell_prints_nothing_and_says_what_was_switched(machine: Machine, shell: str, line: str) -> None:
    done = machine.shell(shell, f"{init(shell)}{line}\n{SHOW}")
    assert done.stdout == "<>\n<>\n"
    assert done.stderr == (
        "role-env: this switched a subshell only\nrole-env: hint: type it alone: role-env use profileB\n"
    )


def test_the_status_of_the_command_is_passed_on(machine: Machine, shell: str) -> None:
    machine.add(f"[refused]\nrole_arn = {machine.sts.role_arn}x\nsource_profile = profileA\n")
    status = "$status" if shell == "fish" else "$?"
    calls = ("use profileB", "use nosuch", "use --nosuch", "use refused", "off", "off --nosuch", "use profileA")
    lines = "".join(f"role-env {words}\necho '<'{status}'>'\n" for words in calls)
    done = machine.shell(shell, init(shell) + lines)
    assert re.findall("<(.*)>", done.stdout) == ["0", "3", "2", "4", "0", "2", "3"]


def test_a_minus_returns_to_the_last_session_from_the_folder_and_with_the_options_that_it_had(machine: Machine) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    (machine.home / "sub").mkdir()
    write_private(machine.home / "here.ini", machine.file.read_text("utf-8"))
    show = "printf '<%s>\\n' \"$ROLE_ENV_PROFILE $ALICLOUD_REGION\"\n"
    lines = "role-env use -\nrole-env use profileB --config here.ini --region cn-x\n" + show
    lines += f"role-env use other\ncd sub\n{show}role-env use -\n{show}role-env use -\n{show}"
    lines += f"role-env off\n{show}role-env use -\n{show}role-env use nosuch\n{show}role-env use -\n{show}pwd\n"
    for shell in SHELLS:
        done = machine.shell(shell, init(shell) + lines)
        assert re.findall("<(.*)>", done.stdout) == [
            *("profileB cn-x", "other ", "profileB cn-x", "other ", " ", "other ", " ", "other "),
        ], shell
        assert done.stdout.endswith("/sub\n"), shell
        assert done.stderr.startswith("role-env: this shell has had no other session\n"), shell


# --- what the shell is like


@pytest.mark.parametrize("options", ["", "--no-prompt"])
@pytest.mark.parametrize("order", ["before", "after"])
def test_beside_direnv_the_text_is_right_in_any_order(machine: Machine, shell: str, options: str, order: str) -> None:
    require("direnv")
    folder = machine.home / "project"
    folder.mkdir()
    (folder / ".envrc").write_text("export ROLE_ENV_PROFILE=inside ROLE_ENV_EXPIRATION=1\n")
    machine.run("direnv", "allow", str(folder))
    direnv = "direnv hook fish | source\n" if shell == "fish" else f'eval "$(direnv hook {shell})"\n'
    draw = "emit fish_prompt\nfish_prompt >/dev/null\n" if shell == "fish" else ""
    # In zsh a line that is typed finds ROLE_ENV_PROMPT empty.
    show = f"{draw}printf '<%s>\\n' \"${'_role_env_text' if shell == 'zsh' else 'ROLE_ENV_PROMPT'}\"\n"
    lines = f"{direnv * (order == 'after')}{show}cd project\n{show}cd ..\n{show}"
    done = interactive(machine, shell, lines, options, direnv * (order == "before"), **variables.guards())
    assert re.findall("^<(.*)>$", done.stdout, re.MULTILINE) == ["", "inside≠ expired", ""]


def test_use_and_off_show_the_change_though_the_hook_has_been_lost(machine: Machine, shell: str) -> None:
    lose, draw = {
        "bash": ("PROMPT_COMMAND=true; PROMPT_COMMAND=(true); PS1='> '", ""),
        "zsh": ("precmd_functions=(); PS1='> '", ""),
        "fish": ("function fish_prompt; echo '> '; end", "emit fish_prompt; fish_prompt >&2\n"),
    }[shell]
    show = f"{draw}printf '<%s>\\n' \"$_role_env_text\"\n"
    done = interactive(machine, shell, f"{lose}\nrole-env use profileB\n{show}{lose}\nrole-env off\n{show}")
    shown = re.findall("^(?:.*[$>%#] )?<(.*)>$", done.stdout, re.MULTILINE)
    assert re.fullmatch(r"profileB≠? \d+m", shown[0])
    assert shown[1] == ""
    prompts = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)
    assert len(re.findall(r"profileB≠? \d+m > ", prompts)) == (1 if shell == "fish" else 2)


def test_powerlevel10k_shows_the_segment_and_without_it_the_shell_says_once_what_to_add(machine: Machine) -> None:
    theme = "p10k() { print -r -- p10k \"$@\"; }; _p9k_precmd() { PS1='theme '; }; precmd_functions+=(_p9k_precmd)\n"
    lines = 'role-env use profileB\n:\nprompt_role_env\nprint -r -- "<$precmd_functions> <$PS1>"'
    for elements, reported in (("dir", 1), ("dir role_env", 0)):
        before = f"{theme}POWERLEVEL9K_LEFT_PROMPT_ELEMENTS=({elements})"
        done = interactive(machine, "zsh", lines, "", before)
        assert done.stderr.count("hint: add role_env to POWERLEVEL9K_LEFT_PROMPT_ELEMENTS") == reported
        assert "p10k segment -c $ROLE_ENV_PROMPT -e -t $_role_env_segment" in done.stdout
        assert "<_role_env_prompt _p9k_precmd> <theme >" in done.stdout


def test_starship_in_bash_does_not_hide_the_session(machine: Machine) -> None:
    """Its hook takes the place of all others, runs them itself, and sets the prompt behind them."""
    starship = """\
starship_precmd() { eval "$STARSHIP_PROMPT_COMMAND"; PS1='ship '; }
STARSHIP_PROMPT_COMMAND="$PROMPT_COMMAND"; PROMPT_COMMAND=starship_precmd
role-env use profileB
:
"""
    for version in ("5.2.37(1)-release", "4.4.23(1)-release"):
        done = interactive(machine, "bash", starship, "", f"BASH_VERSION='{version}'")
        assert re.search(r"profileB≠? \d+m.*ship ", done.stderr), done


@pytest.mark.parametrize("start", [("bash", "--posix", "--norc"), ("zsh", "--emulate", "sh", "-f")])
def test_the_integration_loads_in_a_shell_that_plays_sh(machine: Machine, start: tuple[str, ...]) -> None:
    require(start[0])
    script = f'eval "$(role-env init {start[0]})"\nrole-env use profileB\n{SHOW}role-env off\n{SHOW}'
    done = machine.run(*start, "-c", script)
    assert done.stderr == ""
    assert re.fullmatch(r"<profileB>\n<STS\..*>\n<>\n<>\n", done.stdout), done


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_functions_of_the_users_in_place_of_builtins_do_no_harm(machine: Machine, shell: str) -> None:
    names = ("cd", "read", "local", "shift", "type", "whence", "shopt", "printf", "true", "test", "echo", "typeset")
    functions = "\n".join(f"function {name} {{ builtin echo harm >&2; }}" for name in names)
    lines = "role-env use profileB\nbuiltin printf '<%s>' \"$ROLE_ENV_PROFILE\"\nrole-env off"
    done = machine.shell(shell, f"{init(shell)}{functions}\n{lines}")
    assert "harm" not in done.stderr
    assert done.stdout == "<profileB>"


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_no_trace_and_no_verbose_shell_shows_a_secret(machine: Machine, shell: str) -> None:
    for option in ("x", "v"):
        done = machine.shell(shell, f'{init(shell)}set -{option}\nrole-env use profileB\nrole-env off\necho "<$-"')
        assert re.search(f"<.*{option}", done.stdout) or shell == "zsh"
        assert not [secret for secret in machine.secrets() if secret in done.stderr]


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_readonly_variable_is_reported_by_off(machine: Machine, shell: str) -> None:
    script = f"{init(shell)}role-env use profileB\nreadonly ALICLOUD_PROFILE=mine\nrole-env off\necho $?\n{SHOW}"
    done = machine.shell(shell, script)
    assert "role-env: ALICLOUD_PROFILE is readonly in this shell" in done.stderr
    assert done.stdout == "1\n<>\n<role-env-none>\n"


@pytest.mark.parametrize(
    "words", [["use"], ["use", "profileB"], ["use", "--bogus"], ["--region", "cn-x", "use", "profileB"]]
)
def test_use_without_the_shell_integration_says_how_to_install_it(machine: Machine, words: list[str]) -> None:
    done = machine.role_env(*words)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first == (
        "role-env: use acts in the shell itself and needs the shell integration, which this shell has not loaded"
    )
    profile = "profileB" if "profileB" in words else "PROFILE"
    assert second == (
        'role-env: hint: load it with: eval "$(role-env init bash)"; or switch without it:'
        f' eval "$(role-env {profile} || echo false)"'
    )
