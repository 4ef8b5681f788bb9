"""A shell that `exec --renew` serves: it is whole while its server lives and the credentials URI is that server's."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from role_env import variables
from role_env.environ.session import ShellState
from role_env.files.sealed import sealed
from role_env.supervise.served_file import publish
from support.machine import ENDPOINTS, Machine
from support.secret_service_bus import require
from support.shell_terminal import HOOK, POSIX_SHELLS, SHELLS, init, interactive
from support.shells import COMMANDS, environment
from support.waiting import wait_until

SHOW = "printf '<%s>\\n' \"$ROLE_ENV_PROMPT\"\n"
URI = "ALIBABA_CLOUD_CREDENTIALS_URI"
FILE = "ALICLOUD_SHARED_CREDENTIALS_FILE"


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
        "role-env: the server of this session has ended, or is another user's: others could answer in its place\n"
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


def places(folder: Path) -> dict[str, tuple[str, str]]:
    """Return values of ROLE_ENV_SERVER, the URI aside, with a file, that are no living server's."""
    pipe, terminal, own = os.pipe()[0], os.openpty()[1], publish("role-env process --session")
    (folder / "role-env-x").mkdir()
    ended = subprocess.Popen(["true"])
    ended.wait()
    mine, gone = str(os.getpid()), str(ended.pid)
    on_disk = {pid: folder / "role-env-x" / f"{variables.SERVED_PROFILE}-{pid}-000" for pid in (mine, gone)}
    for path in on_disk.values():
        path.write_text(variables.SERVED_FILE_START)
    text = folder / "text"
    text.write_text(variables.SERVED_FILE_START)
    return {
        "no file": (mine, ""),
        "the file of another process": (gone, own),
        "another process's place of it": (mine, own.replace(mine, "self")),
        "another file in memory": (mine, f"/proc/{mine}/fd/{sealed(b'{}')}"),
        "a pipe, which would have to be waited for": (mine, f"/proc/{mine}/fd/{pipe}"),
        "a terminal": (mine, f"/proc/{mine}/fd/{terminal}"),
        "a closed file": (mine, f"/proc/{mine}/fd/999"),
        "an ended process's file": (gone, f"/proc/{gone}/fd/3"),
        "an ended process's file on disk": (gone, str(on_disk[gone])),
        "a file of another process on disk": (gone, str(on_disk[mine])),
        "a file of another name": (mine, str(text)),
        "another place of it": (mine, f"{own}/../{own.rpartition('/')[2]}"),
        "a path behind": (mine, f"/proc/{mine}/fd/../..{text}"),
        "the whole group": ("0", "/proc/0/fd/3"),
        "a group": (f"-{mine}", f"/proc/-{mine}/fd/3"),
        "nothing": ("", own),
        "no number": ("self", "/proc/self/fd/1"),
        "code": ("$(touch owned)", own),
        "a number too large": ("9" * 30, f"/proc/{'9' * 30}/fd/3"),
    }


def test_only_a_living_server_of_this_uri_is_taken_for_one_in_python_and_in_each_shell(
    machine: Machine, tmp_path: Path
) -> None:
    mine, own = str(os.getpid()), publish("role-env process --session")
    assert re.fullmatch(rf"/proc/{mine}/fd/\d+", own)
    found_places = places(tmp_path)
    on_disk = found_places["a file of another process on disk"][1]
    good = {"its file": (mine, own), "its file on disk": (mine, on_disk)}
    values = {**good, **found_places}
    expected = [name in good for name in values]
    found = []
    for pid, file in values.values():
        server = f"{pid} http://x/"
        environ = {"ROLE_ENV_PROFILE": "p", URI: "http://x/", "ROLE_ENV_SERVER": server, FILE: file}
        found.append(not ShellState(environ | {"ROLE_ENV_REQUEST": variables.served_request(server)}).server_fault())
    assert found == expected
    for shell in SHELLS:
        verdict = "and echo '<True>'; or echo '<False>'" if shell == "fish" else "&& echo '<True>' || echo '<False>'"
        joint = "; " if shell == "fish" else " "
        lines = "".join(
            f"{assign(shell, 'ROLE_ENV_SERVER', repr(f'{pid} http://x/'))}{assign(shell, FILE, repr(file))}"
            f"_role_env_has_server{joint}{verdict}\n"
            for pid, file in values.values()
        )
        done = interactive(machine, shell, lines, "", "", **{URI: "http://x/", "ROLE_ENV_PROFILE": "p"})
        assert [text == "True" for text in re.findall("<(True|False)>", done.stdout)] == expected, shell
    assert not (machine.home / "owned").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_another_file_or_server_marks_the_session_at_the_first_prompt_and_status_says_so(
    machine: Machine, shell: str
) -> None:
    """The shell's own process, and each variable of the session that is another one's or that programs do not see."""
    look = f"{HOOK[shell] if shell != 'fish' else '_role_env_prompt'}; {SHOW}role-env status >/dev/null\n"
    pid = "$fish_pid" if shell == "fish" else "$$"
    copy = machine.home / "copy"
    copy.write_text(variables.SERVED_FILE_START)
    keep = "set -g kept ${0}\n" if shell == "fish" else "kept=${0}\n"
    hide = "set -gu {0} ${0}\n" if shell == "fish" else "typeset +x {0}\n"
    lines = look
    changes = {
        FILE: ("''", "/proc/self/fd/0", "/proc/1/fd/3", "/tmp/role-env-x/role-env-served-0", str(copy)),
        "ROLE_ENV_SERVER": (f'"{os.getpid()} ${URI}"', f'"{pid} ${URI}"'),
        "ROLE_ENV_REQUEST": ("'{}'",),
    }
    for name, values in changes.items():
        lines += keep.format(name)
        for value in values:
            lines += f"{assign(shell, name, value)}{look}{assign(shell, name, '$kept')}{look}"
        lines += f"{hide.format(name)}{look}{assign(shell, name, '$kept')}{look}"
    count = sum(len(values) + 1 for values in changes.values())
    done = served(machine, shell, lines)
    assert re.findall("<(.*)>", done.stdout) == ["profileB", *["profileB≠", "profileB"] * count], done.stderr
    assert done.stderr.count("role-env: hint") >= count


@pytest.mark.parametrize("shell", POSIX_SHELLS)
def test_a_shell_is_not_taken_for_its_server_whatever_files_it_opens(machine: Machine, shell: str) -> None:
    copy = machine.home / "copy"
    copy.write_text(variables.SERVED_FILE_START)
    own = f'ROLE_ENV_SERVER="$$ ${URI}"; ROLE_ENV_REQUEST=\'{{"server":"\'$ROLE_ENV_SERVER\'"}}\'; {FILE}=/proc/$$/fd/9'
    lines = f"exec 9<{copy}; {own}; {HOOK[shell]}; {SHOW}role-env status\n"
    done = served(machine, shell, lines)
    assert re.findall("<(.*)>", done.stdout) == ["profileB≠"]
    assert done.returncode == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_a_server_that_is_killed_marks_the_session_at_the_next_prompt(machine: Machine, shell: str) -> None:
    look = f"{HOOK[shell] if shell != 'fish' else '_role_env_prompt'}; {SHOW}"
    kill = 'kill -9 "${ROLE_ENV_SERVER%% *}"'
    if shell == "fish":
        kill = "kill -9 (string match -r '^[0-9]+' $ROLE_ENV_SERVER)"
    done = served(machine, shell, f"{look}{kill}\nsleep 0.2\n{look}")
    assert re.findall("<(.*)>", done.stdout) == ["profileB", "profileB≠"]
    assert "role-env: the process that serves the session has ended" in done.stderr
