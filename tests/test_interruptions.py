"""A signal at any moment, a stdout that cannot be written and a file that changes leave nothing half-written."""

import random
import signal
import subprocess
import threading
import time

import pytest

from support.fault_rows import EXPORT
from support.machine import Machine, is_pythons_own
from support.shells import NOTHING_CHANGED


@pytest.mark.parametrize("command", ["profileB", "process profileB", "list", "status --json", "--help"])
def test_output_that_cannot_be_written_makes_no_traceback(machine: Machine, command: str) -> None:
    """A reader that has gone is not reported; a closed or full stdout is, where it can be."""
    for sink in ("| true", ">&-", ">/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"):
        done = machine.shell("bash", f"role-env {command} {sink}", ROLE_ENV_CACHE="none")
        for word in ("Traceback", "Exception ignored", "bug"):
            assert word not in done.stderr, sink
        if "true" in sink:
            assert done.stderr == ""
        elif "2>" not in sink and command != "--help":
            assert (done.returncode, done.stderr.startswith("role-env: stdout ")) == (1, True), sink


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_an_interruption_at_any_moment_leaves_no_traceback_and_no_half_of_a_group(
    machine: Machine, number: signal.Signals
) -> None:
    machine.sts.fault("delay:0.2", times=None)
    for milliseconds in range(40, 700, 110):
        process = machine.start("profileB", "--refresh")
        time.sleep(milliseconds / 1000)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        if process.returncode not in (0, -number) and not is_pythons_own(err):
            assert process.returncode == (130 if number == signal.SIGINT else 143), err
            assert out == NOTHING_CHANGED
            assert err == "role-env: interrupted\n"
        assert out == "" or subprocess.run(["bash", "-n"], input=out.encode(), check=False).returncode == 0


INTERRUPTED = """
from role_env.sessions import obtain as sessions
import signal, time, weakref
class Interrupted:
    def __set_name__(self, owner, name): raise KeyboardInterrupt
def obtain(*a, **k):
    {}
    time.sleep(60)
sessions.obtain = obtain
"""
CLASS = 'type("Made", (), {"member": Interrupted()})'
CALLBACK = "weakref.ref(Interrupted(), lambda _: signal.raise_signal({:d}))"


@pytest.mark.parametrize(
    ("line", "status"), [(CLASS, 130), (CALLBACK.format(signal.SIGINT), 130), (CALLBACK.format(signal.SIGTERM), 143)]
)
def test_an_interruption_that_python_wraps_or_only_reports_ends_it(machine: Machine, line: str, status: int) -> None:
    """Python 3.11 wraps one while a class is made. Any Python only reports one in a callback: each import has one."""
    (machine.home / "sitecustomize.py").write_text(INTERRUPTED.format(line))
    done = machine.role_env("profileB", PYTHONPATH=str(machine.home))
    assert (done.returncode, done.stdout == NOTHING_CHANGED, done.stderr) == (status, True, "role-env: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_comes_when_all_is_done_changes_nothing(machine: Machine, number: signal.Signals) -> None:
    sabotage = f"""
import os, sys
def trace(frame, event, argument):
    if frame.f_code.co_name == "_ignore_signals":
        sys.settrace(None)
        os.kill(os.getpid(), {number.value})
sys.settrace(trace)
"""
    (machine.home / "sitecustomize.py").write_text(sabotage)
    done = machine.role_env(*EXPORT, PYTHONPATH=str(machine.home))
    assert (done.returncode, done.stderr, machine.sts.issued[0].token in done.stdout) == (0, "", True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_after_a_cached_session_is_written_adds_no_failure(
    machine: Machine, number: signal.Signals
) -> None:
    sabotage = f"""
import os, sys
def trace(frame, event, argument):
    if frame.f_code.co_name == "write" and frame.f_code.co_filename.endswith("ui/__init__.py"):
        return returns
def returns(frame, event, argument):
    if event == "return":
        sys.settrace(None)
        os.kill(os.getpid(), {number.value})
    return returns
sys.settrace(trace)
"""
    machine.settle()
    whole = machine.succeeds(*EXPORT)
    (machine.home / "sitecustomize.py").write_text(sabotage)
    for _ in range(3):  # on a busy machine the keyring can take longer than the fast path waits for it
        done = machine.role_env(*EXPORT, PYTHONPATH=str(machine.home))
        if done.returncode == 0:
            break
    assert (done.returncode, done.stderr, done.stdout[-200:]) == (0, "", whole.stdout[-200:])


def test_a_profiles_file_that_is_replaced_while_it_is_read_gives_one_of_the_two_sessions(machine: Machine) -> None:
    """Whole, and never the one of before for the file of now."""
    texts = [machine.standard_profiles(), machine.standard_profiles().replace("switchrolesbc", "longsession")]
    ended = threading.Event()

    def replace() -> None:
        new = machine.file.with_name("new.ini")
        while not ended.wait(random.uniform(0, 0.02)):
            texts.reverse()
            new.write_text(texts[0])
            new.chmod(0o600)
            new.replace(machine.file)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        answers = [machine.role_env(*EXPORT) for _ in range(8)]
    finally:
        ended.set()
        thread.join()
    for done in answers:
        assert (done.returncode, done.stderr) == (0, "")
        (session,) = (session for session in machine.sts.issued if session.token in done.stdout)
        assert f"role/{session.role.name.lower()}" in done.stdout.lower()
    role = "longsession" if "longsession" in texts[0] else "switchrolesbc"
    assert f"role/{role}" in machine.role_env(*EXPORT).stdout
