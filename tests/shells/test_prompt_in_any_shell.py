"""The prompt in shells whose variables and options are unusual: it stays true, and says so where it cannot be shown."""

import re

import pytest

from support.machine import INSTALLED, Machine
from support.shell_terminal import HOOK, interactive

SHOW = "printf '<%s>\\n' \"$ROLE_ENV_PROMPT\""
READONLY = (
    *("now", "left", "key", "text", "due", "sign", "end", "id", "name", "names", "word", "words", "line", "code"),
    *("result", "value", "before", "was", "color", "warning", "flags", "rest", "command", "config", "timeout", "last"),
    *("seconds", "hooks", "place", "row", "rows", "file", "folder", "reply", "answer", "number", "reference", "IFS"),
    *("ROLE_ENV_INIT", "ROLE_ENV_TIMEOUT", "CDPATH"),
)


def texts(output: str) -> list[str]:
    """Return what SHOW has printed, each time."""
    return re.findall(r"<([^<>$%]*)>", output)


# --- readonly variables


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_no_readonly_variable_of_the_users_stops_the_integration(machine: Machine, shell: str) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")
    steps = ("role-env use profileB", "role-env use other", "role-env use -", "role-env use nosuch", "role-env off")
    lines = "".join(f"{step}\n{HOOK[shell]}; {SHOW}\n" for step in steps)
    done = interactive(machine, shell, f"readonly {' '.join(READONLY)}\n{lines}", "--renew")
    shown = [re.sub(r"\d+m", "N", text) for text in texts(done.stdout)]
    assert shown == ["profileB N", "other N", "profileB N", "no account", ""]
    assert not re.findall(r".*read-?only variable.*", done.stderr)


@pytest.mark.parametrize("suffix", ["sh", "bash", "zsh"])
def test_each_local_of_the_integration_has_its_prefix(suffix: str) -> None:
    text = (INSTALLED.parents[1] / "shell" / f"role-env.{suffix}").read_text()
    declared = " ".join(re.findall(r"\blocal (?:-\w )*(.*?)(?: [|&2]|$)", text, re.MULTILINE))
    names = {word.partition("=")[0] for word in re.findall(r"(?<!\S)[a-zA-Z_]\w*(?==|\s|$)", declared)}
    assert {name for name in names if not name.startswith("_role_env_")} <= {"IFS", "ROLE_ENV_INIT", "ROLE_ENV_TIMEOUT"}
