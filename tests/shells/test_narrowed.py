"""A switch within a narrowed session: what was refused stays refused, until `off`, --full or an equally narrow one."""

import re

import pytest

from support.machine import Machine
from support.shell_terminal import init
from support.shells import INTO_SHELL, OFF

WAYS = pytest.mark.parametrize(
    ("shell", "integrated"), [("bash", True), ("fish", True), ("zsh", False), ("fish", False), ("dash", False)]
)
SHOW = "printf '<%s>\\n' \"$ROLE_ENV_PROFILE/$ROLE_ENV_POLICY\"\n"


@pytest.fixture(autouse=True)
def other(machine: Machine) -> None:
    """A second profile, of another role."""
    machine.add(f"[other]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")


@WAYS
def test_a_wider_session_is_refused_again_without_an_account(machine: Machine, shell: str, integrated: bool) -> None:
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


@WAYS
def test_a_refused_wider_session_has_both_ways_as_whole_lines(machine: Machine, shell: str, integrated: bool) -> None:
    machine.add(f"[audit]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\nread_only = yes\n")
    use = "role-env use {}\n" if integrated else f"{INTO_SHELL[shell]}\n"
    lines = init(shell) * integrated + use.format("audit") + SHOW + use.format("profileB")
    done = machine.shell(shell, lines + use.format("profileB"))
    first, second = re.findall("^role-env: hint: type (.*), or first (.*)$", done.stderr, re.MULTILINE)
    assert first == second
    full, off = first
    for way in (full, f"{off}\n{use.format('profileB')}"):
        done = machine.shell(shell, f"{lines}{way}\n{SHOW}")
        assert re.findall("<(.*)>", done.stdout) == ["audit/read-only", "profileB/"], way


def test_each_command_has_its_own_line_for_a_wider_session(machine: Machine) -> None:
    hints = {
        "exec profileB -- true": "role-env exec profileB --full -- true",
        "process profileB": "role-env process profileB --full",
        "whoami profileB": "role-env whoami profileB --full",
        "export profileB --format json": "role-env export profileB --full --format json",
        f"export profileB --config {machine.file} --format dotenv": (
            f"role-env export profileB --full --config {machine.file} --format dotenv"
        ),
    }
    begin = "source <(role-env profileB --read-only)\n"
    done = machine.shell("bash", begin + "".join(f"role-env {words}\n" for words in hints))
    assert re.findall("hint: type (.*), or first eval", done.stderr) == list(hints.values())
    lines = hints.values()
    done = machine.shell("bash", begin + "".join(f"{line} >/dev/null && echo '{line}'\n" for line in lines))
    assert done.stdout.splitlines() == list(lines), done.stderr
