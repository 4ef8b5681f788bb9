"""What completes behind `role-env` in each shell."""

import re
import shlex

import pytest

from role_env.command_table import commands
from support.files import write_private
from support.machine import Machine
from support.secret_service_bus import require
from support.shell_terminal import Terminal
from support.shells import COMMANDS

# In bash and zsh their own engines, which need a terminal, are left out: only what they are handed is looked at.
START = {
    "bash": 'eval "$(role-env init bash)"\ncompopt() { :; }\n',
    "zsh": """\
eval "$(role-env init zsh)"
compadd() { shift; print -rl -- "$@"; }
_describe() { print -rl -- "${(@P)4}" | sed 's/\\\\:/\t/g;s/:.*//;s/\t/:/g'; }
compset() { :; }
_files() { print FILES; }
_command_names() { print COMMANDS; }
_normal() { print -r -- NORMAL $CURRENT $words; }
""",
    "fish": "role-env init fish | source\n",
}


def asking(shell: str, line: str) -> str:
    """The script that prints what is offered for the last word of a line."""
    words = line.split(" ")
    if shell == "bash":
        word = words[-1].replace("=", ":").replace("@", ":").rpartition(":")[2]
        return f"""COMP_LINE={shlex.quote(line)} COMP_POINT=${{#COMP_LINE}}
_role_env_complete role-env {shlex.quote(word)} ''
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    if shell == "zsh":
        return f"words=({' '.join(map(shlex.quote, words))}) CURRENT=${{#words}}\n_role_env_complete\n"
    return f"complete -C {shlex.quote(line)}\n"


def offers(machine: Machine, shell: str, *lines: str) -> list[list[str]]:
    """What is offered for the last word of each line; zsh itself takes those that do not begin with it away."""
    require(shell)
    script = START[shell] + "".join(asking(shell, line) + "echo -----\n" for line in lines)
    interactive = ["-i"] if shell == "fish" else []
    done = machine.run(*COMMANDS[shell], *interactive, "-c", script)
    assert done.stderr == ""
    answers = [answer.split("\n") for answer in done.stdout.split("-----\n")[:-1]]
    found = [[text.split("\t")[0] for text in answer if text] for answer in answers]
    if shell == "zsh":
        begun = [re.sub("^--.*=", "", line.split(" ")[-1]) for line in lines]
        return [[text for text in texts if text.startswith(word)] for texts, word in zip(found, begun, strict=True)]
    return found


def test_the_first_word_is_a_command_or_a_profile(machine: Machine, shell: str) -> None:
    everything, begun = offers(machine, shell, "role-env ", "role-env prof")
    assert sorted(everything) == sorted({*commands.COMMANDS, "profileB"})
    assert begun == ["profileB"]


def options_of(name: str) -> set[str]:
    """The long options of a command."""
    return {"--help", *commands.COMMANDS[name].options}


def test_the_options_of_each_command_are_those_of_its_parser(machine: Machine, shell: str) -> None:
    expected = {f"role-env {name} --": options_of(name) for name in commands.COMMANDS}
    expected["role-env profileB --"] = options_of("export")
    expected["role-env --"] = {"--help", "--version"}
    found = offers(machine, shell, *expected)
    assert {line: set(options) for line, options in zip(expected, found, strict=True)} == expected


def test_profiles_complete_where_one_can_stand_out_of_the_file_that_is_named(machine: Machine, shell: str) -> None:
    text = "[b@x:1/y]\nsource_profile = b@x:2\nrole_arn = acs:ram::1:role/x\n[b@x:2]\naccess_key_id = x\n"
    other = write_private(machine.home / "other.ini", text)
    both, session, formats = ["profileA", "profileB"], ["profileB"], ["bash", "json"]
    expected = {
        **{f"use {text}": session for text in ("prof", "--refresh prof", "--region x prof")},
        **{f"{command} prof": session for command in ("export", "exec", "process", "console", "setup aliyun-cli")},
        **{f"{command} prof": both for command in ("whoami", "clear profileA")},
        "use profileA prof": [],
        # Of a word with a colon, readline takes what follows the colon for the word.
        f"use --config {other} b@x:": ["1/y"] if shell == "bash" else ["b@x:1/y"],
        "init z": ["zsh"],
        "use --region ": [],
        "console --site=ch": ["--site=china"] if shell == "fish" else ["china"],
        "help unin": ["uninstall"],
        "export --format ": formats,
    }
    found = offers(machine, shell, *(f"role-env {line}" for line in expected))
    found[-1] = [choice for choice in found[-1] if choice in formats]
    assert dict(zip(expected, found, strict=True)) == expected


def test_files_complete_after_config_and_commands_after_exec(machine: Machine, shell: str) -> None:
    (machine.home / "some.ini").write_text("")
    begun = {"zsh": ""}.get(shell, "som")
    lines = (f"use --config {begun}", f"exec profileB -- {begun and 'role-en'}", f"exec profileB {begun and 'role-en'}")
    files, *commands = offers(machine, shell, *(f"role-env {line}" for line in lines))
    # Of files bash has its own completion, where nothing is offered to it.
    assert files == {"bash": [], "zsh": ["FILES"], "fish": ["some.ini"]}[shell]
    for found in commands:
        assert ("COMMANDS" if shell == "zsh" else "role-env") in found


def test_the_tab_key_completes_in_a_terminal(machine: Machine, shell: str) -> None:
    before = "autoload -Uz compinit; compinit -u -D\n" if shell == "zsh" else ""
    with Terminal(machine, shell, before=before) as terminal:
        terminal.wait_for_prompt("")
        for begun, whole in (("role-env who", "whoami"), ("--js", "whoami --json"), ("profileB", "--json profileB")):
            terminal.press("-l", "--", begun)
            terminal.press("Tab")
            terminal.wait_for(rf"{whole} *$")
        terminal.press("Enter")
        terminal.wait_for("AccountId")


def test_completing_runs_nothing_that_is_typed(machine: Machine, shell: str) -> None:
    words = ("$(touch acted)", "`touch acted`", "a[$(touch acted)]", "'", '"', "*", "\\")
    lines = [f"use --region {word} {word}" for word in words] if shell != "fish" else []
    if shell != "zsh":  # its own completion runs a substitution behind any command
        lines += ["exec profileB (touch acted)", "exec profileB $(touch acted)", "--config=(touch acted) pro"]
    offers(machine, shell, *(f"role-env {line}" for line in lines))
    assert not (machine.home / "acted").exists()


# ---- descriptions, which bash does not show ----


BEFORE = {
    "zsh": "autoload -Uz compinit; compinit -u -D\nzstyle ':completion:*' group-name ''\n"
    "zstyle ':completion:*:descriptions' format '[%d]'\n",
    "fish": "",
}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_profiles_have_their_role_and_account_and_options_their_help(machine: Machine, shell: str) -> None:
    machine.add(f"[prod:eu/1]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    machine.add("[prod:us]\nrole_arn = acs:ram::3333333333333333:role/ops\nsource_profile = profileA\n")
    with Terminal(machine, shell, before=BEFORE[shell]) as terminal:
        terminal.wait_for_prompt("")
        terminal.press("-l", "role-env use prod")
        terminal.press("Tab", "Tab")
        terminal.wait_for(r"prod:us\W+ops of 3333333333333333")
        terminal.wait_for(r"prod:eu/1\W+switchrolesbc of 2222222222222222")
        terminal.press("C-c")
        terminal.wait_for_prompt("")
        terminal.press("-l", "role-env configure --cl")
        terminal.press("Tab")
        terminal.wait_for("role-env configure --cloud-sso")
        terminal.press("C-c")
        terminal.wait_for_prompt("")
        terminal.press("-l", "role-env exec --re")
        terminal.press("Tab", "Tab")
        terminal.wait_for(r"--refresh\W+ignore the cached session")


def test_zsh_shows_commands_and_profiles_in_groups(machine: Machine) -> None:
    with Terminal(machine, "zsh", before=BEFORE["zsh"]) as terminal:
        terminal.wait_for_prompt("")
        terminal.press("-l", "role-env ")
        terminal.press("Tab")
        terminal.wait_for(r"(?s)\[commands\].*\nwhoami +-- ask STS.*\[profiles\]\s+profileB +-- switchrolesbc of 2222")


def test_fish_offers_the_commands_before_the_profiles(machine: Machine) -> None:
    machine.add(f"[a-profile]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    done = machine.run("fish", "--no-config", "-i", "-c", "role-env init fish | source\ncomplete -C 'role-env '\n")
    found = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert found.index("whoami") < found.index("a-profile")
    assert re.search("^a-profile\tswitchrolesbc of 2222222222222222$", done.stdout, re.MULTILINE)
