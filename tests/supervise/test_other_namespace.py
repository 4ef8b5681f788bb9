"""A served session in another user namespace is whole while its server lives, and for another user it never is."""

import os
import re
import sys

import pytest

from support.machine import CONFINED, ROLE_ENV, Machine
from support.secret_service_bus import require
from support.shell_terminal import HOOK, SHELLS, init
from support.shells import COMMANDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="user namespaces are Linux's")

SERVED = (ROLE_ENV, "exec", "--renew", "profileB", "--", "sh", "-c")
KILL = "pid=${ROLE_ENV_SERVER%% *}; kill -9 $pid; while kill -0 $pid 2>/dev/null; do sleep 0.1; done"


@pytest.mark.parametrize("is_sealed", [True, False])
@pytest.mark.parametrize("shell", SHELLS)
def test_in_another_user_namespace_a_served_session_is_whole_until_its_server_ends(
    machine: Machine, shell: str, is_sealed: bool
) -> None:
    require(shell)
    look = machine.home / "look"
    hook = HOOK[shell] if shell != "fish" else "_role_env_prompt"
    look.write_text(f"{init(shell)}{hook}; printf '<%s>\\n' \"$ROLE_ENV_PROMPT\"\nrole-env status >&2\n")
    there = f"unshare --user {' '.join(COMMANDS[shell])} {look}"
    before = () if is_sealed else (*CONFINED, "no-memfd")
    script = f"{there} && unshare --user role-env process --session | cut -c 1-20; {KILL}; {there} || echo $?"
    done = machine.run(*before, *SERVED, script)
    assert done.stdout == '<profileB>\n{"mode": "StsToken",\n<profileB≠>\n1\n', done.stderr
    assert re.findall("role-env: (the server .*)\n", done.stderr) == [
        "the server of this session has ended, or is another user's: others could answer in its place"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize("is_sealed", [True, False])
def test_for_another_user_a_served_session_is_not_whole(machine: Machine, is_sealed: bool) -> None:
    before = () if is_sealed else (*CONFINED, "no-memfd")
    done = machine.run(*before, *SERVED, f"{' '.join(CONFINED)} user:12345 {ROLE_ENV} status; echo $?")
    assert done.stdout.endswith("\n1\n")
    assert "the server of this session has ended, or is another user's" in done.stderr
