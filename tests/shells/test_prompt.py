"""What a person sees at a prompt, in real terminals: the session, its end, its renewal, and what must never happen."""

import re
import time
from pathlib import Path

import pytest

from support.files import write_program
from support.machine import INSTALLED, Machine
from support.process_trace import ProcessTrace
from support.prompts import live, path_with
from support.secret_service_bus import require
from support.shell_terminal import HOOK, POSIX_SHELLS, PROMPT, Terminal, command, export, init, interactive
from support.shells import COMMANDS

EXPIRED = "the session of profileB has expired\nrole-env: hint: role-env use profileB"


# --- in a terminal


def test_the_prompt_shows_session_foreign_key_and_end_and_off_restores_what_was(machine: Machine, shell: str) -> None:
    machine.sts.session_seconds = 8
    with Terminal(machine, shell, OSS_ACCESS_KEY_ID="before") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt="profileB (0m|expired)")
        terminal.type(export(shell, "OSS_ACCESS_KEY_ID", "another"), prompt="profileB≠ (0m|expired)")
        terminal.type(export(shell, "OSS_ACCESS_KEY_ID", "$ROLE_ENV_ACCESS_KEY_ID"), prompt="profileB (0m|expired)")
        terminal.wait_for_prompt("profileB expired", enter=True)
        assert terminal.screen().count(EXPIRED) == 1
        terminal.type("role-env off; printf '<%s>\\n' $OSS_ACCESS_KEY_ID", shows="^<before>$", prompt="")
    assert len(machine.sts.issued) == 1


def test_a_renewal_is_in_place_and_its_failure_one_line_a_minute_without_a_wait(machine: Machine, shell: str) -> None:
    machine.sts.session_seconds = 6
    with Terminal(machine, shell, "--renew") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt="profileB (0m|expired)")
        while len(machine.sts.issued) < 2:  # until pytest's own timeout
            time.sleep(0.5)
            terminal.type("")
        terminal.wait_for_prompt("profileB (0m|expired)", enter=True)
        lines = [line for line in terminal.screen().split("\n") if line and PROMPT not in line]
        assert [line for line in lines if not line.startswith("profileB: role switchrolesbc of ")] == []
        machine.sts.fault("hang", times=None)
        began = time.monotonic()
        # On a crowded machine the second session, too, may have expired before it came: that prompt has no line.
        terminal.wait_for("^role-env: ", enter=True)
        terminal.wait_for_prompt("profileB expired")
        assert time.monotonic() - began < 60
        said = [line for line in terminal.screen().split("\n") if line.startswith("role-env: ")]
        calls = machine.sts.connections_seen
        for _ in range(5):
            terminal.type("")
        terminal.type("echo reached | tr a-z A-Z", shows="^REACHED$")
        assert [line for line in terminal.screen().split("\n") if line.startswith("role-env: ")] == said
        assert len(said) == 1
        assert "profileB" in said[0]
        assert machine.sts.connections_seen == calls
        machine.sts.heal()


def test_shells_within_shells_each_tell_of_the_session_once(machine: Machine) -> None:
    machine.add("color = red\n")
    for shell in ("fish", "bash"):
        require(shell)
    folder = machine.temporary
    fish = command("fish", folder, "function fish_prompt; printf '>> '; end\n" + init("fish"))
    bash = command("bash", folder, "PS1='>> '\n" + init("bash"))
    with Terminal(machine, "zsh") as terminal:
        terminal.type("role-env use profileB", prompt=r"profileB \d+m")
        for start, name in ((fish, "fish"), (bash, "bash")):
            terminal.type(start, prompt=r"profileB \d+m")
            terminal.type(f"clear; echo {name} | tr a-z A-Z", shows=f"^{name.upper()}$", prompt=r"profileB \d+m")
            assert "\x1b[1m\x1b[31mprofileB" in terminal.screen(colours=True)
        terminal.type("role-env off", prompt="")
        terminal.type("exit", prompt=r"profileB \d+m")


def test_ctrl_c_ends_the_wait_for_a_renewal(machine: Machine, shell: str) -> None:
    machine.sts.fault("hang", times=None)
    with Terminal(machine, shell, "--renew", **live(-5, ROLE_ENV_ROLE_ARN=machine.sts.role_arn)) as terminal:
        terminal.wait_for_prompt("profileB expired", enter=True)
        terminal.type(export(shell, "ROLE_ENV_EXPIRATION", "1"))
        time.sleep(0.5)
        terminal.press("C-c")
        terminal.wait_for_prompt("profileB expired")
        terminal.type("echo reached | tr a-z A-Z", shows="^REACHED$")
        machine.sts.heal()


def test_whatever_is_planted_a_prompt_only_calls_renew(machine: Machine, shell: str, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    planted = {"ROLE_ENV_PROFILE": "--help", "ROLE_ENV_ROLE_ARN": "--config=x", "ROLE_ENV_CONFIG": "$(touch planted)"}
    write_program(
        tmp_path / "bin" / "role-env",
        f'#!/bin/sh\n[ "$1" = init ] && exec {INSTALLED}/role-env "$@"\n'
        f'echo "$@" >>{log}\necho "role-env: no proof" >&2\nexit 3\n',
    )
    lines = f"{HOOK[shell]}\n{HOOK[shell]}\n"
    done = interactive(machine, shell, lines, "--renew", path_with(shell, tmp_path / "bin"), **live(-5, **planted))
    assert log.read_text() == f"renew --unattended --format {shell}\n"
    assert done.stderr.count("role-env: no proof") == 1
    assert not (machine.home / "planted").exists()


def test_help_is_shown_and_never_evaluated_whatever_separates_words(machine: Machine, shell: str) -> None:
    before = "" if shell == "fish" else "IFS=:"
    lines = "role-env use profileB --help\nrole-env off --format bash --help"
    done = interactive(machine, shell, lines, "--no-prompt", before)
    assert re.findall("^(?:.*# |.*% )?usage: role-env ([a-z]+)", done.stdout, re.MULTILINE) == ["use", "off"]
    assert "not found" not in done.stderr


@pytest.mark.parametrize(
    ("shell", "before"),
    [
        ("zsh", "setopt ksh_arrays sh_word_split glob_subst"),
        ("zsh", "setopt no_rcs ksh_glob no_equals warn_create_global"),
        ("bash", "IFS=0123456789m; set -f; shopt -s nullglob failglob extglob nocasematch"),
    ],
)
def test_bash_and_zsh_work_whatever_their_options_are(machine: Machine, shell: str, before: str) -> None:
    hook = {"zsh": HOOK["zsh"], "bash": ":"}[shell]  # bash itself runs it before each line
    lines = f'role-env use profileB\n{hook}; echo "<$ROLE_ENV_PROMPT>"\nrole-env off'
    done = interactive(machine, shell, lines, "--renew", before)
    assert re.search(r"<profileB \d+m>", done.stdout), done
    assert "role_env" not in done.stderr
    assert "not a valid" not in done.stderr


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_strict_shell_survives_prompts_whatever_the_last_status_was(machine: Machine, shell: str) -> None:
    with Terminal(machine, shell, before="set -euo pipefail\n", **live(-5)) as terminal:
        terminal.wait_for_prompt("profileB expired")
        for line in ("true && ! true || true", "! true", "unset ROLE_ENV_PROFILE"):
            terminal.type(line)
        terminal.wait_for_prompt("unknown session≠")


# --- what it leaves alone

PROMPT_COMMANDS = {
    "a string": "PROMPT_COMMAND='echo \"[$? ${PIPESTATUS[*]}]\"'",
    "with a semicolon": "PROMPT_COMMAND='echo \"[$? ${PIPESTATUS[*]}]\"; '",
    "with a comment": "PROMPT_COMMAND='echo \"[$? ${PIPESTATUS[*]}]\" # of mine'",
    "an array": "PROMPT_COMMAND=('echo \"[$? ${PIPESTATUS[*]}]\"' 'echo \"{$? ${PIPESTATUS[*]}}\"')",
}


@pytest.mark.parametrize("version", ["5.2.37(1)-release", "4.4.23(1)-release"])
@pytest.mark.parametrize("options", ["", "--no-prompt"])
@pytest.mark.parametrize("form", PROMPT_COMMANDS)
def test_bash_keeps_prompt_command_and_its_statuses(machine: Machine, form: str, options: str, version: str) -> None:
    before = f"BASH_VERSION='{version}'\n{PROMPT_COMMANDS[form]}"
    lines = '(exit 3) | (exit 4)\necho "(after $? ${PIPESTATUS[*]})"\n(exit 9)\necho "<$ROLE_ENV_PROMPT>"'
    done = interactive(machine, "bash", lines, options, before, **live(42 * 60 + 50))
    assert "[4 3 4]" in done.stdout
    assert "(after 4 3 4)" in done.stdout
    assert "[9 9]" in done.stdout
    assert "<profileB 42m>" in done.stdout
    if form == "an array":
        assert "{4 3 4}" in done.stdout
    assert "syntax error" not in done.stderr


def test_zsh_keeps_the_statuses_and_its_list_of_hooks(machine: Machine) -> None:
    before = 'mine() { echo "[$? $pipestatus]" }\nprecmd_functions=(mine)'
    lines = '(exit 3) | (exit 4)\necho "(after $? $pipestatus)"\necho $precmd_functions'
    done = interactive(machine, "zsh", lines, "", before, **live(999))
    assert "[4 3 4]" in done.stdout
    assert "(after 4 3 4)" in done.stdout
    assert "mine _role_env_prompt" in done.stdout


def test_fish_keeps_the_statuses_that_the_prompt_within_sees(machine: Machine) -> None:
    before = "function fish_prompt; echo \"[$status $pipestatus]\"; echo '>> '; end\n"
    lines = "\n".join(
        f"emit fish_prompt\n{line}\nfish_prompt"
        for line in ("true", "false", "false | true", "not true", "true | false")
    )
    done = interactive(machine, "fish", lines, "", before, **live(42 * 60 + 50))
    heads = [line for line in done.stdout.split("\n") if "[" in line]
    reported = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in heads]
    assert reported == [f"profileB 42m [{text}]" for text in ("0 0", "1 1", "0 1 0", "1 0", "1 0 1")]
    assert done.stdout.count(">> \n") == 5


def test_what_is_read_twice_is_installed_once(machine: Machine, shell: str) -> None:
    lines = {
        "bash": 'echo "<${PROMPT_COMMAND[*]}>{$PS1}"',
        "zsh": 'print -r -- "<$precmd_functions>{$PS1}"',
        "fish": "emit fish_prompt\necho '<_role_env_prompt>{'(fish_prompt)'}'",
    }[shell]
    again = f"{lines}\n{init(shell)}{init(shell)}{lines}"
    done = interactive(machine, shell, again, **live(999))
    for hooks, prompt in re.findall(r"<(.*)>{(.*)}", done.stdout):
        assert hooks.count("_role_env_prompt") == 1
        assert (
            prompt.count({"bash": "{ROLE_ENV_PROMPT:_role_env_from}", "zsh": "%(97V.", "fish": "profileB 16m"}[shell])
            == 1
        )


def test_a_shell_that_is_not_interactive_gets_the_functions_and_nothing_else(machine: Machine, shell: str) -> None:
    there = {
        "bash": "echo ${PROMPT_COMMAND-none} ${PS1-none}; complete -p role-env",
        "zsh": "echo ${precmd_functions-none} none",
    }
    there["fish"] = "functions -q _role_env_on_prompt; or echo none none; complete | grep role-env"
    script = f"{init(shell)}{there[shell]} 2>/dev/null\nrole-env use profileB && env | grep -c OSS_SESSION_TOKEN"
    done = machine.shell(shell, script)
    assert done.stdout == "none none\n1\n"
    assert done.stderr == ""


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_failure_that_a_strict_script_expects_does_not_end_it(machine: Machine, shell: str) -> None:
    script = f"set -euo pipefail\n{init(shell)}if role-env use nosuch; then echo no; else echo handled; fi\n"
    done = machine.shell(shell, script + "role-env use nosuch || echo again\nrole-env use nosuch\necho reached")
    assert done.stdout == "handled\nagain\n"
    assert done.returncode == 3


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_renewal_that_fails_does_not_end_a_strict_shell(machine: Machine, shell: str) -> None:
    lines = f"{HOOK[shell]}\necho reached"
    done = interactive(machine, shell, lines, "--renew", "set -e", **live(-5, ROLE_ENV_PROFILE="nosuch"))
    assert "reached\n" in done.stdout


def test_aliases_of_everyday_commands_do_no_harm(machine: Machine, shell: str) -> None:
    names = ("cd", "export", "date", "printf", "read", "local", "unset", "return", "shift", "set")
    harm = "\n".join(f"alias {name}='echo harm'" for name in (names if shell != "fish" else ("cd", "export", "date")))
    lines = f'role-env use profileB\n{HOOK[shell]}; echo "<$ROLE_ENV_PROMPT>"\nrole-env off'
    done = interactive(machine, shell, lines, "--renew", harm)
    assert re.search(r"<profileB \d+m>", done.stdout), done
    assert "harm" not in done.stdout


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_traps_are_left_alone(machine: Machine, shell: str) -> None:
    traps = "trap 'echo bye' EXIT\ntrap 'echo usr' USR1"
    plain = machine.run(*COMMANDS[shell], "-i", text=f"{traps}\ntrap\n")
    assert plain.stdout.count("echo ") == 2
    assert interactive(machine, shell, "trap", "", traps).stdout == plain.stdout


def test_an_interpreter_that_has_gone_is_reported_in_one_line(machine: Machine, shell: str, tmp_path: Path) -> None:
    program = write_program(tmp_path / "bin" / "role-env", "#!/gone/python\n")
    lines = f"{path_with(shell, program.parent)}\nrole-env use profileB\nrole-env off\n"
    done = machine.shell(shell, init(shell) + lines)
    line = f"role-env: the command {program} cannot run: it, or its Python, is missing\n"
    assert done.stderr == line + "role-env: hint: install it again; role-env off works without it\n"
    assert done.returncode == 0


# --- what it costs


def test_a_prompt_makes_no_process_while_the_session_lives(machine: Machine, shell: str, tmp_path: Path) -> None:
    trace = ProcessTrace(machine, tmp_path / "strace")
    script = tmp_path / "init"
    script.write_text(machine.role_env("init", shell, "--renew").stdout, "utf-8")
    processes = []
    for prompts in (1, 40):
        text, more = f". {script}\n" + ":\n" * prompts, []
        if shell == "fish":
            each = f"for i in (seq {prompts}); emit fish_prompt; fish_prompt >/dev/null; end"
            more = ["-c", f"function fish_prompt; end; source {script}; {each}"]
        done = machine.run(*trace.command, *COMMANDS[shell], "-i", *more, text=text, TERM="xterm", **live(3000))
        assert done.returncode == 0
        processes.append(len(trace.processes()))
    assert processes[0] == processes[1]
