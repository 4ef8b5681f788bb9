"""What a person sees at a prompt: the session, its end, and nothing that is not so."""

import re
import time
from pathlib import Path

import pytest

from role_env import variables
from support.files import write_program
from support.machine import INSTALLED, Machine
from support.prompts import session, shown
from support.secret_service_bus import require
from support.shell_terminal import (
    LOOK,
    POSIX_SHELLS,
    Terminal,
    command,
    export,
    init,
    interactive,
    texts,
)
from support.shells import COMMANDS
from support.strace import Strace


def with_command(shell: str, script: str, folder: Path) -> str:
    """Return the line after which the command is a shell script for all but `init`."""
    begin = f'#!/bin/sh\n[ "$1" = init ] && exec {INSTALLED}/role-env "$@"\n'
    write_program(folder / "bin" / "role-env", begin + script)
    return export(shell, "PATH", f"{folder}/bin $PATH" if shell == "fish" else f"{folder}/bin:$PATH")


# --- what it shows


def test_the_prompt_shows_session_foreign_key_and_end_and_off_restores_what_was(machine: Machine, shell: str) -> None:
    machine.sts.session_seconds = 8
    with Terminal(machine, shell, OSS_ACCESS_KEY_ID="before") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt="profileB (0m|expired)")
        terminal.type(export(shell, "OSS_ACCESS_KEY_ID", "another"), prompt="profileB≠ (0m|expired)")
        terminal.type(export(shell, "OSS_ACCESS_KEY_ID", "$ROLE_ENV_ACCESS_KEY_ID"), prompt="profileB (0m|expired)")
        terminal.wait_for_prompt("profileB expired", enter=True)
        terminal.type("role-env off; printf '<%s>\\n' $OSS_ACCESS_KEY_ID", shows="^<before>$", prompt="")
    assert len(machine.sts.issued) == 1


STATES = {
    **{
        seconds: f"profileB {text}"
        for seconds, text in ((43170, "11h59"), (3900, "1h04"), (2570, "42m"), (290, "4m"), (50, "0m"), (-1, "expired"))
    },
    2511: "profileB 41m",
}
"""The seconds that are left, and the text."""


def test_the_text_has_the_name_and_the_minutes_left(machine: Machine, shell: str) -> None:
    lines, made = "", [(session(seconds), text) for seconds, text in STATES.items()]
    made += [(session(2570, policy="read-only"), "profileB (read-only) 42m")]
    made += [(session(2570, policy="0123456789abcdef"), "profileB (narrowed) 42m")]
    made += [(dict.fromkeys((*variables.MARKS, *variables.GUARDS), ""), "")]
    for environ, _ in made:
        names = [name for name in (*variables.SHOWN, "ROLE_ENV_REQUEST") if name in {*environ, "ROLE_ENV_POLICY"}]
        names += [name for name in variables.GUARDS if name in environ]
        lines += "".join(f"{export(shell, name, repr(environ.get(name, '')))}\n" for name in names) + LOOK[shell]
    done = interactive(machine, shell, lines, "--no-prompt", **session())
    assert re.findall("<([^%>]*)>", done.stdout) == [text for _, text in made]


def test_another_sign_can_stand_for_a_session_that_is_not_whole(machine: Machine, shell: str) -> None:
    environ = {**session(2570), "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIother", "ROLE_ENV_SIGN": "!="}
    assert shown(machine, shell, **environ) == "profileB!= N"


def test_a_shell_within_a_shell_shows_the_session_in_its_color(machine: Machine) -> None:
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


def test_what_an_outer_shell_has_exported_is_not_shown(machine: Machine, shell: str) -> None:
    assert shown(machine, shell, ROLE_ENV_PROMPT="outer 59m") == ""
    assert shown(machine, shell, ROLE_ENV_PROMPT="outer 59m", **session()) == "profileB N"


@pytest.mark.parametrize("version", ["5.2.37(1)-release", "4.4.23(1)-release", "3.2.57(1)-release"])
def test_every_bash_reads_the_time_by_what_it_has(machine: Machine, version: str) -> None:
    """Each older version is played by this bash, which takes the way of the version that it reports."""
    before = f"BASH_VERSION='{version}'\nSECONDS=99"
    assert shown(machine, "bash", before=before, **session(2570)) == "profileB N"
    assert shown(machine, "bash", before=before, **session(-5)) == "profileB expired"


PLANTED = "x%F{red}$(touch planted)`touch planted`${planted}\\$(touch planted)\\u@%n"


def test_no_text_in_the_prompt_is_decoded_or_run(machine: Machine, shell: str, tmp_path: Path) -> None:
    """Neither what the command prints, nor the variable that is shown in its place."""
    lines = {"": "exit 1", " 1m": f"printf '%s\\n' '{PLANTED}' ≠ $(($(date +%s) + 90)) '' '' ''"}
    for minutes, script in lines.items():
        path = with_command(shell, script, tmp_path)
        with Terminal(machine, shell, before=f"{path}\n", **session() | {"ROLE_ENV_PROFILE": PLANTED}) as terminal:
            terminal.wait_for_prompt(f"{re.escape(PLANTED)}≠{minutes}")
    assert not (machine.home / "planted").exists()
    environ = session() | {"ROLE_ENV_PROFILE": "x\x1b[31m\x07", "ROLE_ENV_EXPIRATION": "a[$(touch planted)]"}
    assert shown(machine, shell, **environ) == "unknown session≠"
    assert not (machine.home / "planted").exists()


# --- what it costs


def test_a_prompt_starts_no_process_and_a_change_one(machine: Machine, shell: str, tmp_path: Path) -> None:
    trace = Strace(machine)
    script = tmp_path / "init"
    script.write_text(machine.role_env("init", shell, "--renew").stdout, "utf-8")
    change = export(shell, "OSS_ACCESS_KEY_ID", "x")
    counts = []
    for lines in (":\n", ":\n" * 40, f":\n{change}\n", f":\n{change}\n:\n:\n"):
        text, more = f". {script}\n{lines}", []
        if shell == "fish":
            each = "".join(f"{line}; emit fish_prompt; fish_prompt >/dev/null\n" for line in lines.splitlines())
            more = ["-c", f"function fish_prompt; end; source {script}; {each}"]
        done = machine.run(*trace.command, *COMMANDS[shell], "-i", *more, text=text, TERM="xterm", **session(3000))
        assert done.returncode == 0
        counts.append(sum("execve(" in line for line in trace.processes()))
    first = counts[0]
    assert counts == [first, first, first + 1, first + 1]


@pytest.mark.parametrize("script", ["exit 1", "exec sleep 9", "echo profileB; exit 1"])
def test_the_name_is_marked_until_the_command_works(machine: Machine, shell: str, script: str, tmp_path: Path) -> None:
    """`role-env status --prompt` ends itself after a second; for another command that hangs, fish waits."""
    if shell == "fish":
        script = script.replace("sleep 9", "timeout 1 sleep 9")
    began = time.monotonic()
    healed = f"[ -e {tmp_path}/once ] && exec {INSTALLED}/role-env $*\n>{tmp_path}/once\n"
    before = with_command(shell, healed + script, tmp_path)
    later = f"{export(shell, '_role_env_next', '0')}; {LOOK[shell]}"
    done = interactive(machine, shell, LOOK[shell] + later, "", before, **session())
    assert texts(done.stdout) == ["profileB≠", "profileB N"]
    assert time.monotonic() - began < 9


def test_status_prompt_ends_itself_after_a_second(machine: Machine) -> None:
    code = "import sys, time; from role_env.commands import status; status._name = lambda _: time.sleep(29)\n"
    code += "from role_env.__main__ import main; sys.argv[1:] = ['status', '--prompt']; main()"
    assert machine.run(str(INSTALLED / "python"), "-c", code, **session()).returncode == -14


# --- what it leaves alone


def test_help_is_shown_and_never_evaluated(machine: Machine, shell: str) -> None:
    lines = "role-env use profileB --help\nrole-env off --format bash --help"
    done = interactive(machine, shell, lines, "--no-prompt")
    assert re.findall("^(?:.*# |.*% )?usage: role-env ([a-z]+)", done.stdout, re.MULTILINE) == ["use", "off"]
    assert "not found" not in done.stderr


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_strict_shell_survives_prompts_whatever_the_last_status_was(machine: Machine, shell: str) -> None:
    with Terminal(machine, shell, before="set -euo pipefail\n", **session(-5)) as terminal:
        terminal.wait_for_prompt("profileB expired")
        for line in ("true && ! true || true", "! true", "unset ROLE_ENV_PROFILE"):
            terminal.type(line)
        terminal.wait_for_prompt("unknown session≠ expired")


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
    done = interactive(machine, "bash", lines, options, before, **session(2570))
    for reported in ("[4 3 4]", "(after 4 3 4)", "[9 9]", "<profileB 42m>", *["{4 3 4}"] * (form == "an array")):
        assert reported in done.stdout
    assert "syntax error" not in done.stderr


def test_zsh_keeps_the_statuses_and_its_list_of_hooks(machine: Machine) -> None:
    before = 'mine() { echo "[$? $pipestatus]" }\nprecmd_functions=(mine)'
    lines = '(exit 3) | (exit 4)\necho "(after $? $pipestatus)"\necho $precmd_functions'
    done = interactive(machine, "zsh", lines, "", before, **session())
    for reported in ("[4 3 4]", "(after 4 3 4)", "mine _role_env_prompt"):
        assert reported in done.stdout


def test_fish_keeps_the_statuses_that_the_prompt_within_sees(machine: Machine) -> None:
    before = "function fish_prompt; echo \"[$status $pipestatus]\"; echo '>> '; end\n"
    lines = "\n".join(
        f"emit fish_prompt\n{line}\nfish_prompt"
        for line in ("true", "false", "false | true", "not true", "true | false")
    )
    done = interactive(machine, "fish", lines, "", before, **session(2570))
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
    head = {"bash": "{ROLE_ENV_PROMPT:_role_env_from}", "zsh": "%(97V.", "fish": "profileB 16m"}[shell]
    done = interactive(machine, shell, f"{lines}\n{init(shell)}{init(shell)}{lines}", **session(999))
    for hooks, prompt in re.findall(r"<(.*)>{(.*)}", done.stdout):
        assert (hooks.count("_role_env_prompt"), prompt.count(head)) == (1, 1)


def test_a_shell_that_is_not_interactive_gets_the_functions_and_nothing_else(machine: Machine, shell: str) -> None:
    there = {
        "bash": "echo ${PROMPT_COMMAND-none} ${PS1-none}; complete -p role-env",
        "zsh": "echo ${precmd_functions-none} none",
        "fish": "functions -q _role_env_on_prompt; or echo none none; complete | grep role-env",
    }
    script = f"{init(shell)}{there[shell]} 2>/dev/null\nrole-env use profileB && env | grep -c OSS_SESSION_TOKEN"
    done = machine.shell(shell, script)
    assert (done.stdout, done.stderr) == ("none none\n1\n", "")


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_failure_that_a_strict_script_expects_does_not_end_it(machine: Machine, shell: str) -> None:
    script = f"set -euo pipefail\n{init(shell)}if role-env use nosuch; then echo no; else echo handled; fi\n"
    done = machine.shell(shell, script + "role-env use nosuch || echo again\nrole-env use nosuch\necho reached")
    assert (done.stdout, done.returncode) == ("handled\nagain\n", 3)


# --- hooks that fail or vanish

LOST = {
    "bash": ("PROMPT_COMMAND=",),
    "zsh": (
        "precmd_functions=()",
        "precmd_functions=() preexec_functions=()",
        "bad() { : /none*/x }; precmd_functions=(bad $precmd_functions)",
        "precmd() { : /none*/x }",
    ),
    "fish": ("functions -e _role_env_on_prompt _role_env_prompt", "function fish_prompt; printf '>> '; end"),
}


@pytest.mark.parametrize(("shell", "line"), [(shell, line) for shell, lines in LOST.items() for line in lines])
def test_a_lost_hook_leaves_no_text_until_use_brings_it_back(machine: Machine, shell: str, line: str) -> None:
    with Terminal(machine, shell) as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt=r"profileB \d+m")
        terminal.type(line, prompt="")
        terminal.type(export(shell, "OSS_ACCESS_KEY_ID", "another"), prompt="|profileB≠ .*")
        if line in ("PROMPT_COMMAND=", "precmd_functions=()", LOST["fish"][-1]):
            terminal.type("role-env use profileB", prompt=r"profileB \d+m")


@pytest.mark.parametrize("version", ["5.0.17(1)-release", "3.2.57(1)-release"])
def test_an_error_in_an_earlier_hook_of_an_older_bash_leaves_no_text(machine: Machine, version: str) -> None:
    """Each older version is played by this bash. There an error ends PROMPT_COMMAND; here it ends a line of it."""
    bad = "PROMPT_COMMAND=': ${none?}; _role_env_prompt'"
    with Terminal(machine, "bash", before=f"BASH_VERSION='{version}'\n") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt=r"profileB \d+m")
        terminal.type(bad, prompt="")
        terminal.type("source <(role-env profileB)", prompt="")
        terminal.type("none=some", prompt=r"profileB \d+m")
