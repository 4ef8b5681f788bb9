"""role-env clear: nothing is called done that was not."""

from support.machine import Machine


def test_several_at_once_clear_all_and_report_no_fault_of_the_keyring(machine: Machine) -> None:
    for number in range(12):
        machine.bus.put("x", {"service": f"role-env session {number}", "username": "profileB"}, b"x")
    processes = [machine.start("clear", "--all") for _ in range(3)]
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert machine.bus.items() == []


def test_an_empty_name_is_no_profile_and_removes_no_browser_profile(machine: Machine) -> None:
    kept = machine.home / ".local/state/role-env/browsers/another/chromium"
    kept.mkdir(parents=True, mode=0o700)
    machine.fails("clear", "", status=3, said="there is no profile")
    assert kept.exists()
