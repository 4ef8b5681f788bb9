"""`role-env use -`, and the hints that say how to go back: the request that was removed, its file and options too."""

import json
import re
from collections.abc import Iterable

import pytest

from role_env import variables
from support.files import write_private
from support.machine import Machine
from support.shell_terminal import SHELLS, STATUS, export, init, interactive
from support.shells import INTO_SHELL, NOTHING_CHANGED

SHOW = "role-env status\n"
POLICY = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}
NARROWER = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:DescribeVpcs", "Resource": "*"}]}


@pytest.fixture(autouse=True)
def files(machine: Machine) -> None:
    """A profileB that narrows sessions of agents, a second one, another file with another profileB, and a policy."""
    role = machine.sts.world.role
    machine.add(f"agents = read-only\n[other]\nrole_arn = {role('hub').arn}\nsource_profile = profileA\n")
    text = machine.standard_profiles().replace(machine.sts.role_arn, role("longSession").arn)
    write_private(machine.home / "alt's.ini", text)
    (machine.home / "policy.json").write_text(json.dumps(POLICY))


def sessions(output: str) -> list[str]:
    """Return what `status` said: the profile, how it is narrowed, and the role."""
    return [re.sub(" of .*", "", line).replace("  role ", " ") for line in output.splitlines() if " role " in line]


NAMED = {
    "a policy": ("profileB --policy policy.json", "profileB (narrowed) switchrolesbc"),
    "all": (
        '--config "alt\'s.ini" profileB --read-only --session-name me --region cn-x --duration 30m',
        "profileB (read-only) longSession",
    ),
}
"""Lines that begin a session, and what `status` says of it."""


def in_shells(shells: Iterable[str]) -> list[tuple[str, str]]:
    """The whole request in each shell, and a policy in bash."""
    return [*((shell, "all") for shell in shells), ("bash", "a policy")]


@pytest.mark.parametrize(("shell", "words"), in_shells(SHELLS))
def test_use_minus_after_any_switch_or_off_repeats_the_whole_request(machine: Machine, shell: str, words: str) -> None:
    """From another folder too."""
    begin, expected = NAMED[words]
    into = INTO_SHELL[shell].format(begin)
    switches = ("role-env use nosuch", "role-env use other --full", "role-env off", INTO_SHELL[shell].format("nosuch"))
    lines = "".join(f"{switch}\nrole-env use -\n{SHOW}" for switch in switches)
    (machine.home / "sub").mkdir()
    # `source <(…)` alone is remembered at a prompt, and the integration's own lines always.
    done = interactive(machine, shell, f"cd /\ncd\n{into}\n{SHOW}cd sub\n{lines}pwd\n", "--no-prompt")
    assert sessions(done.stdout) == [expected] * 5, done.stderr
    assert done.stdout.endswith("/sub\n")
    asked = {(call.role_arn, call.policy) for call in machine.sts.calls_of("AssumeRole")}
    assert len(asked) == 2  # the session's, and other's


@pytest.mark.parametrize(("shell", "words"), in_shells(INTO_SHELL))
def test_without_the_integration_the_hint_has_the_whole_request(machine: Machine, shell: str, words: str) -> None:
    begin, expected = NAMED[words]
    first = f"{INTO_SHELL[shell].format(begin)}\n{INTO_SHELL[shell].format('nosuch')}\n"
    done = machine.shell(shell, first)
    back = re.findall("hint: go back with: (.*); or restore", done.stderr)[0]
    done = machine.shell(shell, f"{first}{back}\n{SHOW}")
    assert sessions(done.stdout) == [expected], back


def test_two_sessions_change_places_and_a_wider_one_needs_full(machine: Machine, shell: str) -> None:
    lines = ["role-env use -", "role-env use profileB --read-only", "role-env use other --full", "role-env use -"]
    lines += ["role-env use -", "role-env use -", "role-env use - --full", "role-env use - --region cn-x"]
    done = machine.shell(shell, init(shell) + "".join(f"{line}\n{SHOW}" for line in lines))
    read_only, full = "profileB (read-only) switchrolesbc", "other hub"
    assert sessions(done.stdout) == [read_only, full, read_only, read_only, full, full]
    assert done.stderr.startswith("role-env: this shell has had no other session\n")
    # The refused one has left no account; then `-` is what was removed.
    refused, *_ = re.findall("would be wider than .*", done.stderr)
    assert refused == "would be wider than this one, which is read-only"
    # So the line that requests it all the same names the profile: `use -` means the removed one by now.
    assert "role-env: hint: type role-env use other --full, or first role-env off\n" in done.stderr
    assert "role-env: use - repeats the request of a previous session as it was\n" in done.stderr
    assert "role-env: hint: leave out --region\n" in done.stderr


def test_a_policy_that_has_changed_or_came_from_stdin_is_exit_4(machine: Machine, shell: str) -> None:
    change = f"echo '{json.dumps(NARROWER)}' >policy.json\n"
    again = f"role-env use -\necho {STATUS[shell]}\n"
    lines = f"role-env use profileB --policy policy.json\nrole-env use nosuch\n{change}{again}"
    lines += "role-env off\ncat policy.json | role-env use profileB --policy -\n" * (shell == "fish")
    lines += "role-env off\nrole-env use profileB --policy - <policy.json\n" * (shell != "fish")
    lines += f"role-env use nosuch\n{again}"
    done = machine.shell(shell, init(shell) + lines)
    assert done.stdout == "4\n4\n", done.stderr
    another, stdin = re.findall("the session of profileB is not requested again: it would be of (.*)\n", done.stderr)
    assert (another, stdin) == ("another session policy", "a session policy that cannot be read again")
    assert f"hint: type: role-env use profileB --policy {machine.home}/policy.json\n" in done.stderr
    assert "hint: go back with: role-env use profileB --policy FILE; or" in done.stderr
    assert len(machine.sts.calls_of("AssumeRole")) == 2


def test_a_request_that_gives_another_session_or_that_is_none_is_refused(machine: Machine) -> None:
    script = 'source <(role-env profileB --read-only)\nprintf %s "$ROLE_ENV_REQUEST"'
    request = machine.shell("bash", script).stdout
    arguments, calls = ("export", "-", "--format", "bash"), len(machine.sts.calls)
    others = {
        "account 2222222222222222, not 3": request.replace("account_id=2", "account_id=3"),
        "role acs:ram::2222222222222222:role/switchrolesbc, not": request.replace("switchrolesbc", "hub"),
        "another session policy": request.replace(" --policy=read-only", ""),
    }
    for said, text in others.items():
        assert text != request, said
        done = machine.role_env(*arguments, **{variables.PREVIOUS: text}, ROLE_ENV_INIT="1")
        assert (done.returncode, done.stdout) == (4, NOTHING_CHANGED), said
        assert f"the session of profileB is not requested again: it would be of {said}" in done.stderr
        assert "role-env: hint: type: role-env use profileB" in done.stderr
    done = machine.role_env(*arguments, **{variables.PREVIOUS: "none"})
    assert (done.returncode, done.stdout) == (3, NOTHING_CHANGED)
    assert "the session before this one cannot be requested again" in done.stderr
    same = machine.role_env(*arguments, **{variables.PREVIOUS: request})
    assert (same.returncode, same.stderr, len(machine.sts.calls)) == (0, "", calls)


def test_status_and_doctor_name_the_request_too(machine: Machine) -> None:
    script = 'source <(role-env --config "alt\'s.ini" profileB --read-only)\nexport ALICLOUD_PROFILE=x\n'
    done = machine.shell("bash", f"{script}role-env status\nrole-env doctor --json")
    line = f"role-env profileB --config '{machine.home}/alt'\\''s.ini' --read-only"
    assert f"role-env: hint: switch again with: source <({line})\n" in done.stderr
    # The shell has become doctor, whose parent is another program.
    assert any(line in finding["fix"] for finding in json.loads(done.stdout[done.stdout.index("[") :]))


# --- where the profile has `agents = read-only`, the request is made anew by whoever types it

FULL, NARROW = "profileB switchrolesbc", "profileB (read-only) switchrolesbc"
OTHER = "role-env use other --full"


def test_a_persons_request_is_narrow_for_an_agent_until_it_says_full(machine: Machine) -> None:
    lines = ["role-env use profileB", OTHER, "export CLAUDECODE=1", "role-env use -"]
    lines += [OTHER, "role-env use - --full", OTHER, "role-env use -"]
    done = machine.shell("bash", init("bash") + "".join(f"{line}\n{SHOW}" for line in lines))
    assert sessions(done.stdout) == [FULL, "other hub", "other hub", NARROW, "other hub", FULL, "other hub", NARROW]
    assert machine.sts.calls_of("AssumeRole")[2].session_name.endswith(".claude-code")


@pytest.mark.parametrize(
    ("shell", "options", "again"), [("fish", "", FULL), ("bash", "--read-only", NARROW), ("zsh", "--full", FULL)]
)
def test_an_agents_request_is_for_a_person_what_its_options_say(
    machine: Machine, shell: str, options: str, again: str
) -> None:
    unset = "set -e CLAUDECODE" if shell == "fish" else "unset CLAUDECODE"
    lines = [export(shell, "CLAUDECODE", "1"), f"role-env use profileB {options}", OTHER, unset, "role-env use -"]
    done = machine.shell(shell, init(shell) + "\n".join(lines) + f"\n{SHOW}")
    assert sessions(done.stdout) == [again], done.stderr
    assert "claude" not in machine.sts.calls_of("AssumeRole")[-1].session_name


def test_within_a_narrowed_session_a_person_needs_full_for_what_an_agent_had_narrow(machine: Machine) -> None:
    lines = ["export CLAUDECODE=1", "role-env use profileB", "unset CLAUDECODE", "role-env use other --read-only"]
    done = machine.shell("bash", init("bash") + "\n".join([*lines, "role-env use -", "echo $?"]) + "\n")
    assert done.stdout == "2\n"
    assert "the session of profileB would be wider than this one, which is read-only" in done.stderr
