"""A shell that `exec --renew` serves: it is whole while its server lives and the credentials URI is that server's."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from role_env import variables
from role_env.environ.server import announce
from role_env.environ.session import ShellState
from support.machine import ENDPOINTS, Machine
from support.secret_service_bus import require
from support.shell_terminal import HOOK, SHELLS, init, interactive
from support.shells import COMMANDS, environment
from support.waiting import wait_until

SHOW = "printf '<%s>\\n' \"$ROLE_ENV_PROMPT\"\n"
URI = "ALIBABA_CLOUD_CREDENTIALS_URI"


def assign(shell: str, name: str, value: str) -> str:
    return f"set -gx {name} {value}\n" if shell == "fish" else f"export {name}={value}\n"


def served(machine: Machine, shell: str, script: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a script in a shell with the integration, which `exec --renew` serves."""
    require(shell)
    words = ("exec", "--renew", *options, "profileB", "--", *COMMANDS[shell], "-c", init(shell) + script)
    return machine.role_env(*words)


@pytest.mark.parametrize("shell", SHELLS)
def test_another_uri_marks_the_session_at_the_first_prompt_and_status_says_so(machine: Machine, shell: str) -> None:
    look = f"{HOOK[shell] if shell != 'fish' else '_role_env_prompt'}; {SHOW}role-env status\n"
    keep = f"set -g kept ${URI}\n" if shell == "fish" else f"kept=${URI}\n"
    other = assign(shell, URI, "http://127.0.0.1:1/another")
    back = assign(shell, URI, "$kept")
    gone = assign(shell, "ROLE_ENV_SERVER", "''")
    done = served(machine, shell, f"{keep}{look}{other}{look}{back}{look}{gone}{look}", "--read-only")
    names = re.findall("<(.*)>", done.stdout)
    assert names == [f"profileB (read-only){sign}" for sign in ("", "≠", "", "≠")]
    first, second = re.findall("role-env: (.*)\n", done.stderr.replace("role-env: hint", "hint"))
    assert first == f"{URI} is not this session's: programs that ask it act as somebody else"
    assert second == "ROLE_ENV_SERVER is missing: nothing shows who serves this session"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_that_outlives_its_command_sees_at_the_first_prompt_that_the_session_is_gone(
    machine: Machine, shell: str
) -> None:
    require(shell)
    out = machine.home / "out"
    wait = f"while test -e {machine.home}/lives; sleep 0.1; end" if shell == "fish" else ""
    wait = wait or f"while test -e {machine.home}/lives; do sleep 0.1; done"
    look = f"{HOOK[shell] if shell != 'fish' else '_role_env_prompt'}; {SHOW}role-env status\n"
    script = machine.home / "script"
    script.write_text(f"{init(shell)}{look}touch {machine.home}/seen\n{wait}\n{look}role-env process --session\n")
    (machine.home / "lives").touch()
    command = f"setsid {' '.join(COMMANDS[shell])} {script} >{out} 2>&1 & while ! test -e seen; do sleep 0.1; done"
    assert machine.role_env("exec", "--renew", "profileB", "--", "sh", "-c", command).returncode == 0
    (machine.home / "lives").unlink()
    wait_until(lambda: "process" in out.read_text() or out.read_text().count("hint") == 2)
    text = out.read_text()
    assert re.findall("<(.*)>", text) == ["profileB", "profileB≠"]
    assert (
        "role-env: the server of this session has ended, or serves another one: others could answer in its place\n"
        in text
    )
    assert "role-env: the session in this shell has expired or is not whole\n" in text


@pytest.mark.parametrize("shell", SHELLS)
def test_off_after_a_switch_in_a_served_shell_ends_the_session_and_nothing_returns(
    machine: Machine, shell: str
) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\nregion_id = cn-x\n")
    for between in ("", "role-env use other\n", "role-env use nosuch\n", "role-env use other\nrole-env use nosuch\n"):
        done = served(machine, shell, f"{between}env -0; echo '|'; role-env off\nenv -0")
        switched, ended = map(environment, done.stdout.split("|\n"))
        assert ("ROLE_ENV_SERVER" in switched) == (not between)
        assert {name for name in ended if name.startswith(("ALI", "OSS", "ROLE_ENV_"))} == ENDPOINTS
    inside = machine.role_env("exec", "--renew", "profileB", "--", "role-env", "exec", "other", "--", "env", "-0")
    assert "ROLE_ENV_SERVER" not in environment(inside.stdout)
    assert machine.role_env("status", **environment(inside.stdout)).returncode == 0


def places(folder: Path) -> dict[str, str]:
    """Return values of ROLE_ENV_SERVER for the URI `http://x/` that are no living server's."""
    pipe, terminal = os.pipe()[0], os.openpty()[1]
    another = announce("http://another/", "p   ").partition(" ")[0]
    other = announce("http://x/", "p   read-only").partition(" ")[0]
    (folder / "text").write_text("http://x/\np   \n")
    ended = subprocess.Popen(["true"])
    ended.wait()
    mine = os.getpid()
    return {
        "another process's file": another,
        "that of another session": other,
        "a pipe, which would have to be waited for": f"{mine}/fd/{pipe}",
        "a terminal": f"{mine}/fd/{terminal}",
        "a closed file": f"{mine}/fd/999",
        "an ended process": str(ended.pid),
        "an ended process's file": f"{ended.pid}/fd/3",
        "a path": f"..{folder}/text",
        "a path behind": f"{mine}/fd/../..{folder}/text",
        "the whole group": "0",
        "a group": f"-{mine}",
        "nothing": "",
        "no number": "self/fd/1",
        "code": "$(touch owned)",
        "a number too large": "9" * 30,
    }


def test_only_a_living_server_of_this_uri_is_taken_for_one_in_python_and_in_each_shell(
    machine: Machine, tmp_path: Path
) -> None:
    good = {"its file": announce("http://x/", "p   ").partition(" ")[0], "its process": str(os.getpid())}
    assert "/fd/" in good["its file"]
    values = {**good, **places(tmp_path)}
    expected = [name in good for name in values]
    found = []
    for place in values.values():
        environ = {"ROLE_ENV_PROFILE": "p", URI: "http://x/", "ROLE_ENV_SERVER": f"{place} http://x/"}
        found.append(not ShellState(environ).server_fault())
    assert found == expected
    for shell in SHELLS:
        verdict = "and echo '<True>'; or echo '<False>'" if shell == "fish" else "&& echo '<True>' || echo '<False>'"
        joint = "; " if shell == "fish" else " "
        lines = "".join(
            f"{assign(shell, 'ROLE_ENV_SERVER', repr(f'{place} http://x/'))}_role_env_has_server{joint}{verdict}\n"
            for place in values.values()
        )
        done = interactive(machine, shell, lines, "", "", **{URI: "http://x/", "ROLE_ENV_PROFILE": "p"})
        assert [text == "True" for text in re.findall("<(True|False)>", done.stdout)] == expected, shell
    assert not (machine.home / "owned").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_server_that_is_killed_marks_the_session_at_the_next_prompt(machine: Machine, shell: str) -> None:
    look = f"{HOOK[shell] if shell != 'fish' else '_role_env_prompt'}; {SHOW}"
    kill = 'kill -9 "${ROLE_ENV_SERVER%%/*}"'
    if shell == "fish":
        kill = "kill -9 (string match -r '^[0-9]+' $ROLE_ENV_SERVER)"
    done = served(machine, shell, f"{look}{kill}\nsleep 0.2\n{look}")
    assert re.findall("<(.*)>", done.stdout) == ["profileB", "profileB≠"]
    assert "role-env: the process that serves the session has ended" in done.stderr


def test_the_file_of_a_server_has_its_uri_alone_and_cannot_be_changed() -> None:
    place, _, uri = announce("http://x/", "p   ").partition(" ")
    path = Path("/proc", place)
    assert path.read_text() == f"{uri}\np   \n"
    for mode in ("r+", "w", "a"):
        with pytest.raises(OSError, match="not permitted"), path.open(mode) as file:
            file.write("http://other/\n")
    assert path.read_text() == f"{uri}\np   \n"
    assert variables.SERVER in variables.OWN
