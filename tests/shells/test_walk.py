"""A random walk of a user through shells in shells: whatever they do, every tool is the account that is shown, or none.

WALK_STEPS and WALK_SEED make it longer and other than usual:
WALK_STEPS=5000 WALK_SEED=7 tests/run -s tests/shells/test_walk.py
"""

import json
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from role_env import variables
from support.files import write_private
from support.living_shell import NestedShells
from support.machine import Machine
from support.readers import RealClients, write_foreign_files
from support.shell_terminal import SHELLS
from support.shown_accounts import OUTRANKING, ShownAccounts
from support.waiting import wait_until

STEPS = int(os.environ.get("WALK_STEPS", "60"))
SEED = os.environ.get("WALK_SEED", "5")
SHORT_SECONDS = 6 if "WALK_STEPS" in os.environ else None
"""How long some sessions last; the usual walk waits for no clock, so that it is the same each time."""

OWN_KEYS = (
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
    ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"),
    ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"),
    ("ALIYUN_LOG_CLI_ACCESSID", "ALIYUN_LOG_CLI_ACCESSKEY"),
    ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"),
    ("ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET"),
    ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET"),
)
NAMES = ("one", "two", "three")


class Walk:
    """What the user does, at random, and what has to be true after each step."""

    def __init__(self, machine: Machine, dice: random.Random, clients: RealClients) -> None:
        self.machine = machine
        self.dice = dice
        self.shells = NestedShells(machine, dice.choice(SHELLS))
        self.log: list[str] = []
        self.requests = [("", "")]
        """Of each shell the request of its last session, and of the one before that."""
        self.expected: str | None = None
        """The request whose session has to return, if any does."""
        self.unhooked = ""
        """The request of the last session that a shell without its hook has had."""
        self.narrow_options = ("", "", "", " --read-only", f" --policy {machine.home}/policy.json", " --full")
        self.diffs: list[str | None] = [None]
        """What direnv could bring back at the last prompt of each shell."""
        self.other = machine.home / "other.ini"
        self.project = machine.home / "project"
        self.project.mkdir()
        foreign = machine.sts.world.key_of("test_user2")
        self.shown = ShownAccounts(machine, clients, foreign.id)
        write_foreign_files(machine.home, foreign.id, foreign.secret)
        statement = {"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}
        (machine.home / "policy.json").write_text(json.dumps({"Version": "1", "Statement": [statement]}))
        self.edit()
        self.prompt, self.environ = self.shells.prompt()

    # --- the user's files

    def edit(self) -> None:
        """Write both profiles files, .envrc and the `aliyun` CLI's file anew: which name is which role changes."""
        world = self.machine.sts.world
        known = [world.role(name).arn for name in ("switchRoleSbc", "hub", "longSession", "operator")]
        for path in (self.machine.file, self.other):
            self.dice.shuffle(known)
            text = self.machine.standard_profiles().split("[profileB]")[0]
            for name, role in zip(NAMES, known, strict=False):
                region = self.dice.choice(["", "region_id = cn-shanghai\n"])
                more = self.dice.choice(["", "variables = plain\n", "variables = packer oss\n"])
                text += f"[{name}]\nrole_arn = {role}\nsource_profile = profileA\n{region}{more}"
            text += f"[refused]\nrole_arn = {world.role('strangers').arn}\nsource_profile = profileA\n"
            write_private(path, text)
        self.machine.sts.session_seconds = self.dice.choice([None, None, None, SHORT_SECONDS])
        inside = self.dice.choice([self.profile(), self.profile(), "nosuch"])
        write_private(self.project / ".envrc", f'eval "$(role-env {inside} 2>/dev/null || echo false)"\n')
        self.machine.run("direnv", "allow", str(self.project))
        follow = self.dice.choice([("role-env",), ("role-env", "one"), ()])
        for remove in ("role-env", "one"):
            self.machine.role_env("setup", "aliyun-cli", *filter("role-env".__ne__, [remove]), "--remove")
        for name in follow:
            self.machine.role_env("setup", "aliyun-cli", *filter("role-env".__ne__, [name]))
        self.log.append(f"edit: .envrc {inside}, CLI profiles {follow}, {self.machine.sts.session_seconds} s")

    # --- the user's steps

    def do(self, text: str) -> None:
        self.log.append(f"{'/'.join(self.shells.kinds)}: {text}")
        self.shells.run(text + "\n")

    def take(self, words: str) -> None:
        if self.dice.random() < 0.3:
            if words != "renew":
                self.remember(is_known=True)  # as the integration does first
            self.do(f"role-env {words.replace('export', 'use')}")
        elif self.shells.kind == "fish":
            self.do(f"role-env {words} | source")
        else:
            self.do(f'eval "$(role-env {words} --format bash || echo false)"')

    def profile(self) -> str:
        config = self.dice.choice(["", "", "", f"--config={self.other} "])
        return config + self.dice.choice(NAMES)

    def switch(self) -> None:
        options = self.dice.choice(["", "", "", " --refresh", " --region eu-west-1"])
        self.take(f"export {self.profile()}{options}{self.dice.choice(self.narrow_options)}")

    def go_back(self) -> None:
        """Return to the session before this one, if that may be requested again."""
        self.remember(is_known=True)  # as the integration does first
        last, before = self.requests[-1]
        if self.request():
            self.expected = before
        elif not any(map(self.environ.get, variables.DESCRIBING)):  # else the shell may know one that tools do not see
            self.expected = last
        self.do(f"role-env use -{self.dice.choice(['', '', ' --full'])}")

    def check_request(self) -> None:
        """Check that there is the session that was to return, or none, or the same as before."""
        now = self.request()
        if self.expected is not None:
            assert now in {"", self.expected, self.requests[-1][0], self.unhooked}, (now, self.expected)

    def request(self) -> str:
        """Return the request of this shell's session without what a renewal changes; empty if there is no session."""
        return self.environ.get("ROLE_ENV_REQUEST", "").partition(',"sts_endpoint"')[0]

    def end_server(self) -> None:
        """Kill the server of this shell's session."""
        server = self.environ.get("ROLE_ENV_SERVER", "")
        if server and server not in self.shown.ended:
            self.log.append(f"kill the server {server}")
            self.shown.ended.add(server)
            pid = server.partition(" ")[0]
            os.kill(int(pid), signal.SIGKILL)
            wait_until(lambda: not os.path.exists(f"/proc/{pid}/fd/0"))  # noqa: PTH110  a zombie has no files

    def fail(self) -> None:
        self.take(f"export {self.dice.choice(['nosuch', 'refused', 'one --nonsense', 'two --expect-account 1'])}")

    def expire(self) -> None:
        """Let the session be over, or only say so in one variable."""
        end, request = str(int(time.time()) - 5), self.environ.get("ROLE_ENV_REQUEST", "")
        request = re.sub('"expiration":"[0-9]+"', f'"expiration":"{end}"', request)
        request = re.sub('"issued":[0-9]+', f'"issued":{int(end) - 900}', request)
        if self.environ.get("ROLE_ENV_EXPIRATION"):
            both = {"ROLE_ENV_EXPIRATION": end, "ROLE_ENV_REQUEST": f"'{request}'"}
            self.assign(self.dice.choice([both, {"ROLE_ENV_EXPIRATION": end}]))

    def own_key(self) -> None:
        pair = self.dice.choice(OWN_KEYS)
        self.assign({name: f"mine{self.dice.randrange(1000)}" for name in pair})

    def outrank(self) -> None:
        self.assign({self.dice.choice(OUTRANKING): "mine"})

    def assign(self, values: dict[str, str]) -> None:
        form = "set -gx {} {}" if self.shells.kind == "fish" else "export {}={}"
        self.do("; ".join(form.format(name, value) for name, value in values.items()))

    def go(self) -> None:
        """Enter or leave the folder where direnv takes a session."""
        inside = "DIRENV_DIR" in self.environ
        self.do(f"cd {self.machine.home if inside else self.project}")

    def nest(self) -> None:
        if len(self.shells.kinds) == 3:
            return self.leave()
        execs = [f"command role-env exec {more}{self.profile()} --" for more in ("", "--renew ")]
        prefix = self.dice.choice(["command", *execs, execs[1]])
        kind, renew = self.dice.choice(SHELLS), self.dice.choice(["", "", "--renew"])
        self.log.append(f"{'/'.join(self.shells.kinds)}: {prefix} {kind} {renew}")
        self.shells.enter(kind, prefix, renew)
        return None

    def leave(self) -> None:
        if len(self.shells.kinds) > 1:
            self.log.append("leave")
            self.shells.leave()

    def end_session(self) -> None:
        self.take("off")

    def renew(self) -> None:
        self.take("renew")

    def step(self) -> None:
        steps: dict[Callable[[], Any], int] = {self.switch: 6, self.fail: 2, self.end_session: 2, self.renew: 2}
        steps |= {self.go_back: 3, self.end_server: 1, self.edit: 1}
        steps |= {self.expire: 1, self.own_key: 2, self.outrank: 1, self.go: 2, self.nest: 3}
        steps |= {self.leave: 1}
        chosen = self.dice.choices(list(steps), list(steps.values()))[0]
        within, said, self.expected = self.environ.get("ROLE_ENV_POLICY"), len(self.log), None
        chosen()
        is_hooked = self.dice.random() < 0.9
        self.prompt, self.environ = self.shells.prompt(is_hooked=is_hooked)
        self.check_request()
        if within and chosen in (self.switch, self.fail, self.renew, self.go_back) and "--full" not in self.log[said]:
            assert self.environ.get("ROLE_ENV_POLICY") == within
        self.remember(is_known=is_hooked or any("role-env use" in line for line in self.log[said:]))
        depth, now = len(self.shells.kinds), self.environ.get("DIRENV_DIFF")
        before, self.diffs = self.diffs[:depth][-1], [*self.diffs[: depth - 1], now]
        if before and before != now:
            # direnv brings back the variables that it has changed, and leaves those that role-env has set besides.
            self.shown.note_strange(self.environ)
        if is_hooked:
            self.shown.check(self.prompt, self.environ)
        else:
            self.log.append("without a hook")
            assert not self.prompt

    def remember(self, *, is_known: bool) -> None:
        """Note the request of this shell's session; a shell that was entered had none before it.

        The integration need not know of a session that began without its hook, and may by what runs before a command.
        """
        depth = len(self.shells.kinds)
        self.requests = [*self.requests, ("", "")][:depth]
        if not is_known:
            self.unhooked = self.request()
            return
        (last, before), now = self.requests[-1], self.request()
        if now and now != last:
            self.requests[-1] = (now, last)
        else:
            self.requests[-1] = (last, before)


@pytest.fixture
def walk(with_clients: tuple[Machine, RealClients]) -> Iterator[Walk]:
    """A user in a shell of a machine."""
    machine, clients = with_clients
    made = Walk(machine, random.Random(SEED), clients)
    yield made
    made.shells.close()


@pytest.mark.timeout(0 if "WALK_STEPS" in os.environ else 300)
def test_after_any_step_every_tool_is_the_account_that_is_shown_or_none(walk: Walk) -> None:
    for number in range(STEPS):
        try:
            walk.step()
        except BaseException:
            print(f"seed {SEED}, step {number}, prompt <{walk.prompt}>", *walk.log[-25:], sep="\n")
            raise
        if number % 100 == 99:
            print(number + 1, sorted(walk.shown.seen), flush=True)
    assert walk.shown.seen >= {"session", "served", "no account", "nothing", "not whole"}
