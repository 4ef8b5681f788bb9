"""The file of `exec --renew` for Terraform and Pulumi: a profile without a secret, in a file that nobody can write."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from role_env.credentials import parse_utc
from support import aliyun_cli
from support.machine import CONFINED, Machine
from support.readers import PROGRAMS
from support.served_command import Begin, next_line
from support.shells import environment
from support.waiting import wait_until

RENEW = ("exec", "--renew", "profileB", "--")
READER = (sys.executable, str(PROGRAMS / "credentials_go.py"))
ENVIRONMENT = "cat /proc/self/environ >seen; echo; read line"
FILE = "ALICLOUD_SHARED_CREDENTIALS_FILE"


def check_nothing_is_written(machine: Machine) -> None:
    """No file below HOME, TMPDIR and the CLI's folder included, has a secret; nothing temporary is left."""
    secrets = [secret.encode() for secret in machine.secrets()]
    files = [path for path in machine.home.rglob("*") if path.is_file() and path.suffix != ".ini"]
    assert [path for path in files if any(secret in path.read_bytes() for secret in secrets)] == []
    assert list(machine.temporary.iterdir()) == []


def test_its_profile_runs_role_env_and_it_has_no_secret(machine: Machine) -> None:
    done = machine.role_env(*RENEW, "sh", "-c", f'cat "${FILE}"')
    program = shutil.which("role-env", path=machine.environ["PATH"])
    profile = {"name": "role-env-served", "mode": "External", "process_command": f"{program} process --session"}
    assert json.loads(done.stdout) == {"current": "role-env-served", "profiles": [profile]}


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_reader_that_writes_back_has_live_sessions_and_leaves_no_secret(machine: Machine, is_sealed: bool) -> None:
    config = machine.write_cli_file({"current": "default", "profiles": [{"name": "default", "mode": ""}]})
    before = config.read_bytes()
    machine.sts.session_seconds = 4
    run = machine.role_env if is_sealed else lambda *words: machine.confined("no-memfd", *words)
    done = run(*RENEW, *READER, "5", "1.5")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    found = [line.split() for line in lines if not line.startswith("Warning: ")]
    assert {source for source, *_ in found} == {"External"}
    assert len({key_id for _, key_id, _ in found}) >= 2
    (reason,) = {line.rpartition(": ")[2] for line in lines if line.startswith("Warning: ")}
    assert reason in (("No such file or directory",) if is_sealed else ("File name too long", "Permission denied"))
    assert config.read_bytes() == before
    check_nothing_is_written(machine)


def test_without_files_in_memory_it_is_read_only_in_a_folder_of_its_own_until_the_end(machine: Machine) -> None:
    script = (
        f'stat -c "%a %n" "${FILE}" "$(dirname "${FILE}")"; basename "${FILE}" | wc -c; role-env status; kill -9 $$'
    )
    done = machine.confined("no-memfd", *RENEW, "sh", "-c", script)
    file, folder, length, status = done.stdout.splitlines()
    assert (file[:4], folder[:4], length) == ("400 ", "500 ", "247")
    assert Path(file[4:]).parent.parent == machine.temporary
    assert status.startswith("profileB  role switchrolesbc ")
    assert done.returncode == -9
    assert list(machine.temporary.iterdir()) == []


@pytest.mark.parametrize("is_sealed", [True, False])
def test_it_ends_with_the_server_and_the_command_goes_on(machine: Machine, begin: Begin, is_sealed: bool) -> None:
    running = begin(command=ENVIRONMENT, before=() if is_sealed else (*CONFINED, "no-memfd"))
    seen = environment((machine.home / "seen").read_text())
    assert Path(seen[FILE]).exists()
    server = seen["ROLE_ENV_SERVER"].split()[0]
    os.kill(int(server), signal.SIGKILL if is_sealed else signal.SIGTERM)
    wait_until(lambda: not Path("/proc", server).exists() and not Path(seen[FILE]).exists())
    wait_until(lambda: not list(machine.temporary.iterdir()))
    assert running.end() == ""
    assert running.process.returncode == 0


def test_nobody_can_change_it_not_even_its_owner(machine: Machine) -> None:
    script = f"""
import os
for flags in (os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_TRUNC, os.O_RDWR | os.O_APPEND):
    try:
        file = os.open(os.environ["{FILE}"], flags)
        os.write(file, b"x")
    except OSError as error:
        print(error.strerror)
"""
    assert machine.role_env(*RENEW, sys.executable, "-c", script).stdout == "Operation not permitted\n" * 3


def test_a_path_that_would_need_quotes_is_the_real_one_else_the_name_on_path(machine: Machine) -> None:
    odd = machine.home / "with space"
    odd.mkdir()
    real = Path(shutil.which("role-env", path=machine.environ["PATH"]) or "")
    show = ("sh", "-c", f'cat "${FILE}"; exec "$@"', "sh", *READER)
    (odd / "role-env").symlink_to(real)
    linked = machine.run(str(odd / "role-env"), *RENEW, *show)
    assert f'"{real} process --session"' in linked.stdout
    assert "\nExternal STS." in linked.stdout.replace("}External", "}\nExternal")
    (odd / "role-env").unlink()
    shutil.copy(real, odd / "role-env")
    copied = machine.run(str(odd / "role-env"), *RENEW, *show)
    assert '"role-env process --session"' in copied.stdout
    assert "External STS." in copied.stdout


@pytest.mark.parametrize(("life", "earlier"), [(3600, 720), (1800, 720), (1200, 420), (900, 270), (240, 0)])
def test_readers_of_the_profile_fetch_anew_as_those_of_the_uri_do(machine: Machine, life: int, earlier: int) -> None:
    machine.sts.session_seconds = life
    done = machine.role_env(*RENEW, "role-env", "process", "--session")
    (issued,) = machine.sts.issued
    reported = parse_utc(json.loads(done.stdout)["expiration"])
    assert abs(int(issued.expiration) - earlier - reported) <= 1


def test_the_aliyun_cli_follows_after_setup_and_is_nobody_without_it(machine: Machine) -> None:
    foreign = machine.sts.world.key_of("test_user2")
    mine = {"name": "mine", "mode": "AK", "access_key_id": foreign.id, "access_key_secret": foreign.secret}
    machine.write_cli_file({"current": "mine", "profiles": [mine | {"region_id": "cn-beijing"}]})
    machine.sts.session_seconds = 4
    aliyun = (sys.executable, str(Path(aliyun_cli.__file__)))
    machine.add("region_id = cn-shanghai\n")
    without = machine.role_env(*RENEW, *aliyun)
    assert (without.returncode, without.stdout) == (1, "")
    machine.succeeds("setup", "aliyun-cli")
    config = (machine.home / ".aliyun" / "config.json").read_bytes()
    again = f"{' '.join(aliyun)}; sleep 4; {' '.join(aliyun)}; {' '.join(aliyun)} --profile mine; role-env status"
    done = machine.role_env(*RENEW, "sh", "-c", again)
    first, second, named, status = done.stdout.splitlines()
    keys = [json.loads(line) for line in (first, second)]
    issued = {session.id for session in machine.sts.issued}
    assert {key["RegionId"] for key in keys} == {"cn-shanghai"}
    assert keys[0]["AccessKeyId"] != keys[1]["AccessKeyId"]
    assert {key["AccessKeyId"] for key in keys} <= issued
    assert json.loads(named)["AccessKeyId"] == foreign.id
    assert status.startswith("profileB")
    assert (machine.home / ".aliyun" / "config.json").read_bytes() == config
    shutil.rmtree(machine.home / ".aliyun")


def test_a_proxy_that_an_sdk_would_ask_for_the_session_is_unset_and_said_once(machine: Machine) -> None:
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "FTP_PROXY"), "http://proxy.example:3128")
    done = machine.role_env(*RENEW, "role-env", "exec", "--renew", "profileB", "--", "env", "-0", **proxies)
    found = environment(done.stdout)
    assert {name for name in found if name.upper().endswith("_PROXY")} == {"FTP_PROXY"}
    said = "HTTP_PROXY and http_proxy are unset for the command: an SDK would ask that proxy for the session\n"
    assert done.stderr == f"role-env: {said}"


def test_a_file_of_the_users_is_replaced_for_the_command_alone(machine: Machine) -> None:
    mine = {FILE: "/home/me/mine.json", "ALICLOUD_PROFILE": "mine"}
    served = environment(machine.role_env(*RENEW, "env", "-0", **mine).stdout)
    assert served[FILE].startswith("/proc/")
    plain = environment(machine.role_env("exec", "profileB", "--", "env", "-0", **mine).stdout)
    assert plain[FILE] == mine[FILE]
    inside = environment(machine.role_env("exec", "profileB", "--", "env", "-0", **served).stdout)
    assert FILE not in inside


def test_readers_killed_or_many_at_once_leave_nothing_and_cost_no_calls(machine: Machine, begin: Begin) -> None:
    readers = f'for n in 1 2 3 4 5 6; do {" ".join(READER)} 100000 0 >/dev/null & p="$p $!"; done; sleep 1; kill -9 $p'
    running = begin(command=f"echo; {readers}; wait; {' '.join(READER)} >seen; read line")
    wait_until(lambda: (machine.home / "seen").exists() and "External STS." in (machine.home / "seen").read_text())
    assert running.end() == ""
    assert len(machine.sts.calls_of("AssumeRole")) == 1
    check_nothing_is_written(machine)


# ---- while no new session can be had ----


@pytest.mark.timeout(180)  # its reader starts role-env each second, and waits for the end of a session
def test_a_reader_has_the_old_session_until_its_end_then_an_error_and_no_file_has_a_secret(
    machine: Machine, begin: Begin
) -> None:
    machine.sts.session_seconds = 5
    running = begin(command=f"echo; {' '.join(READER)} 7 1 >seen; echo; read line")
    machine.sts.fault("503", times=None, action="AssumeRole")
    next_line(running.process)
    lines = [line for line in (machine.home / "seen").read_text().splitlines() if not line.startswith("Warning: ")]
    assert {line.split()[1] for line in lines if line.startswith("External")} <= {machine.sts.issued[0].id}
    assert lines[-1].startswith("none failed to execute external command: exit status 5: ")
    assert "the session could not be renewed and expires in " in running.end()
    assert list(machine.temporary.iterdir()) == []
