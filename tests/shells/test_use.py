"""`role-env use` and `off` as functions of the shell: what they change, print and return."""

import re

import pytest

from support.machine import Machine
from support.secret_service_bus import require
from support.shell_terminal import POSIX_SHELLS, STATUS, Terminal, init, interactive
from support.shells import COMMANDS, INTO_SHELL, OFF

SHOW = 'printf \'<%s>\\n\' "$ROLE_ENV_PROFILE" "$OSS_ACCESS_KEY_ID"\n'


# --- off


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_every_documented_line_ends_the_session(machine: Machine, shell: str) -> None:
    for line in ('eval "$(role-env off)"', "source <(role-env off)", "role-env off"):
        script = f"{init(shell)}role-env use profileB\n{SHOW}{line}\necho $?\n{SHOW}"
        done = machine.shell(shell, script, OSS_ACCESS_KEY_ID="before")
        assert re.fullmatch(r"<profileB>\n<STS\..*>\n0\n<>\n<before>\n", done.stdout), (line, done)
        assert done.stderr == ""


def test_off_without_a_session_changes_nothing_and_succeeds(machine: Machine, shell: str) -> None:
    done = machine.shell(shell, f"{init(shell)}role-env off && echo 0\n{SHOW}", OSS_ACCESS_KEY_ID="mine")
    assert (done.stdout, done.stderr) == ("0\n<>\n<mine>\n", "")


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_subshell_prints_the_code_of_off_and_no_value(machine: Machine, shell: str) -> None:
    lines = f'text=$(role-env off)\nprintf %s "$text"\n{SHOW}eval "$text"\n{SHOW}'
    done = machine.shell(shell, f"{init(shell)}role-env use profileB\n{lines}")
    assert done.stdout.startswith("{ _re_flags=$- ")
    assert re.search(r"<profileB>\n<STS\..*>\n<>\n<>\n$", done.stdout)
    assert not [secret for secret in machine.secrets() if secret in done.stdout]


# --- use


SUBSHELL = "role-env: use changed a subshell only\nrole-env: hint: to change this shell, type it without ( ), | and &\n"
IN_SUBSHELL = [("use other", "other"), ("off", ""), ("renew", "profileB")]


@pytest.mark.parametrize(("words", "inner"), IN_SUBSHELL)
@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_in_a_subshell_use_off_and_renew_change_only_that(machine: Machine, shell: str, words: str, inner: str) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    show = "printf '<%s>' \"$ROLE_ENV_PROFILE\""
    done = machine.shell(shell, f"{init(shell)}role-env use profileB\n(role-env {words} >/dev/null; {show})\n{show}")
    assert done.stdout == f"<{inner}><profileB>"
    # The code of the others is printed, for a shell that may read it.
    assert done.stderr == (SUBSHELL if words == "use other" else "")


def test_the_status_of_the_command_is_passed_on(machine: Machine, shell: str) -> None:
    machine.add(f"[refused]\nrole_arn = {machine.sts.role_arn}x\nsource_profile = profileA\n")
    calls = ("use profileB", "use nosuch", "use --nosuch", "use refused", "off", "off --nosuch", "use profileA", "use")
    lines = "".join(f"role-env {words}\necho '<'{STATUS[shell]}'>'\n" for words in calls)
    done = machine.shell(shell, init(shell) + lines)
    assert re.findall("<(.*)>", done.stdout) == ["0", "3", "2", "4", "0", "2", "3", "2"]
    assert "role-env: use requires PROFILE" in done.stderr  # there is no terminal to ask at
    assert "1  profileB" not in done.stderr


# --- what the shell is like


@pytest.mark.parametrize("options", ["", "--no-prompt"])
@pytest.mark.parametrize("order", ["before", "after"])
def test_beside_direnv_the_text_is_right_in_any_order(machine: Machine, shell: str, options: str, order: str) -> None:
    require("direnv")
    folder = machine.home / "project"
    folder.mkdir()
    (folder / ".envrc").write_text("export ROLE_ENV_PROFILE=inside ROLE_ENV_FAMILIES=oss ROLE_ENV_EXPIRATION=1\n")
    machine.run("direnv", "allow", str(folder))
    direnv = "direnv hook fish | source\n" if shell == "fish" else f'eval "$(direnv hook {shell})"\n'
    draw = "emit fish_prompt\nfish_prompt >/dev/null\n" if shell == "fish" else ""
    # In zsh a line that is typed finds ROLE_ENV_PROMPT empty.
    show = f"{draw}printf '<%s>\\n' \"${'_role_env_text' if shell == 'zsh' else 'ROLE_ENV_PROMPT'}\"\n"
    lines = f"{direnv * (order == 'after')}{show}cd project\n{show}cd ..\n{show}"
    done = interactive(machine, shell, lines, options, direnv * (order == "before"))
    # On a loaded machine, within a second `status` may not say that it has expired.
    assert re.sub("≠ expired>", "≠>", done.stdout).split() == ["<>", "<inside≠>", "<>"]


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


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_no_trace_and_no_verbose_shell_shows_a_secret(machine: Machine, shell: str) -> None:
    for option in ("x", "v"):
        done = machine.shell(shell, f'{init(shell)}set -{option}\nrole-env use profileB\nrole-env off\necho "<$-"')
        assert re.search(f"<.*{option}", done.stdout) or shell == "zsh"
        assert not [secret for secret in machine.secrets() if secret in done.stderr]


# ---- confirmations in one line on stderr, typed at a prompt; in scripts and unasked they are silent ----


OFF_SAID = "role-env: the session is off"
NO_SESSION = "role-env: this shell has no session"
NOT_DUE = r"role-env: the session of this shell is not due for renewal: (\d+) min left"


def test_renew_and_off_confirm_also_where_there_is_nothing_to_do(machine: Machine, shell: str) -> None:
    with Terminal(machine, shell) as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env off", shows=f"^{NO_SESSION}$", prompt="")
        terminal.type(
            "role-env use profileB", shows=r"profileB: role switchrolesbc of \d+ for 59 min", prompt="profileB 59m"
        )
        terminal.type("role-env renew", shows=f"^{NOT_DUE}; for a", prompt=r"profileB \d+m")
        terminal.type("role-env off", shows=f"^{OFF_SAID}$", prompt="")
        terminal.type("role-env use profileB", prompt="profileB 59m")
        terminal.type("role-env use nosuch", prompt="no account")
        terminal.type("role-env off; echo ended | tr a-z A-Z", shows=f"{OFF_SAID}\n(.*\n)*ENDED", prompt="")
        assert terminal.screen().count(OFF_SAID) == 2


def test_a_renewal_says_for_how_long_and_the_prompt_agrees(machine: Machine, shell: str) -> None:
    machine.sts.session_seconds = 6
    with Terminal(machine, shell) as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB")
        terminal.wait_for_prompt("profileB expired", enter=True)
        machine.sts.session_seconds = None
        terminal.type("role-env renew", shows="^profileB: renewed for 59 min$", prompt="profileB 59m")


def test_what_is_evaluated_without_the_integration_confirms_too(machine: Machine, shell: str) -> None:
    require(shell)
    lines = f"{INTO_SHELL[shell].format('profileB')}\n{OFF[shell]}\n"
    done = machine.run(*COMMANDS[shell], "-i", "-c", lines, TERM="xterm")
    said = [line for line in done.stderr.splitlines() if "job control" not in line and "terminal process" not in line]
    assert said == ["profileB: role switchrolesbc of 2222222222222222 for 59 min", OFF_SAID]


def test_off_names_what_came_back_once_however_it_is_typed(machine: Machine, shell: str) -> None:
    mine = {"OSS_ACCESS_KEY_ID": "mine", "OSS_ACCESS_KEY_SECRET": "my-secret"}
    line = INTO_SHELL[shell].format("off")
    lines = f"role-env use profileB\n{line}\nrole-env use profileB\nrole-env off\n"
    done = interactive(machine, shell, lines, "--no-prompt", **mine)
    said = f"{OFF_SAID}; OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET are as before it\n"
    assert (done.stderr.count(said), done.stderr.count(OFF_SAID)) == (2, 2), done.stderr


def test_fishs_universal_variables_come_back_without_a_message(machine: Machine) -> None:
    lines = "set -Ux OSS_ACCESS_KEY_ID mine\nrole-env use profileB\nrole-env off\nenv | grep OSS_ACCESS\n"
    done = interactive(machine, "fish", lines, "--no-prompt")
    assert done.stdout.endswith("OSS_ACCESS_KEY_ID=mine\n")
    assert "not restored" not in done.stderr
    assert done.stderr.endswith(f"{OFF_SAID}; OSS_ACCESS_KEY_ID is as before it\n")


def test_a_script_with_the_integration_gets_no_message(machine: Machine, shell: str) -> None:
    lines = "role-env use profileB\nrole-env renew\nrole-env off\nrole-env off\n"
    done = machine.shell(shell, init(shell) + lines)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
