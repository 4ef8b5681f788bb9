"""role-env clear: nothing is called done that was not."""

from support.machine import Machine
from support.secret_service_bus import KeyringBus


def test_several_at_once_clear_all_and_report_no_fault_of_the_keyring(machine: Machine) -> None:
    for number in range(30):
        machine.bus.put("x", {"service": f"role-env session {number}", "username": "profileB"}, b"x")
    processes = [machine.start("clear", "--all") for _ in range(3)]
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert machine.bus.items() == []


def test_a_session_in_a_locked_keyring_is_exit_6(machine: Machine) -> None:
    machine.role_env("profileB")
    with KeyringBus(prompter=False) as locked:
        locked.lock()
        said = "role-env: cached sessions of profileB may remain"
        machine.fails("clear", "profileB", status=6, said=said, **locked.environment)
    assert machine.succeeds("clear", "profileB").stdout == "removed 1 cached session of profileB\n"
