"""`role-env use -` where the profile has `agents = read-only`: the request is made anew by whoever types it."""

import re

import pytest

from support.machine import Machine
from support.shell_terminal import SHELLS, export, init

SHOW = "role-env status\n"
FULL, NARROW = "profileB switchrolesbc", "profileB (read-only) switchrolesbc"
OTHER = "role-env use other --full"


@pytest.fixture(autouse=True)
def guarded(machine: Machine) -> None:
    """A profileB that narrows the sessions of agents, and another profile."""
    hub = machine.sts.world.role("hub").arn
    machine.add(f"agents = read-only\n[other]\nrole_arn = {hub}\nsource_profile = profileA\n")


def sessions(output: str) -> list[str]:
    """Return what `status` said: the profile, how it is narrowed, and the role."""
    return [re.sub(" of .*", "", line).replace("  role ", " ") for line in output.splitlines() if " role " in line]


def unset(shell: str) -> str:
    """Return the line after which a person types."""
    return "set -e CLAUDECODE" if shell == "fish" else "unset CLAUDECODE"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_persons_request_is_narrow_for_an_agent_until_it_says_full(machine: Machine, shell: str) -> None:
    lines = ["role-env use profileB", OTHER, export(shell, "CLAUDECODE", "1"), "role-env use -"]
    lines += [OTHER, "role-env use - --full", OTHER, "role-env use -"]
    done = machine.shell(shell, init(shell) + "".join(f"{line}\n{SHOW}" for line in lines))
    assert sessions(done.stdout) == [FULL, "other hub", "other hub", NARROW, "other hub", FULL, "other hub", NARROW]
    assert machine.sts.calls_of("AssumeRole")[2].session_name.endswith(".claude-code")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("options", "again"), [("", FULL), ("--read-only", NARROW), ("--full", FULL)])
def test_an_agents_request_is_for_a_person_what_its_options_say(
    machine: Machine, shell: str, options: str, again: str
) -> None:
    lines = [
        export(shell, "CLAUDECODE", "1"),
        f"role-env use profileB {options}",
        OTHER,
        unset(shell),
        "role-env use -",
    ]
    done = machine.shell(shell, init(shell) + "\n".join(lines) + f"\n{SHOW}")
    assert sessions(done.stdout) == [again], done.stderr
    assert "claude" not in machine.sts.calls_of("AssumeRole")[-1].session_name


def test_within_a_narrowed_session_a_person_needs_full_for_what_an_agent_had_narrow(machine: Machine) -> None:
    lines = ["export CLAUDECODE=1", "role-env use profileB", "unset CLAUDECODE", "role-env use other --read-only"]
    done = machine.shell("bash", init("bash") + "\n".join([*lines, "role-env use -", "echo $?"]) + "\n")
    assert done.stdout == "2\n"
    assert "the session of profileB would be wider than this one, which is read-only" in done.stderr


def test_without_a_proof_an_agent_gets_nothing(machine: Machine) -> None:
    request = machine.shell("bash", 'source <(role-env profileB)\nprintf %s "$ROLE_ENV_REQUEST"').stdout
    calls = len(machine.sts.calls)
    for planted in (request.replace(str(machine.file), "/etc/hostname"), request.replace("switchrolesbc", "hub")):
        assert planted != request
        machine.refuses("-", 4 if "hub" in planted else 3, ROLE_ENV_PREVIOUS=planted, CLAUDECODE="1")
    assert len(machine.sts.calls) == calls
