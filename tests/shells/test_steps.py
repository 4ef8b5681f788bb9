"""Sessions in shells in shells, step by step: begun, served, nested, switched, failed, changed by hand, ended, left.

After each step every tool is the account that the prompt shows, or none, and all guards are there: see `ShownAccounts`.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.local_sts import LocalSts
from support.living_shell import NestedShells
from support.machine import ENDPOINTS, Machine
from support.readers import write_foreign_files
from support.secret_service_bus import KeyringBus
from support.shell_terminal import SHELLS
from support.shown_accounts import ShownAccounts

OWN = {"HTTP_PROXY": "http://proxy.example:1", "ALICLOUD_PROFILE": "mine", "ALICLOUD_REGION": "eu-west-1"}
"""What the person has set before, besides a file of Terraform's."""


class Steps:
    """A person's shells on a machine where each tool has a file of its own, and what is shown there."""

    def __init__(self, machine: Machine, shell: str) -> None:
        world = machine.sts.world
        for name in ("hub", "longSession"):
            machine.add(f"[{name}]\nrole_arn = {world.role(name).arn}\nsource_profile = profileA\n")
        machine.environ |= OWN | {"ALICLOUD_SHARED_CREDENTIALS_FILE": str(machine.home / "mine.json")}
        foreign = world.key_of("test_user2")
        write_foreign_files(machine.home, foreign.id, foreign.secret)
        self.shells = NestedShells(machine, shell)
        self.shown = ShownAccounts(machine, foreign.id)
        self.before: list[dict[str, str]] = []

    def type(self, line: str, expected: str) -> dict[str, str]:
        """Type a line; the prompt has to begin with `expected`. Return the environment of a tool there."""
        if line == "leave":
            self.shells.leave()
        elif line.startswith("exec "):
            self.shells.enter(self.shells.kind, f"command role-env {line} --")
        else:
            self.shells.run(f"{line}\n")
        prompt, environ = self.shells.prompt()
        if "≠" in prompt and "≠" not in expected:  # on a loaded machine, within a second `status` may not answer
            self.shells.run("set -g _role_env_state ''\n" if self.shells.kind == "fish" else "_role_env_state=\n")
            prompt, environ = self.shells.prompt()
        self.shown.check(prompt, environ)
        assert prompt.startswith(expected), line
        assert ("≠" in prompt) == ("≠" in expected), line
        assert bool(prompt) == bool(expected), line
        return environ


def account_variables(environ: dict[str, str]) -> dict[str, str]:
    """Return what an environment says about accounts, the machine's own endpoints aside."""
    prefixes = ("ALI", "OSS", "ROLE_ENV_", "ACCESS_KEY", "SECURITY_TOKEN")
    shells_own = ("ROLE_ENV_PROMPT", "ROLE_ENV_INIT")
    names = (name for name in environ if name.startswith(prefixes) and name not in ENDPOINTS | {*shells_own})
    return {name: environ[name] for name in names if environ[name]}


@pytest.fixture
def steps(shell: str, tmp_path: Path, sts: LocalSts, bus: KeyringBus) -> Iterator[Steps]:
    """A person in one of the shells."""
    machine = Machine(tmp_path / "home", sts, bus)
    made = Steps(machine, shell)
    yield made
    made.shells.close()
    shutil.rmtree(machine.home / ".aliyun")  # the tools' own files hold secrets by their nature
    assert not machine.leaks()


STEPS = (
    ("role-env use profileB", "profileB "),
    ("exec --renew hub", "hub"),
    ("role-env use nosuch", "no account"),
    ("role-env off", ""),
    ("exec --renew longSession", "longSession"),
    ("exec --renew hub", "hub"),
    ("role-env use profileB", "profileB "),
    ("exec --renew longSession", "longSession"),
    ("role-env renew", "longSession"),
    ("role-env off", ""),
    ("leave", "profileB "),
    ("role-env off", ""),
    ("leave", "longSession"),
    ("exec hub", "hub "),
    ("role-env off", ""),
    ("leave", "longSession"),
    ("leave", ""),
    ("leave", "profileB "),
    ("role-env use hub --read-only", "hub (read-only) "),
    ("role-env use longSession", "no account"),
    ("export ACCESS_KEY_ID=LTAI.mine ACCESS_KEY_SECRET=mine", "no account≠"),
    ("role-env use profileB --full", "profileB "),
    ("export OSS_ACCESS_KEY_ID=mine", "profileB≠"),
    ("role-env use hub", "hub "),
    ("export ALICLOUD_ASSUME_ROLE_ARN=acs:ram::1:role/x", "hub≠"),
    ("role-env renew", "hub≠"),
    ("role-env use profileB", "profileB "),
)
"""What is typed, and what the prompt begins with then."""


@pytest.mark.timeout(180)  # after each of its steps some dozens of tools are asked who they are
@pytest.mark.parametrize(("shell", "follows"), [*((shell, False) for shell in SHELLS), ("bash", True)])
def test_at_each_step_each_tool_is_the_account_shown_or_none(steps: Steps, follows: bool) -> None:
    if follows:
        steps.shown.machine.succeeds("setup", "aliyun-cli")
    first = steps.type("true", "")
    for line, expected in STEPS:
        environ = steps.type(line, expected)
        assert line != "role-env off" or account_variables(environ) == {}
        assert line != "exec --renew hub" or environ["ROLE_ENV_SERVER"]
    last = steps.type("role-env off", "")
    assert account_variables(last) == account_variables(first)
    assert {name: last[name] for name in OWN} == OWN
    assert steps.shown.seen >= {
        "session",
        "served",
        "no account",
        "nothing",
        "not whole",
        "asked by an External profile",
    }
    assert ("followed" in steps.shown.seen) == follows
