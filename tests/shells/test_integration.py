"""role-env init: the text of the integration, and bash 3.2."""

import random
import re
import subprocess
from pathlib import Path

import pytest

import role_env
from role_env import command_table, variables
from role_env.shells import export as exporters
from support.machine import INSTALLED, Machine
from support.secret_service_bus import require
from support.shell_terminal import POSIX_SHELLS, interactive
from support.shells import session_of


@pytest.mark.parametrize("options", ["", "--no-prompt --renew"])
def test_the_integration_says_nothing_in_a_strict_shell(machine: Machine, shell: str, options: str) -> None:
    text = machine.role_env("init", shell, *options.split()).stdout
    (machine.home / "init").write_text(text, "utf-8")
    strict = "" if shell == "fish" else "set -e -u -o pipefail\n"
    done = machine.shell(shell, f"{strict}. ./init\n. ./init\nrole-env --version >/dev/null\nset | cat >/dev/null")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


ODD_SETTINGS = {"bash": "set -f; IFS=x", "zsh": "setopt ksh_arrays no_glob; IFS=x"}


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_the_integration_works_with_arrays_of_ksh_without_globs_and_with_an_odd_ifs(
    machine: Machine, shell: str
) -> None:
    lines = 'role-env use profileB\necho "in $ROLE_ENV_PROFILE"\nrole-env off\necho "off ${ROLE_ENV_PROFILE-none}"\n'
    done = interactive(machine, shell, lines, before=ODD_SETTINGS[shell])
    assert ("in profileB\n" in done.stdout, "off none\n" in done.stdout) == (True, True), done


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_the_integration_leaves_the_traps_of_a_shell_alone(machine: Machine, shell: str) -> None:
    traps = "\n".join(f"trap 'echo mine' {name}" for name in ("INT", "TERM", "HUP", "EXIT"))
    lines = "trap >before\nrole-env use profileB\nrole-env off\ntrap >after\n"
    interactive(machine, shell, lines, before=traps)
    assert (machine.home / "before").read_text().count("mine") == 4
    assert (machine.home / "after").read_text() == (machine.home / "before").read_text()


def test_the_integration_cut_off_anywhere_does_nothing(machine: Machine, shell: str) -> None:
    text = machine.role_env("init", shell).stdout.rstrip("\n")
    dice = random.Random(shell)
    script = ""
    for cut in sorted({5, len(text) - 1, *dice.sample(range(5, len(text)), 20)}):
        (machine.home / f"cut{cut}").write_text(text[:cut], "utf-8")
        take = f"cat cut{cut} | source" if shell == "fish" else f'eval "$(cat cut{cut})"'
        there = "functions -q role-env; and" if shell == "fish" else "typeset -f role-env >/dev/null &&"
        script += f"{take} 2>/dev/null\n{there} echo cut{cut}\n"
    (machine.home / "script").write_text(script, "utf-8")
    assert machine.run(shell, "script").stdout == ""


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_an_alias_of_the_same_name_gives_way(machine: Machine, shell: str) -> None:
    options = {"bash": ["--norc", "-O", "expand_aliases"], "zsh": ["-f"]}[shell]
    lines = f"alias role-env='echo alias'\neval \"$(command role-env init {shell})\"\nrole-env list --names\n"
    done = machine.run(shell, *options, text=lines)
    assert (done.stdout, done.stderr) == ("profileA\nprofileB\n", "")


def test_the_text_depends_on_the_options_alone_and_differs_in_one_line(machine: Machine, shell: str) -> None:
    plain = machine.role_env("init", shell).stdout
    reported = machine.role_env("init", shell, "--renew", "--no-prompt", ROLE_ENV_PROFILE="x", TERM="dumb").stdout
    assert machine.role_env("init", shell, "--no-prompt", "--renew").stdout == reported
    differing = [pair for pair in zip(plain.split("\n"), reported.split("\n"), strict=True) if pair[0] != pair[1]]
    version = role_env.__version__
    assert [[re.findall("'.*'", line.replace("'\\''", "'")) for line in pair] for pair in differing] == [
        [[f"'{version}'"], [f"'{version} --no-prompt --renew'"]]
    ]


def test_an_old_bash_whose_source_read_nothing_gets_the_line_to_type(machine: Machine, tmp_path: Path) -> None:
    """A bash that calls itself 3.2 plays the one of macOS: its copy, with another text for its version."""
    require("bash")
    machine.role_env("profileB")
    real = Path("/bin/bash").resolve().read_bytes()
    old = tmp_path / "bash"
    old.write_bytes(
        real.replace(b"GNU bash, version %s-(%s)\n", b"GNU bash, version 3.2.57\n\0").replace(
            b"GNU bash, version %s (%s)\n", b"GNU bash, version 3.2.57\n\0"
        )
    )
    old.chmod(0o755)
    reported = subprocess.run([old, "--version"], capture_output=True, text=True, check=False).stdout
    if "version 3.2" not in reported:
        pytest.skip("this bash writes its version otherwise")
    done = machine.run(str(old), "--norc", "-c", f"{{ sleep 0.3; {INSTALLED}/role-env profileB; true; }} | true")
    assert done.stderr == (
        "role-env: this bash is older than 4, and its source <(…) reads nothing\n"
        'role-env: hint: type eval "$(role-env … || echo false)" instead\n'
    )
    done = machine.run(str(old), "--norc", "-c", f'eval "$({INSTALLED}/role-env profileB)"; echo $ROLE_ENV_PROFILE')
    assert (done.stdout, done.stderr) == ("profileB\n", "")


def test_every_variable_that_decides_is_looked_at_and_no_function_replaces_another(
    machine: Machine, shell: str
) -> None:
    text = machine.role_env("init", shell).stdout
    names = {*variables.KEY_IDS, *variables.GUARDS, *variables.SHOWN, "ROLE_ENV_REQUEST", "ACCESS_KEY_ID"}
    names |= {*(key.access_key_secret for key in variables.KEYS), *variables.OUTRANKING}
    assert [name for name in names if not re.search(rf"\$\{{?{name}\b", text)] == []
    functions = re.findall(r"^(?:function (_role_env_\w+)|(_role_env_\w+)\(\))", text, re.MULTILINE)
    assert functions
    assert [name for name in functions if functions.count(name) > 1] == []


READONLY = {
    "bash": ("PROMPT_COMMAND", "PS1", "PS0"),
    "zsh": ("precmd_functions", "preexec_functions", "PS1", "PROMPT"),
}


@pytest.mark.parametrize(("shell", "name"), [(shell, name) for shell, names in READONLY.items() for name in names])
def test_a_readonly_variable_of_the_prompt_costs_one_sentence_and_all_else_works(
    machine: Machine, shell: str, name: str
) -> None:
    """As on audited hosts. A switch is followed by the rest of its line, and Tab completes."""
    completes = {"bash": "complete -p role-env", "zsh": "compdef() { echo compdef $* }; role-env off"}[shell]
    lines = (
        "role-env use profileB; echo next\nrole-env status\nrole-env use nosuch; echo later\nrole-env off; echo last\n"
    )
    before = f"readonly {name}{'=()' if name.endswith('functions') else ''}\n"
    done = interactive(machine, shell, f"{completes}\n{lines}", before=before)
    assert done.stderr.count(f"role-env: the prompt does not show the session, since {name} is readonly\n") == 1
    assert re.sub(r"\d+ min.*", "N", done.stdout).splitlines() == [
        {"bash": "complete -o bashdefault -o default -F _role_env_complete role-env"}.get(
            shell, "compdef _role_env_complete role-env"
        ),
        *("next", "profileB  role switchrolesbc of 2222222222222222  N", "later", "last"),
    ]
    assert "the session is off" in done.stderr
    assert "readonly variable" not in done.stderr
    assert "read-only variable" not in done.stderr


@pytest.mark.parametrize(
    "name", sorted({name for shell in POSIX_SHELLS for name in command_table.SHELLS[shell].integration})
)
def test_each_local_of_the_integration_has_its_prefix_and_not_that_of_the_texts(name: str) -> None:
    text = (INSTALLED.parents[1] / "shell" / name).read_text()
    assert "_re_" not in text
    declared = " ".join(re.findall(r"\blocal (?:-\w )*(.*?)(?: [|&2]|$)", text, re.MULTILINE))
    declared = re.sub('"[^"]*"', "", declared)  # a value, or a list that the build fills in
    names = {word.partition("=")[0] for word in re.findall(r"(?<!\S)[a-zA-Z_]\w*(?==|\s|$)", declared)}
    own = {local for local in names if not local.startswith("_role_env_")}
    assert own <= {"IFS", "ROLE_ENV_INIT", "ROLE_ENV_PREVIOUS", "ROLE_ENV_TIMEOUT"}


# --- what linters say


def shellcheck(*arguments: str | Path) -> str:
    """Return what shellcheck says of a file."""
    require("shellcheck")
    return subprocess.run(["shellcheck", *arguments], capture_output=True, text=True, check=False).stdout


def test_shellcheck_finds_nothing_in_the_texts_for_posix_shells(tmp_path: Path) -> None:
    """SC2194: a line break that is a space shows missing quotes. SC2163: NAME=VALUE is exported. SC2254: a pattern."""
    made = session_of("id", "it's", "token", families=tuple(variables.FAMILIES))
    shell = {**exporters.environment(made, {}), **variables.NO_ACCOUNT}
    texts = {
        "session": exporters.export(made, "sh", shell),
        "renewal": exporters.renewal(made, "sh", shell),
        "off": exporters.off("sh", shell),
        "failure": exporters.failure("sh", shell, take_away=True),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        assert shellcheck("--shell=sh", "--exclude=SC2163,SC2194,SC2254", tmp_path / name) == ""


def test_shellcheck_finds_nothing_in_the_integration_for_bash_with_its_tables(machine: Machine, tmp_path: Path) -> None:
    """Apart from variables for others (SC2034), a loop over one family (SC2066) and quotes within quotes (SC1003)."""
    (tmp_path / "integration").write_text(machine.role_env("init", "bash").stdout)
    assert shellcheck("--shell=bash", "--exclude=SC2034,SC2066,SC1003", tmp_path / "integration") == ""
