"""Waits of over a second are shown to a person at a terminal, in one line that is gone when they are over."""

import pexpect

from support.machine import ROLE_ENV, Machine
from support.terminal import Person, on_terminal
from support.waiting import DEADLINE, wait_until

COMMAND = ("exec", "profileB", "--", "printenv", "ROLE_ENV_PROFILE")


def waited(raw: str, what: str) -> bool:
    """Whether the terminal showed the wait once, and the line was blanked again to the last letter."""
    line = f"role-env: waiting for {what}"
    return raw.count(line) == 1 and f"{line}\r{' ' * len(line)}\r" in raw


def test_a_slow_sts_is_reported_and_the_line_is_gone_when_it_has_answered(machine: Machine) -> None:
    machine.sts.fault("delay:2")
    screen = on_terminal(machine, *COMMAND)
    assert waited(screen.raw, f"STS at {machine.sts.endpoint}")
    assert (screen.status, screen.lines) == (0, ["profileB"])


def test_a_failure_replaces_the_line(machine: Machine) -> None:
    machine.sts.fault("hang", times=None)
    screen = on_terminal(machine, "whoami", "profileA", environ={"ROLE_ENV_TIMEOUT": "3"})
    assert waited(screen.raw, f"STS at {machine.sts.endpoint}")
    assert screen.status == 5
    assert screen.lines == [
        f"role-env: STS at {machine.sts.endpoint} could not be reached: it timed out",
        "role-env: hint: check the network and try again",
    ]


def test_an_interruption_replaces_the_line(machine: Machine) -> None:
    machine.sts.fault("hang", times=None)
    person = Person(machine, "whoami", "profileA")
    person.reads("waiting for STS at [^\r]*")
    person.interrupts()
    blank, reported = person.ends(130).rstrip().rsplit("\r", 1)
    assert (blank.strip(), reported) == ("", "role-env: interrupted")


def test_a_wait_for_another_role_env_is_reported(machine: Machine) -> None:
    machine.sts.fault("delay:8")
    first = pexpect.spawn(ROLE_ENV, list(COMMAND), env=machine.environ, timeout=DEADLINE)
    wait_until(lambda: machine.sts.requests_seen)
    screen = on_terminal(machine, *COMMAND)
    assert waited(screen.raw, "another role-env, which requests the same session")
    assert screen.lines == ["profileB"]
    first.expect(pexpect.EOF)
    first.close()
    assert len(machine.sts.issued) == 1


def test_a_slow_credential_process_is_reported(machine: Machine) -> None:
    key = f'{{"mode":"AK","access_key_id":"{machine.sts.access_key_id}","access_key_secret":"%s"}}'
    script = f"#!/bin/sh\nsleep 2\necho '{key % machine.sts.access_key_secret}'\n"
    program = machine.write_program("slow.ini", script)  # the canary lets secrets be in .ini files
    machine.write(f"[profileB]\nrole_arn = {machine.sts.role_arn}\ncredential_process = {program}\n")
    screen = on_terminal(machine, *COMMAND)
    assert (screen.status, screen.lines) == (0, ["profileB"])
    assert waited(screen.raw, "the credential process")


def test_a_line_that_is_wider_than_the_terminal_is_cut_so_that_it_can_be_taken_back(machine: Machine) -> None:
    machine.sts.fault("delay:2")
    screen = on_terminal(machine, *COMMAND, columns=20)
    assert "role-env: waiting f\r" + " " * 19 + "\r" in screen.raw
    assert screen.lines == ["profileB"]


def test_what_nobody_reads_is_not_reported(machine: Machine) -> None:
    machine.sts.fault("delay:2")
    assert machine.role_env("profileB", "--refresh").stderr == ""
    machine.sts.fault("delay:2")
    script = "role-env process profileB --refresh | cat >/dev/null"
    assert pexpect.run(f"bash --norc -c '{script}'", env=machine.environ, timeout=DEADLINE) == b""
