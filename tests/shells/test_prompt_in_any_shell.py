"""The prompt in shells whose variables, options and hooks are unusual: it is true or empty, and says so once."""

import re

import pytest

from support.machine import Machine
from support.shell_terminal import LOOK, POSIX_SHELLS, Terminal, export, interactive, texts

READONLY = (
    *("now", "left", "key", "text", "due", "sign", "end", "id", "name", "names", "word", "words", "line", "code"),
    *("result", "value", "before", "was", "color", "warning", "flags", "rest", "command", "config", "timeout", "last"),
    *("seconds", "hooks", "place", "row", "rows", "file", "folder", "reply", "answer", "number", "reference", "IFS"),
    *("ROLE_ENV_INIT", "ROLE_ENV_TIMEOUT", "CDPATH"),
)


# --- readonly variables


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_no_readonly_variable_of_the_users_stops_the_integration(machine: Machine, shell: str) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")
    steps = ("role-env use profileB", "role-env use other", "role-env use -", "role-env use nosuch", "role-env off")
    lines = "".join(f"{step}\n{LOOK[shell]}" for step in steps)
    done = interactive(machine, shell, f"readonly {' '.join(READONLY)}\n{lines}", "--renew")
    shown = texts(done.stdout)
    assert shown == ["profileB N", "other N", "profileB N", "no account", ""]
    assert not re.findall(r".*read-?only variable.*", done.stderr)


HIDDEN = {
    "bash": {
        "PS1='> '; readonly PS1": "a readonly PS1",
        "readonly ROLE_ENV_PROMPT": "a readonly ROLE_ENV_PROMPT",
        "PROMPT_COMMAND=; readonly PROMPT_COMMAND": "a readonly PROMPT_COMMAND",
        "shopt -u promptvars; PS1='$ '": "promptvars",
    },
    "zsh": {
        "PS1='> '; readonly PS1": "a readonly PS1",
        "readonly ROLE_ENV_PROMPT": "a readonly ROLE_ENV_PROMPT",
        "readonly psvar": "a readonly psvar",
        "typeset -U psvar": "typeset -U psvar",
        "precmd_functions=(); readonly precmd_functions": "a readonly precmd_functions or preexec_functions",
    },
}


@pytest.mark.parametrize(("shell", "line"), [(shell, line) for shell, lines in HIDDEN.items() for line in lines])
def test_what_hides_the_session_in_the_prompt_is_said_once(machine: Machine, shell: str, line: str) -> None:
    lines = f"{line}\nrole-env use profileB\n:\n:\nrole-env off\n:\n"
    done = interactive(machine, shell, lines)
    assert re.findall("role-env: the prompt does not .*, because of (.*)", done.stderr) == [HIDDEN[shell][line]]
    assert not re.findall(r".*read-?only variable.*", done.stderr)


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_where_no_hook_can_be_installed_init_says_so_once_and_leaves_the_prompt(machine: Machine, shell: str) -> None:
    name = {"bash": "PROMPT_COMMAND", "zsh": "precmd_functions"}[shell]
    lines = "role-env use profileB\n:\nprintf '{%s}\\n' \"$PS1\"\nrole-env off\n"
    done = interactive(machine, shell, lines, before=f"PS1='mine '\nreadonly {name}")
    assert done.stderr.count("because of a readonly") == 1
    assert "role-env: the prompt cannot show the session, because of a readonly" in done.stderr
    assert not re.findall(r".*read-?only variable.*", done.stderr)
    assert "{mine }" in done.stdout


# --- hooks that fail or vanish

LOST = {
    "bash": ("PROMPT_COMMAND=", "PROMPT_COMMAND=:; readonly PROMPT_COMMAND"),
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


@pytest.mark.parametrize(
    "version", ["5.0.17(1)-release", "4.4.23(1)-release", "4.3.48(1)-release", "3.2.57(1)-release"]
)
def test_an_error_in_an_earlier_hook_of_an_older_bash_leaves_no_text(machine: Machine, version: str) -> None:
    """Each older version is played by this bash. There an error ends PROMPT_COMMAND; here it ends a line of it."""
    bad = "PROMPT_COMMAND=': ${none?}; _role_env_prompt'"
    with Terminal(machine, "bash", before=f"BASH_VERSION='{version}'\n") as terminal:
        terminal.wait_for_prompt("")
        terminal.type("role-env use profileB", prompt=r"profileB \d+m")
        terminal.type(bad, prompt="")
        terminal.type("source <(role-env profileB)", prompt="")
        terminal.type("none=some", prompt=r"profileB \d+m")
