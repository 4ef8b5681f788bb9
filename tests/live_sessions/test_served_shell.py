"""A shell that `exec --renew` serves: it is whole while its server lives and the credentials URI is that server's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from role_env import variables
from role_env.environ.session import ShellState
from role_env.live_sessions.served_file import publish, sealed
from support.machine import CONFINED, ENDPOINTS, ROLE_ENV, Machine
from support.secret_service_bus import require
from support.shell_terminal import SHELLS, SHOW, export, init
from support.shells import COMMANDS, INTO_SHELL, OFF, environment
from support.waiting import wait_until

LOOK = f"_role_env_prompt; {SHOW}\n"
"""The line that prints the text of a prompt in a shell that is not interactive."""
URI = "ALIBABA_CLOUD_CREDENTIALS_URI"
FILE = "ALICLOUD_SHARED_CREDENTIALS_FILE"


def wait_while(shell: str, command: str) -> str:
    """Return the line of a shell that waits as long as a command succeeds."""
    return f"while {command}; sleep 0.1; end" if shell == "fish" else f"while {command}; do sleep 0.1; done"


def served(
    machine: Machine, shell: str, script: str, *options: str, integrated: bool = True
) -> "subprocess.CompletedProcess[str]":
    """Run a script in a shell, with the integration or without it, which `exec --renew` serves."""
    require(shell)
    script = init(shell) * integrated + script
    return machine.role_env("exec", "--renew", *options, "profileB", "--", *COMMANDS[shell], "-c", script)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_that_outlives_its_command_shows_at_once_that_the_session_has_ended(
    machine: Machine, shell: str
) -> None:
    require(shell)
    out = machine.home / "out"
    wait, look = wait_while(shell, "test -e lives"), f"{LOOK}role-env status\n"
    lines = f"{init(shell)}{look}echo $ROLE_ENV_SERVER >seen\n{wait}\n{look}role-env process --session\n"
    (machine.home / "script").write_text(lines)
    (machine.home / "lives").touch()
    command = f"setsid {' '.join(COMMANDS[shell])} script >{out} 2>&1 & while ! test -e seen; do sleep 0.1; done"
    assert machine.role_env("exec", "--renew", "profileB", "--", "sh", "-c", command).returncode == 0
    server = (machine.home / "seen").read_text().split()[0]
    wait_until(lambda: not Path(f"/proc/{server}").exists())
    (machine.home / "lives").unlink()
    wait_until(lambda: "process" in out.read_text() or out.read_text().count("hint") == 2)
    text = out.read_text()
    assert re.findall("<(.*)>", text) == ["profileB", "profileB≠"]
    said = "role-env: the server of this session has ended, or is another user's: others could answer in its place\n"
    assert text.count(said) == 2  # of status, and of process


@pytest.mark.parametrize(
    ("shell", "integrated"), [*((shell, True) for shell in SHELLS), ("bash", False), ("fish", False), ("dash", False)]
)
def test_a_switch_leaves_no_way_to_the_served_role_nor_does_off(machine: Machine, shell: str, integrated: bool) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\nregion_id = cn-x\n")
    use, off = ("role-env use {}", "role-env off") if integrated else (INTO_SHELL[shell], OFF[shell])
    for names in ((), ("other",), ("nosuch",), ("other", "nosuch")):
        switches = "".join(f"{use.format(name)}\n" for name in names)
        done = served(machine, shell, f"{switches}env -0; echo '|'; {off}\nenv -0", integrated=integrated)
        switched, ended = map(environment, done.stdout.split("|\n"))
        assert {"ROLE_ENV_SERVER", URI} & switched.keys() == (set() if names else {"ROLE_ENV_SERVER", URI}), names
        assert switched.get("ROLE_ENV_NO_ACCOUNT", "") == "1" * ("nosuch" in names), names
        if "nosuch" in names:
            assert switched["ALIBABA_CLOUD_PROFILE"] == "role-env-none", names
        else:
            assert (done.returncode, done.stderr) == (0, ""), names
            assert not names or machine.role_env("status", **switched).returncode == 0, names
        assert {name for name in ended if name.startswith(("ALI", "OSS", "ROLE_ENV_"))} == ENDPOINTS, names


def test_exec_in_a_served_session_leaves_no_way_to_the_former_role(machine: Machine) -> None:
    machine.add(f"[other]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    inside = machine.role_env("exec", "--renew", "profileB", "--", "role-env", "exec", "other", "--", "env", "-0")
    assert "ROLE_ENV_SERVER" not in environment(inside.stdout)
    assert machine.role_env("status", **environment(inside.stdout)).returncode == 0


def test_only_a_living_server_of_this_uri_is_one(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    mine, gone, own = str(os.getpid()), str(ended.pid), publish("role-env process --session")
    on_disk = {pid: tmp_path / "role-env-x" / f"{variables.SERVED_PROFILE}-{pid}-000" for pid in (mine, gone)}
    (tmp_path / "role-env-x").mkdir()
    for path in on_disk.values():
        path.write_text(variables.SERVED_FILE_START)
    assert re.fullmatch(rf"/proc/{mine}/fd/\d+", own)
    places = {
        "its file": (mine, own),
        "its file on disk": (mine, str(on_disk[mine])),
        "no file": (mine, ""),
        "the file of another process": (gone, own),
        "another file in memory": (mine, f"/proc/{mine}/fd/{sealed(b'{}')}"),
        "a pipe, which would have to be waited for": (mine, f"/proc/{mine}/fd/{os.pipe()[0]}"),
        "an ended process's file": (gone, f"/proc/{gone}/fd/3"),
        "an ended process's file on disk": (gone, str(on_disk[gone])),
        "a file of another process on disk": (gone, str(on_disk[mine])),
        "nothing": ("", own),
    }
    for name, (pid, file) in places.items():
        environ = {"ROLE_ENV_PROFILE": "p", URI: "http://x/", "ROLE_ENV_SERVER": f"{pid} http://x/", FILE: file}
        assert bool(ShellState(environ).server_fault()) is not name.startswith("its file"), name


@pytest.mark.parametrize("shell", SHELLS)
def test_another_uri_file_or_server_marks_the_session_at_once_and_status_says_so(machine: Machine, shell: str) -> None:
    """A server that was killed, too."""
    look = f"{LOOK}role-env status >/dev/null\n"
    copy = machine.home / "copy"
    copy.write_text(variables.SERVED_FILE_START)
    keep = "set -g kept ${0}\n" if shell == "fish" else "kept=${0}\n"
    lines = look
    changes = {
        URI: ("http://127.0.0.1:1/another",),
        FILE: ("''", "/proc/1/fd/3", "/tmp/role-env-x/role-env-served-0", str(copy)),
        "ROLE_ENV_SERVER": ("''", f'"{os.getpid()} ${URI}"'),
        "ROLE_ENV_REQUEST": ("'{}'",),
    }
    for name, values in changes.items():
        lines += keep.format(name)
        for value in values:
            lines += f"{export(shell, name, value)}\n{look}{export(shell, name, '$kept')}\n{look}"
    count = sum(map(len, changes.values()))
    server = "(string match -r '^[0-9]+' $ROLE_ENV_SERVER)" if shell == "fish" else '"${ROLE_ENV_SERVER%% *}"'
    wait = wait_while(shell, f"kill -0 {server} 2>/dev/null")
    done = served(machine, shell, f"{lines}kill -9 {server}\n{wait}\n{look}", "--read-only")
    whole, marked = "profileB (read-only)", "profileB (read-only)≠"
    assert re.findall("<(.*)>", done.stdout) == [whole, *[marked, whole] * count, marked], done.stderr
    assert done.stderr.count("role-env: hint") >= count
    assert f"role-env: {URI} is not this session's: programs that ask it act as somebody else\n" in done.stderr
    assert "role-env: the server of this session has ended" in done.stderr


# ---- in another user namespace, and for another user ----


SERVED = (ROLE_ENV, "exec", "--renew", "profileB", "--", "sh", "-c")
KILL = f"pid=${{ROLE_ENV_SERVER%% *}}; kill -9 $pid; {wait_while('sh', 'kill -0 $pid 2>/dev/null')}"


@pytest.mark.skipif(sys.platform != "linux", reason="user namespaces are Linux's")
@pytest.mark.parametrize("is_sealed", [True, False])
@pytest.mark.parametrize("shell", SHELLS)
def test_in_another_namespace_it_is_whole_until_its_server_ends(machine: Machine, shell: str, is_sealed: bool) -> None:
    require(shell)
    look = machine.home / "look"
    look.write_text(f"{init(shell)}{LOOK}role-env status >&2\n")
    there = f"unshare --user {' '.join(COMMANDS[shell])} {look}"
    before = () if is_sealed else (*CONFINED, "no-memfd")
    script = f"{there} && unshare --user role-env process --session | cut -c 1-20; {KILL}; {there} || echo $?"
    done = machine.run(*before, *SERVED, script)
    assert done.stdout == '<profileB>\n{"mode": "StsToken",\n<profileB≠>\n1\n', done.stderr
    assert re.findall("role-env: (the server .*)\n", done.stderr) == [
        "the server of this session has ended, or is another user's: others could answer in its place"
    ]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize("is_sealed", [True, False])
def test_for_another_user_a_served_session_is_not_whole(machine: Machine, is_sealed: bool) -> None:
    before = () if is_sealed else (*CONFINED, "no-memfd")
    done = machine.run(*before, *SERVED, f"{' '.join(CONFINED)} user:12345 {ROLE_ENV} status; echo $?")
    assert done.stdout.endswith("\n1\n")
    assert "the server of this session has ended, or is another user's" in done.stderr
