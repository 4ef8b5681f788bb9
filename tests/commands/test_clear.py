"""role-env clear: one line says what was removed, and nothing is called done that was not."""

import pytest

from support.machine import Machine
from support.secret_service_bus import KeyringBus


def clear(machine: Machine, *arguments: str, **environ: str) -> tuple[int, str, str]:
    done = machine.role_env("clear", *arguments, **environ)
    return done.returncode, done.stdout, done.stderr


def test_one_line_says_what_was_removed(machine: Machine) -> None:
    machine.role_env("profileB")
    machine.role_env("profileB", "--duration", "900")
    assert clear(machine, "profileA") == (0, "there was no cached session of profileA\n", "")
    assert clear(machine, "profileB") == (0, "removed 2 cached sessions of profileB\n", "")
    assert clear(machine, "profileB") == (0, "there was no cached session of profileB\n", "")
    machine.role_env("profileB")
    assert clear(machine, "--all") == (0, "removed 1 cached session\n", "")
    assert clear(machine, "profileB") == (0, "there was no cached session of profileB\n", "")
    assert clear(machine, "--all") == (0, "there was no cached session\n", "")
    for arguments in ((), ("--all", "profileB")):
        assert clear(machine, *arguments)[0] == 2


def test_a_name_that_is_neither_in_the_file_nor_cached_is_reported_with_the_closest(machine: Machine) -> None:
    machine.role_env("profileB")
    status, out, err = clear(machine, "profielB")
    assert (status, out) == (3, "")
    assert "there is no profile profielB" in err
    assert "did you mean profileB?" in err
    assert clear(machine, "profileB")[1] == "removed 1 cached session of profileB\n"


def test_a_profile_that_has_left_the_file_can_still_be_cleared(machine: Machine) -> None:
    machine.role_env("profileB")
    machine.write("[profileA]\naccess_key_id = x\naccess_key_secret = y\n")
    assert clear(machine, "profileB") == (0, "removed 1 cached session of profileB\n", "")
    assert clear(machine, "profileB")[0] == 3


def test_several_at_once_clear_all_and_report_no_fault_of_the_keyring(machine: Machine) -> None:
    for number in range(30):
        machine.bus.put("x", {"service": f"role-env session {number}", "username": "profileB"}, b"x")
    processes = [machine.start("clear", "--all") for _ in range(3)]
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert machine.bus.items() == []


NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}


@pytest.mark.parametrize("arguments", [["profileB"], ["--all"]])
def test_a_session_in_a_keyring_that_is_gone_is_exit_6(machine: Machine, arguments: list[str]) -> None:
    machine.role_env("profileB")
    status, out, err = clear(machine, *arguments, **NO_BUS)
    assert (status, out) == (6, "")
    assert "cached sessions of profileB may remain" in err
    assert clear(machine, *arguments)[0] == 0
    assert clear(machine, *arguments, **NO_BUS)[0] == 0  # by the index the keyring has none now


def test_a_session_in_a_locked_keyring_is_exit_6(machine: Machine) -> None:
    machine.role_env("profileB")
    with KeyringBus(prompter=False) as locked:
        locked.lock()
        status, _, err = clear(machine, "profileB", **locked.environment)
    assert (status, "role-env: cached sessions of profileB may remain" in err) == (6, True)
    assert clear(machine, "profileB")[:2] == (0, "removed 1 cached session of profileB\n")


@pytest.mark.parametrize("mode", ["none", "kernel"])
def test_clear_deletes_sessions_wherever_they_are_cached(machine: Machine, mode: str) -> None:
    machine.role_env("profileB")
    machine.succeeds("clear", "profileB", ROLE_ENV_CACHE=mode)
    machine.role_env("profileB")
    assert len(machine.sts.calls_of("AssumeRole")) == 2
