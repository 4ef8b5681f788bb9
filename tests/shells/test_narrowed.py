"""A switch within a narrowed session: what was refused stays refused, until `off`, --full or an equally narrow one."""

import re

import pytest

from support.github_runner import Runner
from support.machine import Machine
from support.shell_terminal import SHELLS as INTEGRATED
from support.shell_terminal import init
from support.shells import INTO_SHELL, OFF, SHELLS

SHOW = "printf '<%s>\\n' \"$ROLE_ENV_PROFILE/$ROLE_ENV_POLICY\"\n"


@pytest.fixture(autouse=True)
def other(machine: Machine) -> None:
    """A second profile, of another role."""
    machine.add(f"[other]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")


@pytest.mark.parametrize(
    ("shell", "integrated"), [*((shell, True) for shell in INTEGRATED), *((shell, False) for shell in SHELLS)]
)
def test_a_wider_session_that_was_refused_is_refused_again_in_the_shell_without_an_account(
    machine: Machine, shell: str, integrated: bool
) -> None:
    use = "role-env use {}\n" if integrated else f"{INTO_SHELL[shell]}\n"
    off = "role-env off\n" if integrated else f"{OFF[shell]}\n"
    steps = [use.format(words) for words in ("profileB --read-only", "other", "other", "profileB", "other --full")]
    narrow, end = [use.format("other --read-only"), use.format("profileB")], [off, use.format("other")]
    script = init(shell) * integrated + SHOW.join((*steps, steps[0], *narrow, *end, ""))
    done = machine.shell(shell, script)
    shown = [*("profileB/read-only", *["/read-only"] * 3, "other/", "profileB/read-only", "other/read-only")]
    assert re.findall("<(.*)>", done.stdout) == [*shown, "/read-only", "/", "other/"], done.stderr
    assert "would be wider than this one, which is read-only" in done.stderr
    assert done.stderr.count("would be wider than the one that was removed, which was read-only") == 2


def test_a_step_of_a_job_that_was_refused_a_wider_session_is_followed_by_none_that_has_it(machine: Machine) -> None:
    runner = Runner(machine)
    environ: dict[str, str] = {}
    for words, status, policy in (
        ("profileB --read-only", 0, "read-only"),
        ("other", 2, "read-only"),
        ("other", 2, "read-only"),
        ("other --full", 0, ""),
    ):
        found, log = runner.step(f"role-env {words} --format github", **environ)
        environ |= runner.variables()
        assert (found, environ.get("ROLE_ENV_POLICY", "")) == (status, policy), log
    assert environ["ROLE_ENV_PROFILE"] == "other"
