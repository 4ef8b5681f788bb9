"""The line of `role-env help programs` for many accounts at once, in each shell: it loses no failure and no output."""

import re

import pytest

from support.documents import topic
from support.machine import Machine

COMMAND = "aliyun --region cn-shanghai ecs DescribeInstances"
NAMES = [f"prod/{number}" for number in range(1, 4)]

pytestmark = pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])


@pytest.fixture
def line() -> str:
    """The line, for the profiles whose names begin with prod."""
    found: str
    (found,) = re.findall(r"^role-env list .*$", topic("programs").read_text("utf-8"), re.MULTILINE)
    assert COMMAND in found
    return found.replace("^profile", "^prod").replace("-P 8", "-P 2")


@pytest.fixture
def many(machine: Machine) -> Machine:
    """A machine with three profiles of production, one of development, and an `aliyun` that records when it runs."""
    profile = f"role_arn = {machine.sts.role_arn}\nsource_profile = profileA\n"
    machine.add("".join(f"[{name}]\n{profile}" for name in (*NAMES, "dev")))
    use(machine, "echo one; printf '%s\\n' 'two & \\1' >&2; printf 'no end of line'")
    machine.environ["PATH"] = f"{machine.home / 'bin'}:{machine.environ['PATH']}"
    return machine


def use(machine: Machine, script: str) -> None:
    """Let `aliyun` be `script`, in which $ROLE_ENV_PROFILE is the profile."""
    machine.write_program("bin/aliyun", f"#!/bin/sh\n{script}\n")


def test_each_line_has_the_name_before_it_and_those_of_one_stay_together(many: Machine, shell: str, line: str) -> None:
    done = many.shell(shell, line)
    assert (done.returncode, done.stderr) == (0, "")
    blocks = [f"{name}: one\n{name}: two & \\1\n{name}: no end of line\n" for name in NAMES]
    assert sorted(done.stdout.splitlines()) == sorted("".join(blocks).splitlines())
    assert [block for block in blocks if block not in done.stdout] == []


def test_one_failure_makes_the_status_one_and_stops_no_other(many: Machine, shell: str, line: str) -> None:
    # The same `xargs` in each shell: bash shows that it takes none of these for the end of all.
    hows = ("exit 1", "exit 126", "exit 127", "exit 255", "kill -9 $$", "kill -15 $$")
    for how in hows if shell == "bash" else hows[3:4]:
        use(many, f'echo was here; if [ "$ROLE_ENV_PROFILE" = prod/3 ]; then {how}; fi')
        done = many.shell(shell, line)
        assert done.returncode != 0, how
        assert {f"{name}: was here" for name in NAMES} <= set(done.stdout.splitlines()), how


def test_a_refused_session_and_no_matching_name_are_failures_too(many: Machine, shell: str, line: str) -> None:
    many.add(f"[prod-refused]\nrole_arn = {many.sts.world.role('strangers').arn}\nsource_profile = profileA\n")
    done = many.shell(shell, line)
    assert (done.returncode != 0, done.stdout.count(": one\n")) == (True, len(NAMES))
    assert "prod-refused: role-env: " in done.stdout
    done = many.shell(shell, line.replace("^prod", "^nothing"))
    assert (done.returncode != 0, "no-match: role-env: " in done.stdout) == (True, True)


def test_at_most_so_many_run_at_once(many: Machine, shell: str, line: str) -> None:
    folder = many.home / "running"
    folder.mkdir()
    count = f"$(ls {folder} | wc -l)"
    wait = f"until test -e two; do test {count} -ge 2 && touch two; sleep 0.3; done"
    use(many, f"mkdir {folder}/$$; {wait}; echo {count}; sleep 0.2; rmdir {folder}/$$")
    done = many.shell(shell, line)
    assert done.returncode == 0, done.stdout
    counts = [int(text) for text in re.findall(r": *(\d+)$", done.stdout, re.MULTILINE)]
    assert len(counts) == len(NAMES)
    assert max(counts) == 2
