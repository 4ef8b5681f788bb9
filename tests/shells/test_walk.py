"""A random walk of a user through shells in shells: whatever they do, every tool is the account that is shown, or none.

WALK_STEPS and WALK_SEED make it longer and other than usual:
WALK_STEPS=5000 WALK_SEED=7 tests/run tests/shells/test_walk.py
"""

import itertools
import json
import os
import random
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.machine import Machine
from support.secret_service_bus import require

SHELLS = ("bash", "zsh", "fish")
STEPS = int(os.environ.get("WALK_STEPS", "0"))
SEED = os.environ.get("WALK_SEED", "1")
SECONDS = 40.0
"""How long a walk of the usual tests takes at most."""

# The order in which each tool reads, as its own source has it: for the key's ID, the secret and the token.
CLOUD, OLDER = ("ALIBABA_CLOUD", "ALIBABACLOUD")
Fields = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def names(*families: str) -> Fields:
    return (
        tuple(f"{family}_ACCESS_KEY_ID".lstrip("_") for family in families),
        tuple(f"{family}_ACCESS_KEY_SECRET".lstrip("_") for family in families),
        tuple(f"{family}_SECURITY_TOKEN".lstrip("_") for family in families),
    )


SDK = names(CLOUD)
READERS: dict[str, Fields] = {
    "SDK": SDK,
    "aliyun": names(CLOUD, OLDER, "ALICLOUD", ""),
    "terraform": (
        ("ALICLOUD_ACCESS_KEY", *names(CLOUD, OLDER)[0]),
        ("ALICLOUD_SECRET_KEY", *names(CLOUD, OLDER)[1]),
        ("ALICLOUD_SECURITY_TOKEN", *names(CLOUD, OLDER)[2]),
    ),
    "ossutil": (("OSS_ACCESS_KEY_ID",), ("OSS_ACCESS_KEY_SECRET",), ("OSS_SESSION_TOKEN",)),
    "aliyunlog": (
        ("ALIYUN_LOG_CLI_ACCESSID", *SDK[0]),
        ("ALIYUN_LOG_CLI_ACCESSKEY", *SDK[1]),
        ("ALIYUN_LOG_CLI_STS_TOKEN", *SDK[2]),
    ),
}
# What makes a tool another account than its key's.
OUTRANKING = ("ALIBABA_CLOUD_ROLE_ARN", "ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ECS_METADATA", "ALICLOUD_PROFILE")
OWN_KEYS = (
    *(
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        ("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY"),
    ),
    *(("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"), ("ALIYUN_LOG_CLI_ACCESSID", "ALIYUN_LOG_CLI_ACCESSKEY")),
    *(("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"), ("ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET")),
)
TOLD = {"SDKs": "SDK", "Terraform, Pulumi": "terraform", "ossutil 2": "ossutil"}


class Shells:
    """Shells in shells, of which the innermost evaluates one file after another."""

    def __init__(self, machine: Machine, first: str) -> None:
        require(*SHELLS)
        self.machine = machine
        self.kinds = [first]
        self._count = itertools.count()
        self._errors = (machine.home / "walk-errors").open("w+b")
        for kind in SHELLS:
            (machine.home / f"loop-{kind}").write_text(self._loop(kind))
        self._process = subprocess.Popen(
            self.command(first),
            env=machine.environ,
            cwd=machine.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    @staticmethod
    def _loop(kind: str) -> str:
        if kind == "fish":
            return "while read -l file; test $file = leave; and exit 0; source ./$file; echo done $status; end\n"
        return "while IFS= read -r file; do case $file in leave) exit 0 ;; esac; . ./$file; echo done $?; done\n"

    def command(self, kind: str) -> list[str]:
        """The words that start a shell."""
        options = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[kind]
        return [kind, *options, f"loop-{kind}"]

    @property
    def kind(self) -> str:
        """The innermost shell."""
        return self.kinds[-1]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=30)
        self._errors.close()

    def run(self, text: str) -> int:
        """Evaluates `text` in the innermost shell, and returns its status."""
        self._send(text)
        return self._answer()

    def enter(self, kind: str, prefix: str) -> None:
        """Starts a shell in the innermost one, by the command `prefix`."""
        self._send(f"{prefix} {' '.join(self.command(kind))}\n")
        self.kinds.append(kind)
        # One that has failed answers for the outer shell.
        self._send("command true\n" if kind != "fish" else "true\n")
        answer = self._answer()
        if answer:
            self.kinds.pop()
            assert self._answer() == 0

    def leave(self) -> None:
        """Ends the innermost shell."""
        assert self._process.stdin
        self._process.stdin.write(b"leave\n")
        self._process.stdin.flush()
        self.kinds.pop()
        self._answer()

    def environment(self) -> dict[str, str]:
        """What a tool that the innermost shell starts has in its environment."""
        self.run("command env -0 >walk-env\n")
        pairs = (self.machine.home / "walk-env").read_bytes().split(b"\0")
        (self.machine.home / "walk-env").unlink()
        texts = (pair.decode("utf-8", "surrogateescape") for pair in pairs if pair)
        return {name: value for name, _, value in (text.partition("=") for text in texts)}

    def _send(self, text: str) -> None:
        assert self._process.stdin
        name = f"step{next(self._count) % 8}"
        (self.machine.home / name).write_text(text)
        self._process.stdin.write(f"{name}\n".encode())
        self._process.stdin.flush()

    def _answer(self) -> int:
        assert self._process.stdout
        line = self._process.stdout.readline().decode()
        assert line.startswith("done "), (line, self._process.poll())
        return int(line.split()[1])


class Walk:
    """What the user does, at random, and what has to be true after each step."""

    def __init__(self, machine: Machine, dice: random.Random) -> None:
        self.machine = machine
        self.dice = dice
        self.shells = Shells(machine, dice.choice(SHELLS))
        self.log: list[str] = []
        self.seen: set[str] = set()
        self.roles = ["switchrolesbc", "hub", "longsession", "needsnone"]
        self.other = machine.home / "other.ini"
        self.write_profiles()

    def close(self) -> None:
        while len(self.shells.kinds) > 1:
            self.shells.leave()
        self.shells.close()

    # --- the user's steps

    def write_profiles(self) -> None:
        """Makes both profiles files anew: which name stands for which role changes."""
        world = self.machine.sts.world
        known = [world.role(name).arn for name in ("switchRoleSbc", "hub", "longSession", "operator")]
        for path in (self.machine.file, self.other):
            self.dice.shuffle(known)
            text = self.machine.standard_profiles().split("[profileB]")[0]
            for name, role in zip(("one", "two", "three"), known, strict=False):
                region = self.dice.choice(["", "region_id = cn-shanghai\n"])
                more = self.dice.choice(["", "variables = plain\n", "variables = packer oss\n"])
                text += f"[{name}]\nrole_arn = {role}\nsource_profile = profileA\n{region}{more}"
            text += f"[refused]\nrole_arn = {world.role('strangers').arn}\nsource_profile = profileA\n"
            path.write_text(text)
            path.chmod(0o600)

    def do(self, text: str) -> None:
        self.log.append(f"{'/'.join(self.shells.kinds)}: {text}")
        self.shells.run(text + "\n")

    def take(self, words: str) -> None:
        if self.shells.kind == "fish":
            self.do(f"role-env {words} 2>/dev/null | source")
        else:
            self.do(f'eval "$(role-env {words} --format bash 2>/dev/null || echo false)"')

    def profile(self) -> str:
        config = self.dice.choice(["", "", "", f"--config={self.other} "])
        return config + self.dice.choice(["one", "two", "three"])

    def switch(self) -> None:
        self.take(f"export {self.profile()}{self.dice.choice(['', '', '', ' --refresh', ' --region eu-west-1'])}")

    def fail(self) -> None:
        self.take(f"export {self.dice.choice(['nosuch', 'refused', 'one --nonsense', 'two --expect-account 1'])}")

    def off(self) -> None:
        self.take("off")

    def renew(self) -> None:
        self.take("renew")

    def edit(self) -> None:
        self.log.append("edit")
        self.write_profiles()

    def expire(self) -> None:
        if self.environment().get("ROLE_ENV_EXPIRATION"):
            self.set({"ROLE_ENV_EXPIRATION": str(int(time.time()) - 5)})

    def own_key(self) -> None:
        pair = self.dice.choice(OWN_KEYS)
        self.set({name: f"mine{self.dice.randrange(1000)}" for name in pair})

    def unset(self) -> None:
        present = [name for name in sorted(self.environment()) if name.startswith(("ALI", "OSS", "ROLE_ENV", "ACCESS"))]
        if present:
            name = self.dice.choice(present)
            if name == "ALIBABA_CLOUD_STS_ENDPOINT":
                return
            self.do(f"set -e -g {name}" if self.shells.kind == "fish" else f"unset -v {name}")

    def outrank(self) -> None:
        self.set({self.dice.choice(OUTRANKING): "mine"})

    def set(self, values: dict[str, str]) -> None:
        form = "set -gx {} {}" if self.shells.kind == "fish" else "export {}={}"
        self.do("; ".join(form.format(name, value) for name, value in values.items()))

    def nest(self) -> None:
        if len(self.shells.kinds) == 3:
            return self.leave()
        prefix = self.dice.choice(
            ["command", f"role-env exec {self.profile()} --", f"role-env exec --renew {self.profile()} --"]
        )
        kind = self.dice.choice(SHELLS)
        self.log.append(f"{'/'.join(self.shells.kinds)}: {prefix} {kind}")
        self.shells.enter(kind, prefix)
        return None

    def leave(self) -> None:
        if len(self.shells.kinds) > 1:
            self.log.append("leave")
            self.shells.leave()

    # --- what has to be true

    def environment(self) -> dict[str, str]:
        return self.shells.environment()

    def step(self) -> None:
        steps: dict[Callable[[], Any], int] = {self.switch: 6, self.fail: 2, self.off: 2, self.renew: 2, self.edit: 1}
        steps |= {self.expire: 1, self.own_key: 2, self.unset: 1, self.outrank: 1, self.nest: 2, self.leave: 1}
        self.dice.choices(list(steps), list(steps.values()))[0]()
        self.check()

    def check(self) -> None:
        environ = self.environment()
        done = self.machine.run("role-env", "status", "--json", **self.exactly(environ))
        shown = json.loads(done.stdout)
        found = {tool: self.found(fields, environ) for tool, fields in READERS.items()}
        if shown["valid"]:
            self.seen.add("served" if shown["expiration"] is None else "session")
            self.check_session(shown, found, environ)
        elif environ.get("ROLE_ENV_NO_ACCOUNT"):
            self.seen.add("no account")
            self.check_no_account(found, environ)
        elif not any(environ.get(name) for name in ("ROLE_ENV_PROFILE", "ROLE_ENV_ACCESS_KEY_ID")):
            self.seen.add("nothing")
            # What is left is the user's: no part of a session.
            issued = {value for session in self.issued() for value in (session.id, session.secret, session.token)}
            assert not issued & {value for name, value in environ.items() if name != "ROLE_ENV_BASE_ACCESS_KEY_ID"}
        else:
            self.seen.add("not whole")
            assert done.returncode == 1

    def check_session(self, shown: dict[str, Any], found: dict[str, Any], environ: dict[str, str]) -> None:
        by_id = {session.id: session for session in self.issued()}
        if shown["expiration"] is None:
            assert not any(found.values())
            self.check_guards(environ)
            with urllib.request.urlopen(environ["ALIBABA_CLOUD_CREDENTIALS_URI"], timeout=30) as answer:
                served = json.load(answer)
            found = {"URI": (served["AccessKeyId"], served["AccessKeySecret"], served["SecurityToken"])}
        for tool, key in found.items():
            assert key, tool
            session = by_id[key[0]]
            assert key == (session.id, session.secret, session.token), tool
            assert session.role.arn.lower() == shown["role_arn"].lower(), tool
        assert not [name for name in OUTRANKING if environ.get(name)]
        self.check_guards(environ)

    def check_no_account(self, found: dict[str, Any], environ: dict[str, str]) -> None:
        """A tool finds no key but one that the user has set since, and `status` names that tool."""
        assert not {key[0] for key in found.values() if key} & {session.id for session in self.issued()}
        done = self.machine.run("role-env", "status", **self.exactly(environ))
        told = done.stderr.partition("a key has been set since, which ")[2].partition(" use")[0]
        for name, tool in TOLD.items():
            told = told.replace(name, tool)
        whole = {tool for tool, key in found.items() if key and key[1] not in ("", "role-env-none")}
        assert set(told.split(", ")) - {""} == whole

    def check_guards(self, environ: dict[str, str]) -> None:
        """No tool without a key goes on to a file of its own or to the instance's role."""
        assert environ["ALIBABA_CLOUD_CLI_PROFILE_DISABLED"] == environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] == "true"
        assert environ["ALIBABA_CLOUD_PROFILE"] == "role-env-none"
        assert environ["ALIBABA_CLOUD_IGNORE_PROFILE"] == environ["ALIBABACLOUD_IGNORE_PROFILE"] == "TRUE"

    def issued(self) -> list[Any]:
        return list(self.machine.sts.issued)

    def exactly(self, environ: dict[str, str]) -> dict[str, str]:
        """`environ` for Machine.run, which adds its own to it: what is absent is empty."""
        return {**dict.fromkeys(self.machine.environ, ""), **environ}

    @staticmethod
    def found(fields: Fields, environ: dict[str, str]) -> tuple[str, str, str] | None:
        """The key that a tool finds: each field by itself; None without one, or with the one that counts as none."""
        key = tuple(next((environ[n] for n in field if environ.get(n)), "") for field in fields)
        return None if key[0] in ("", "role-env-none") else (key[0], key[1], key[2])


@pytest.fixture
def walk(machine: Machine) -> Iterator[Walk]:
    dice = random.Random(SEED)
    made = Walk(machine, dice)
    yield made
    made.close()


@pytest.mark.timeout(0 if STEPS else 120)
def test_after_any_step_every_tool_is_the_account_that_is_shown_or_none(walk: Walk) -> None:
    end = time.monotonic() + SECONDS
    for number in itertools.count():
        if number >= STEPS if STEPS else time.monotonic() > end:
            break
        try:
            walk.step()
        except BaseException:
            print(f"seed {SEED}, step {number}", *walk.log[-25:], sep="\n")
            raise
        if STEPS and number % 100 == 0:
            print(number, sorted(walk.seen), flush=True)
    assert not STEPS or walk.seen >= {"session", "served", "no account", "nothing", "not whole"}
