"""A random walk of a user through shells in shells: whatever they do, every tool is the account that is shown, or none.

WALK_STEPS and WALK_SEED make it longer and other than usual:
WALK_STEPS=5000 WALK_SEED=7 tests/run -s tests/shells/test_walk.py
"""

import json
import os
import random
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import aliyun_cli
from support.files import write_private
from support.local_sts import LocalSts
from support.machine import Machine
from support.nested_shells import NestedShells
from support.readers import ORDERS, Key, RealClients, keys_by_order, write_foreign_files
from support.secret_service_bus import KeyringBus, require
from support.shell_terminal import SHELLS

STEPS = int(os.environ.get("WALK_STEPS", "60"))
SEED = os.environ.get("WALK_SEED", "1")
SHORT_SECONDS = 6 if "WALK_STEPS" in os.environ else None
"""How long some sessions last; the usual walk waits for no clock, so that it is the same each time."""

OUTRANKING = ("ALIBABA_CLOUD_ROLE_ARN", "ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ECS_METADATA", "ALICLOUD_PROFILE")
"""What makes a tool another account than its key's."""
OWN_KEYS = (
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
    ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"),
    ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"),
    ("ALIYUN_LOG_CLI_ACCESSID", "ALIYUN_LOG_CLI_ACCESSKEY"),
    ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"),
    ("ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET"),
    ("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET"),
)
FIRST_NAMES = {names[0] for fields in ORDERS.values() for names in fields}
NAMES = ("one", "two", "three")
UNSET = ("unset -v {0}", "export {0}=")
SPOIL = {
    "bash": (*UNSET, "export -n {0}"),
    "zsh": (*UNSET, "typeset +x {0}"),
    "fish": ("set -e -g {0}", "set -gx {0} ''", "set -gu {0} ${0}"),
}
"""How to unset, empty or unexport a variable."""


class Walk:
    """What the user does, at random, and what has to be true after each step."""

    def __init__(self, machine: Machine, dice: random.Random, clients: RealClients) -> None:
        self.machine = machine
        self.dice = dice
        self.clients = clients
        self.shells = NestedShells(machine, dice.choice(SHELLS))
        self.log: list[str] = []
        self.seen: set[str] = set()
        self.diffs: list[str | None] = [None]
        """What direnv could bring back at the last prompt of each shell."""
        self.strange: set[str] = set()
        """Values of sessions that the prompt has shown not to be the session's."""
        self.other = machine.home / "other.ini"
        self.project = machine.home / "project"
        self.project.mkdir()
        foreign = machine.sts.world.key_of("test_user2")
        self.foreign = foreign.id
        write_foreign_files(machine.home, foreign.id, foreign.secret)
        self.edit()
        self.prompt, self.environ = self.shells.prompt()

    def close(self) -> None:
        while len(self.shells.kinds) > 1:
            self.shells.leave()
        self.shells.close()

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
            self.do(f"role-env {words.replace('export', 'use')}")
        elif self.shells.kind == "fish":
            self.do(f"role-env {words} | source")
        else:
            self.do(f'eval "$(role-env {words} --format bash || echo false)"')

    def profile(self) -> str:
        config = self.dice.choice(["", "", "", f"--config={self.other} "])
        return config + self.dice.choice(NAMES)

    def switch(self) -> None:
        self.take(f"export {self.profile()}{self.dice.choice(['', '', '', ' --refresh', ' --region eu-west-1'])}")

    def fail(self) -> None:
        self.take(f"export {self.dice.choice(['nosuch', 'refused', 'one --nonsense', 'two --expect-account 1'])}")

    def expire(self) -> None:
        if self.environ.get("ROLE_ENV_EXPIRATION"):
            self.assign({"ROLE_ENV_EXPIRATION": str(int(time.time()) - 5)})

    def own_key(self) -> None:
        pair = self.dice.choice(OWN_KEYS)
        self.assign({name: f"mine{self.dice.randrange(1000)}" for name in pair})

    def spoil(self) -> None:
        """Unset, empty or unexport a variable that may be the session's."""
        present = [name for name in sorted(self.environ) if name.startswith(("ALI", "OSS", "ROLE_ENV", "ACCESS"))]
        name = self.dice.choice([name for name in present if name != "ALIBABA_CLOUD_STS_ENDPOINT"] or ["ALI"])
        self.do(self.dice.choice(SPOIL[self.shells.kind]).format(name))

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
        prefix = self.dice.choice(["command", *execs])
        kind, renew = self.dice.choice(SHELLS), self.dice.choice(["", "", "--renew"])
        self.log.append(f"{'/'.join(self.shells.kinds)}: {prefix} {kind} {renew}")
        self.shells.enter(kind, prefix, renew)
        return None

    def leave(self) -> None:
        if len(self.shells.kinds) > 1:
            self.log.append("leave")
            self.shells.leave()

    def step(self) -> None:
        off, renew = (lambda: self.take("off")), (lambda: self.take("renew"))
        steps: dict[Callable[[], Any], int] = {self.switch: 6, self.fail: 2, off: 2, renew: 2, self.edit: 1}
        steps |= {self.expire: 1, self.own_key: 2, self.spoil: 1, self.outrank: 1, self.go: 2, self.nest: 2}
        steps |= {self.leave: 1}
        self.dice.choices(list(steps), list(steps.values()))[0]()
        self.prompt, self.environ = self.shells.prompt()
        depth, now = len(self.shells.kinds), self.environ.get("DIRENV_DIFF")
        before, self.diffs = self.diffs[:depth][-1], [*self.diffs[: depth - 1], now]
        if before and before != now:
            # direnv brings back the variables that it has changed, and leaves those that role-env has set besides.
            self.strange |= self.issued_values(*self.environ) - self.own_values()
        self.check()

    # --- what has to be true

    def check(self) -> None:
        """Check what `status` and the prompt show against what each tool would be."""
        shown = json.loads(self.status("--json"))
        own = self.environ.get("ROLE_ENV_ACCESS_KEY_ID")
        if self.environ.get("ROLE_ENV_NO_ACCOUNT"):
            self.seen.add("no account")
            assert not shown["valid"]
            self.check_no_account()
        elif shown["valid"] or not set("≠?") & set(self.prompt or "?"):
            role = shown.get("role_arn") or self.environ.get("ROLE_ENV_ROLE_ARN", "")
            if not self.environ.get("ALIBABA_CLOUD_CREDENTIALS_URI"):
                self.seen.add("session" if shown["valid"] else "expired")
                self.check_session(role)
            else:
                self.seen.add("served")
                self.check_served(role)
        elif not self.environ.get("ROLE_ENV_PROFILE") and not own:
            self.seen.add("nothing")
            assert not self.prompt or "≠" in self.prompt  # for a variable that is set and not exported
            # What is left is the user's: no part of a session.
            assert self.issued_values(*self.environ.keys() - {"ROLE_ENV_BASE_ACCESS_KEY_ID"}) <= self.strange
        else:
            self.seen.add("not whole")
            assert not self.environ.get("ROLE_ENV_PROFILE") or set("≠?") & set(self.prompt)
            # What is not the session's is the user's from now on.
            self.strange |= self.issued_values(*self.environ) - self.own_values()

    def issued_values(self, *names: str) -> set[str]:
        """Return those of the variables' values that STS has issued."""
        issued = {value for session in self.machine.sts.issued for value in (session.id, session.secret, session.token)}
        return issued & {self.environ.get(name, "") for name in names}

    def own_values(self) -> set[str]:
        """Return the values of the session that the variables describe."""
        own = self.environ.get("ROLE_ENV_ACCESS_KEY_ID")
        return {
            value for each in self.machine.sts.issued if each.id == own for value in (each.id, each.secret, each.token)
        }

    def check_session(self, role: str) -> None:
        """All tools find one session; the `aliyun` CLI does, too, or with --profile the account that is asked for."""
        shown = self.environ.get("ROLE_ENV_ACCESS_KEY_ID") or self.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
        (session,) = (found for found in self.machine.sts.issued if found.id == shown)
        key = (session.id, session.secret, session.token)
        assert not role or session.role.arn.lower() == role.lower()
        assert self.prompt.startswith(self.environ.get("ROLE_ENV_PROFILE", ""))
        found = keys_by_order(self.environ) | self.clients.keys(self.environ)
        assert {tool for tool, value in found.items() if value and value[0] != key[0]} == set()
        # Without its secret or its token a tool is refused, and nobody.
        if all(self.environ.get(name) for name in FIRST_NAMES):
            assert {tool for tool, value in found.items() if value != key} == set()
        assert not [name for name in OUTRANKING if self.environ.get(name)]
        self.check_guards()
        assert self.aliyun() in (key[0], None)
        follows = not self.environ.get("ALIBABA_CLOUD_IGNORE_PROFILE")
        assert self.aliyun("mine") == self.aliyun("token") == (self.foreign if follows else key[0])

    def check_served(self, role: str) -> None:
        """The URI has the session, and SDKs ask it. Nothing else finds an account."""
        found = keys_by_order(self.environ)
        assert not any(found.values())
        self.check_guards()
        assert [self.aliyun(name) for name in ("", "mine", "token")] == [None] * 3
        answers = {"URI": self.served_key()} | self.clients.keys(self.environ)
        sessions = {(each.id, each.secret, each.token): each for each in self.machine.sts.issued}
        for tool, key in answers.items():
            if key is None:  # a renewal that would be another session is refused
                continue
            self.seen.add("asked")
            assert tool in ("URI", "credentials SDK", "Node SDK")
            assert not role or sessions[key].role.arn.lower() == role.lower(), tool

    def served_key(self) -> Key | None:
        """Return the key that the credentials URI has; None if it has no live one."""
        try:
            with urllib.request.urlopen(self.environ["ALIBABA_CLOUD_CREDENTIALS_URI"], timeout=30) as answer:
                served = json.load(answer)
        except urllib.error.HTTPError:
            return None
        return served["AccessKeyId"], served["AccessKeySecret"], served["SecurityToken"]

    def check_no_account(self) -> None:
        """A tool finds no key but one that the user has set since, and `status` names that tool."""
        found, status = keys_by_order(self.environ), self.status()
        assert self.issued_values(*self.environ) <= self.strange | self.own_values()
        if "changed since" not in status:
            real = self.clients.keys(self.environ)
            assert self.foreign not in {*(key[0] for key in real.values() if key), self.aliyun(), self.aliyun("mine")}
        if self.prompt == "no account":
            assert "since" not in status
            assert not any(found.values())
        else:  # a key without its secret, or what direnv has brought back
            assert "≠" in self.prompt
        told = status.partition("a key has been set since, which ")[2].partition(" use")[0]
        whole = {tool for tool, key in found.items() if key and key[1] not in ("", "role-env-none")}
        assert set(told.replace("Terraform, Pulumi", "Terraform; Pulumi").split(", ")) - {""} == {
            tool.replace(", ", "; ") for tool in whole
        }

    def check_guards(self) -> None:
        """No tool without a key goes on to a file of its own or to the instance's role."""
        environ = self.environ
        assert environ["ALIBABA_CLOUD_CLI_PROFILE_DISABLED"] == environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] == "true"
        if environ["ALIBABA_CLOUD_PROFILE"] == "role-env":
            self.seen.add("followed")
            assert not environ.get("ALIBABA_CLOUD_IGNORE_PROFILE")
            return
        assert environ["ALIBABA_CLOUD_PROFILE"] == "role-env-none"
        assert environ["ALIBABA_CLOUD_IGNORE_PROFILE"] == environ["ALIBABACLOUD_IGNORE_PROFILE"] == "TRUE"

    def status(self, *options: str) -> str:
        """Return what `role-env status` prints in the innermost shell."""
        # Machine.run adds its own variables: what is absent is made empty.
        absent = dict.fromkeys(self.machine.environ, "")
        done = self.machine.run("role-env", "status", *options, **{**absent, **self.environ})
        assert done.returncode in (0, 1), done.stderr
        return done.stdout if options else done.stderr

    def aliyun(self, profile: str = "") -> str | None:
        """Return the key ID with which `aliyun --profile NAME` would sign; None where it ends with an error."""
        try:
            return aliyun_cli.read(self.environ, profile=profile)["AccessKeyId"]
        except aliyun_cli.CliError:
            return None


@pytest.fixture
def walk(tmp_path: Path, sts: LocalSts, bus: KeyringBus) -> Iterator[Walk]:
    """A user in a shell of a machine, whose argument lists other tests watch."""
    require("direnv")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    machine = Machine(home, sts, bus)
    with RealClients(home) as clients:
        made = Walk(machine, random.Random(SEED), clients)
        yield made
        made.close()
    shutil.rmtree(home / ".aliyun")  # the tools' own files hold secrets by their nature
    assert not machine.leaks()


@pytest.mark.timeout(0 if "WALK_STEPS" in os.environ else 300)
def test_after_any_step_every_tool_is_the_account_that_is_shown_or_none(walk: Walk) -> None:
    for number in range(STEPS):
        try:
            walk.step()
        except BaseException:
            print(f"seed {SEED}, step {number}, prompt <{walk.prompt}>", *walk.log[-25:], sep="\n")
            raise
        if number % 100 == 99:
            print(number + 1, sorted(walk.seen), flush=True)
    assert walk.seen >= {"session", "served", "no account", "nothing", "not whole"}
