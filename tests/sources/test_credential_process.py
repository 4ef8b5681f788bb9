"""A credential process: what it may print, and what becomes of one that hangs, fails or prints something else."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cloud.world import timestamp
from role_env.credentials import AccessKey, Credentials
from role_env.errors import ProfileError, UnreachableError
from role_env.sources import credential_process
from support.contexts import fails, values
from support.waiting import wait_until

DOCUMENT = {
    "mode": "StsToken",
    "access_key_id": "STS.process",
    "access_key_secret": "the-secret-of-the-process",
    "sts_token": "the-token-of-the-process",
    "expiration": timestamp(3600),
}
PRINT = f"print({json.dumps(DOCUMENT)!r})"
ENVIRON = {"PATH": os.environ["PATH"]}
SECRETS = ("the-secret", "the-token")
CHILD = "child = subprocess.Popen([sys.executable, '-Sc', 'import time; time.sleep(600)'])\n"


def command(script: str) -> str:
    """A command line that runs `script` in Python."""
    return shlex.join([sys.executable, "-Sc", script])


def printing(document: object) -> str:
    return command(f"print({json.dumps(document)!r})")


def run(text: str, *, seconds: float = 30, **environ: str) -> AccessKey:
    return credential_process.run(text, ENVIRON | environ, seconds=seconds)


def asked(text: str, seconds: float = 30) -> Callable[[], object]:
    """The process, which is yet to be run."""
    return lambda: run(text, seconds=seconds)


def wait_until_gone(file: Path) -> None:
    """Wait until the processes in the file have ended."""
    for pid in file.read_text().split():
        wait_until(partial(is_gone, pid))


def is_gone(pid: str) -> bool:
    """Return whether a process has ended, also if nobody has waited for it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def hanging(file: Path, before: str = "", *more: str) -> str:
    """A program that writes its number, and `more`, into a file and hangs."""
    return (
        f"import os, subprocess, sys, time\n{before}"
        f"open('{file}.new', 'w').write(' '.join(map(str, [os.getpid(), {', '.join(more)}])))\n"
        f"os.rename('{file}.new', '{file}')\ntime.sleep(600)"
    )


# ---- what serves ----


def test_a_session_with_its_end_is_taken() -> None:
    key = run(printing(DOCUMENT | {"expiration": timestamp(3600), "region_id": "cn-beijing", "name": 7}))
    assert isinstance(key, Credentials)
    assert values(key) == tuple(DOCUMENT[name] for name in ("access_key_id", "access_key_secret", "sts_token"))
    assert key.remaining() == pytest.approx(3600, abs=120)


def test_a_session_without_an_end_and_a_key_without_a_token_are_taken_as_keys() -> None:
    without_end = run(printing({name: value for name, value in DOCUMENT.items() if name != "expiration"}))
    assert not isinstance(without_end, Credentials)
    assert without_end.security_token == DOCUMENT["sts_token"]
    long_lived = run(printing(DOCUMENT | {"mode": "AK"}))
    assert (long_lived.access_key_id, long_lived.security_token) == ("STS.process", "")


def test_words_are_split_as_a_shell_would_and_no_shell_expands_them(tmp_path: Path) -> None:
    script = tmp_path / "with space"
    script.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"print(json.dumps({DOCUMENT!r} | {{'access_key_secret': '-'.join(sys.argv[1:])}}))\n"
    )
    script.chmod(0o700)
    text = f"""'{script}' "a b" c\\ d '$HOME' * ; `id` >x"""
    assert run(text, HOME="/nowhere").access_key_secret == "a b-c d-$HOME-*-;-`id`->x"


def test_the_process_is_found_in_the_environment_that_is_passed_and_gets_that_and_no_stdin(tmp_path: Path) -> None:
    script = tmp_path / "mine"
    script.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "key = os.environ.get('GIVEN', '') + os.environ.get('HOME', 'none') + repr(sys.stdin.read())\n"
        f"print(json.dumps({DOCUMENT!r} | {{'access_key_id': key}}))\n"
    )
    script.chmod(0o700)
    assert run("mine", GIVEN="given", PATH=f"{tmp_path}:{os.environ['PATH']}").access_key_id == "givennone''"


# ---- what does not ----


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("'' the-secret", "cannot run"),
        ("no-such-command --password the-secret", "command no-such-command not found"),
        ("/etc/passwd the-secret", "cannot run"),
        ("/ the-secret", "cannot run"),
        ("\udcff", "not found"),
    ],
)
def test_a_command_that_cannot_run_is_reported_without_its_words(text: str, what: str) -> None:
    fails(ProfileError, asked(text), "credential_process", what, secrets=SECRETS)


@pytest.mark.parametrize(
    ("printed", "what"),
    [
        ("", "does not print a JSON object"),
        ('{"mode": "StsToken", "access_key_secret": "the-secret', "does not print a JSON object"),
        ('["the-secret"]', "does not print a JSON object"),
        ("[" * 100_000, "does not print a JSON object"),
        (json.dumps(DOCUMENT | {"mode": ["the-secret"]}), "mode"),
        (json.dumps(DOCUMENT | {"access_key_id": ""}), "access_key_id"),
        (json.dumps(DOCUMENT | {"access_key_secret": None}), "access_key_secret"),
        (json.dumps(DOCUMENT | {"sts_token": "the-token\n"}), "sts_token"),
        (json.dumps(DOCUMENT | {"expiration": timestamp(-10)}), "expired"),
        (json.dumps(DOCUMENT | {"expiration": 4102444800}), "expiration"),
        (json.dumps({"Code": "Success", "AccessKeyId": "x", "AccessKeySecret": "the-secret"}), "mode"),
    ],
)
def test_what_is_no_such_document_is_refused_and_not_shown(tmp_path: Path, printed: str, what: str) -> None:
    (tmp_path / "printed").write_text(printed)
    fails(ProfileError, asked(f"cat {tmp_path / 'printed'}"), "credential process cat", what, secrets=SECRETS)


def test_a_process_that_fails_is_recognized_by_its_status_though_it_printed_well() -> None:
    fails(ProfileError, asked(command(f"{PRINT}; raise SystemExit(7)")), "status 7", secrets=SECRETS)
    fails(ProfileError, asked(command("import os; os.kill(os.getpid(), 9)")), "signal 9", secrets=SECRETS)


def test_a_process_that_prints_without_end_is_ended() -> None:
    endless = command("import sys\nwhile True: sys.stdout.write('x' * 65536)")
    fails(ProfileError, asked(endless), "prints more than", secrets=SECRETS)


def test_a_process_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    script = hanging(tmp_path / "pids", CHILD, "child.pid")
    fails(UnreachableError, asked(command(script), 5), "did not end within", secrets=SECRETS)
    wait_until_gone(tmp_path / "pids")


def test_a_child_that_holds_stdout_open_is_ended_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"import subprocess, sys\n{CHILD}open('{pid}', 'w').write(str(child.pid))\n{PRINT}"
    fails(UnreachableError, asked(command(script), 5), "did not end within", secrets=SECRETS)
    wait_until_gone(pid)


@pytest.mark.parametrize("while_starting", [False, True], ids=["running", "starting"])
def test_an_interruption_ends_the_process(tmp_path: Path, while_starting: bool) -> None:
    pid = tmp_path / "pid"
    # On a busy machine the process may run before Popen has returned.
    slow = (
        "import subprocess, time\nclass Slow(subprocess.Popen):\n  def __init__(self, *a, **k):\n"
        "    super().__init__(*a, **k)\n    time.sleep(2)\nsubprocess.Popen = Slow\n"
    )
    script = (slow if while_starting else "") + (
        "import os\nfrom role_env.sources import credential_process\n"
        f"credential_process.run({command(hanging(pid))!r}, os.environ, seconds=60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    wait_until(pid.exists)
    parent.send_signal(signal.SIGINT)
    parent.wait(60)
    wait_until_gone(pid)


# ---- stderr ----


@pytest.mark.parametrize("status", [0, 3])
@pytest.mark.parametrize("silent", [True, False])
def test_its_stderr_is_passed_on_and_where_silence_is_wanted_only_when_it_fails(
    capfd: pytest.CaptureFixture[str], status: int, silent: bool
) -> None:
    lasts = "subprocess.Popen(['sleep', '3'], stdout=subprocess.DEVNULL)"  # and keeps stderr open
    text = command(
        f"import subprocess, sys; sys.stderr.write('a word of its own\\n'); {lasts}; {PRINT}; sys.exit({status})"
    )
    try:
        credential_process.run(text, ENVIRON, seconds=30, silent=silent)
    except ProfileError:
        assert status
    reported = capfd.readouterr()
    assert reported.err == ("" if silent and not status else "a word of its own\n")
    assert reported.out == ""


def test_a_flood_on_stderr_does_not_stop_a_process_that_is_listened_to_silently() -> None:
    script = f"import sys; sys.stderr.write('x' * 3_000_000); {PRINT}"
    key = credential_process.run(command(script), ENVIRON, seconds=30, silent=True)
    assert key.access_key_id == "STS.process"
