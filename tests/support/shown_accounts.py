"""What has to be true at a prompt: every tool is the account that the prompt and `status` show, or none."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

from role_env import variables
from support import aliyun_cli
from support.machine import Machine
from support.readers import PROGRAMS, Key, keys_by_order
from support.waiting import DEADLINE

OUTRANKING = ("ALIBABA_CLOUD_ROLE_ARN", "ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ECS_METADATA", "ALICLOUD_PROFILE")
"""What makes a tool another account than its key's."""
URI = "ALIBABA_CLOUD_CREDENTIALS_URI"
FILE = "ALICLOUD_SHARED_CREDENTIALS_FILE"


class ShownAccounts:
    """What is shown at the prompts of a shell, and what the tools in it would be.

    `foreign` is the ID of the key in the tools' own files. `prompt` and `environ` are those of the last prompt. `seen`
    are the kinds of prompts that there were.
    """

    def __init__(self, machine: Machine, foreign: str) -> None:
        self.machine = machine
        self.foreign = foreign
        self.prompt = ""
        self.environ: dict[str, str] = {}
        self.seen: set[str] = set()

    def check(self, prompt: str, environ: dict[str, str]) -> None:
        """Check what `status` and the prompt show against what each tool would be."""
        self.prompt, self.environ = prompt, environ
        shown = json.loads(self.status("--json"))
        own = self.environ.get("ROLE_ENV_ACCESS_KEY_ID")
        if self.environ.get("ROLE_ENV_NO_ACCOUNT"):
            self.seen.add("no account")
            assert not shown["valid"]
            self.check_no_account()
        elif shown["valid"] or (self.prompt and "≠" not in self.prompt):
            role = shown.get("role_arn") or self.environ.get("ROLE_ENV_ROLE_ARN", "")
            if not self.environ.get(URI):
                self.seen.add("session" if shown["valid"] else "expired")
                self.check_session(role)
            else:
                self.seen.add("served")
                self.check_served(role)
        elif not self.environ.get("ROLE_ENV_PROFILE") and not own:
            self.seen.add("nothing")
            assert not self.prompt
            assert self.issued_values() == set()
        else:
            self.seen.add("not whole")
            assert "≠" in self.prompt

    def issued_values(self) -> set[str]:
        """Return those of the variables' values that STS has issued."""
        issued = {value for session in self.machine.sts.issued for value in (session.id, session.secret, session.token)}
        return issued & set(self.environ.values())

    def check_session(self, role: str) -> None:
        """All tools find one session; the `aliyun` CLI does, too, or with --profile the account that is asked for."""
        shown = self.environ.get("ROLE_ENV_ACCESS_KEY_ID") or self.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
        (session,) = (found for found in self.machine.sts.issued if found.id == shown)
        key = (session.id, session.secret, session.token)
        assert not role or session.role.arn.lower() == role.lower()
        assert bool(session.policy) == bool(self.environ.get("ROLE_ENV_POLICY"))
        assert self.prompt.startswith(self.environ.get("ROLE_ENV_PROFILE", ""))
        found = keys_by_order(self.environ)
        assert {tool for tool, value in found.items() if value != key} == set()
        assert not [name for name in OUTRANKING if self.environ.get(name)]
        self.check_guards()
        assert self.aliyun() in (key[0], None)
        follows = not any(self.environ.get(name) for name in variables.IGNORE_PROFILE)
        assert self.aliyun("mine") == self.aliyun("token") == (self.foreign if follows else key[0])

    def check_served(self, role: str) -> None:
        """Check that the server has the session, and SDKs ask it, and that nothing else finds an account."""
        server = self.environ["ROLE_ENV_SERVER"]
        assert server.partition(" ")[2] == self.environ[URI]
        found = keys_by_order(self.environ)
        assert not any(found.values())
        self.check_served_guards()
        sessions = {(each.id, each.secret, each.token): each for each in self.machine.sts.issued}
        if key := self.served_key():  # a renewal that would be another session is refused
            assert not role or sessions[key].role.arn.lower() == role.lower()
        asked = [*filter(None, (self.aliyun(), self.terraform()))]
        roles = {session.id: session.role.arn.lower() for session in self.machine.sts.issued}
        for key_id in asked:
            self.seen.add("asked by an External profile")
            assert not role or roles[key_id] == role.lower()

    def check_served_guards(self) -> None:
        """Check that no tool goes on to another account: the `aliyun` CLI follows, or it is nobody."""
        environ = self.environ
        assert not environ.get("ALIBABA_CLOUD_CLI_PROFILE_DISABLED")
        assert environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] == "true"
        assert environ["ALIBABA_CLOUD_PROFILE"] == environ["ALICLOUD_PROFILE"] == "role-env-served"
        assert environ[FILE].startswith(f"/proc/{environ['ROLE_ENV_SERVER'].split()[0]}/fd/")
        named = [self.aliyun(name) for name in ("mine", "token")]
        if environ.get("ALIBABACLOUD_PROFILE") == "role-env":
            self.seen.add("followed")
            assert named == [self.foreign] * 2
        else:
            assert environ["ALIBABA_CLOUD_IGNORE_PROFILE"] == environ["ALIBABACLOUD_IGNORE_PROFILE"] == "TRUE"
            assert [self.aliyun(), *named] == [None] * 3

    def terraform(self) -> str | None:
        """Return the key ID with which Terraform's provider would sign; None where it ends with an error."""
        done = self.run(sys.executable, str(PROGRAMS / "credentials_go.py"))
        return done.stdout.split()[-2] if done.returncode == 0 and "none" not in done.stdout.split() else None

    def served_key(self) -> Key | None:
        """Return the key that the credentials URI has; None if it has no live one."""
        try:
            with urllib.request.urlopen(self.environ[URI], timeout=DEADLINE) as answer:
                served = json.load(answer)
        except urllib.error.HTTPError:
            return None
        return served["AccessKeyId"], served["AccessKeySecret"], served["SecurityToken"]

    def check_no_account(self) -> None:
        """Check that a tool finds no key but one that the user has set since, and that `status` names that tool."""
        found, status = keys_by_order(self.environ), self.status()
        assert self.issued_values() == set()
        assert self.foreign not in (self.aliyun(), self.aliyun("mine"))
        if self.prompt == "no account":
            assert "since" not in status
            assert not any(found.values())
        else:
            assert "≠" in self.prompt
        told = status.partition("a key has been set since, which ")[2].partition(" use")[0]
        whole = {tool for tool, key in found.items() if key and key[1] not in ("", "role-env-none")}
        assert set(told.replace("Terraform, Pulumi", "Terraform; Pulumi").split(", ")) - {""} == {
            tool.replace(", ", "; ") for tool in whole
        }, (told, whole)

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
        done = self.run("role-env", "status", *options)
        assert done.returncode in (0, 1), done.stderr
        return done.stdout if options else done.stderr

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the innermost shell. Machine.run adds its own variables: what is absent is made empty."""
        return self.machine.run(*command, **{**dict.fromkeys(self.machine.environ, ""), **self.environ})

    def aliyun(self, profile: str = "") -> str | None:
        """Return the key ID with which `aliyun --profile NAME` would sign; None where it ends with an error."""
        try:
            return aliyun_cli.read(self.environ, profile=profile)["AccessKeyId"]
        except aliyun_cli.CliError:
            return None
