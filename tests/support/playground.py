"""`tests/sandbox`: a playground for a person at a prompt, or the walk, half a minute in which a program types there.

    python -m support.playground [bash|zsh|fish]

An STS, a RAM and a keyring run beside the shell. The home has a key, a profile in red, one that only reads and one that
STS refuses. Everything is in one folder, which is removed at the end, also when the terminal is closed.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pexpect

from cloud.ims import LocalIms
from cloud.local_sts import LocalSts
from cloud.ram import LocalRam
from cloud.world import ACCOUNT_B, role_arn
from support.files import write_private, write_program
from support.machine import Machine
from support.secret_service_bus import SECRET_SERVICE, KeyringBus, missing
from support.waiting import DEADLINE

_CLOUD_CALL = Path(__file__).with_name("cloud_call.py")

PROFILES = """\
[profileA]

[profileB]
role_arn = {role}
source_profile = profileA
region_id = cn-hangzhou
color = red

[audit]
role_arn = {operator}
source_profile = profileA
region_id = cn-hangzhou
read_only = yes

[refused]
role_arn = {strangers}
source_profile = profileA
region_id = cn-hangzhou
"""

_ZSHRC = """\
unset HISTFILE
unsetopt prompt_sp
PS1='$ '
autoload -U compinit; compinit -u -D
eval "$(role-env init zsh)"
"""

START_FILES = {
    "bash": (".bashrc", "unset HISTFILE\nPS1='$ '\neval \"$(role-env init bash)\"\n"),
    "zsh": (".zshrc", _ZSHRC),
    "fish": (
        ".config/fish/config.fish",
        "set -g fish_greeting\nfunction fish_prompt; printf '$ '; end\nrole-env init fish | source\n",
    ),
}
"""The start file of each shell, below the home folder, and its text."""

COMMANDS = {
    "bash": ("bash", "--noprofile", "--rcfile", ".bashrc", "-i"),
    "zsh": ("zsh", "-d", "-i"),
    "fish": ("fish", "-i"),
}

WELCOME = """\
A playground: an STS, a RAM and a keyring of its own, with throwaway keys.
Nothing here reaches Alibaba Cloud, and exit removes everything.

  role-env list                 the profiles; profileA is the others' key
  role-env use profileB         take its session; the prompt shows it, in red
  role-env whoami               ask STS who this shell is now
  cloud ecs:DescribeInstances   a program of this playground that uses the session ...
  cloud ecs:DeleteInstance      ... and what the role may not do
  role-env exec audit -- sh     one command, with a session that only reads
  role-env use audit            this shell only reads; then profileB needs --full
  source last-year.sh           another user's key: the prompt and whoami warn
  role-env use refused          a switch that STS refuses leaves no account
  role-env off                  what was set before
  role-env configure            make a profile of your own
  role-env doctor               what could be wrong, and how to fix it
  role-env help                 the reference; role-env console needs the network
"""

STORY = r"""
# 1. Who am I? A user of account A, whose long-lived key is in the keyring.
$ role-env whoami profileA
= :user/test_user1

# 2. Take the role of profileB, in account B, into this shell. The prompt shows it, in the profile's color.
$ role-env use profileB
= role switchRoleSbc of 2222222222222222 for 59 min

# 3. Who am I now?
$ role-env whoami
= :assumed-role/switchrolesbc/

# 4. The role may read ...
$ cloud ecs:DescribeInstances | cut -c 1-72
= "RequestId"

# ... and may not delete.
$ cloud ecs:DeleteInstance InstanceId=i-example
= 403 Forbidden.RAM

# 5. The second time the session comes from the keyring: STS is asked once in all.
$ role-env use profileB; grep -c '"AssumeRole"' $STS_CALLS
= ^1\s*$
$ role-env list
= profileB .* min left

# 6. An old script sets a key of another user: the prompt warns at once, and whoami says which tool acts as whom.
$ source last-year.sh
$ role-env whoami
= ossutil 2 .*:user/test_user2
$ role-env use profileB
= for 59 min

# 7. One command in a session that only reads; this shell keeps its own.
$ role-env exec audit -- sh -c 'echo $ROLE_ENV_PROFILE $ROLE_ENV_POLICY'
= audit read-only

# 8. A switch that STS refuses leaves no account, so that nothing runs in the wrong one.
$ role-env use refused
= this shell has no account now

# 9. And back to what was set before.
$ role-env off
= the session is off

# Now you, in a playground with the same profiles: tests/sandbox bash
"""
_READY = "$ \x1b[0m"
"""The end of the prompt in the walk, by which a program sees that bash waits for a line."""
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_PAUSE = 0.4
"""How long a person at a terminal gets to read a line (seconds)."""


def main(shell: str = "") -> int:
    """Run the shell until the person leaves it, or without one the walk; return the exit status."""
    if missing(shell or "bash"):
        print(f"tests/sandbox: {shell or 'bash'} is not installed", file=sys.stderr)
        return 1
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    with local_cloud() as machine:
        if not shell:
            return walk(machine)
        file, text = START_FILES[shell]
        write_private(machine.home / file, text)
        print(WELCOME, flush=True)
        signal.signal(signal.SIGINT, lambda *_: None)  # it is for what runs in the shell
        environ = machine.environ | {"SHELL": shutil.which(shell) or shell}
        subprocess.run(COMMANDS[shell], env=environ, cwd=machine.home, check=False)
    return 0


@contextlib.contextmanager
def local_cloud() -> Iterator[Machine]:
    """Yield the machine of a person with the profiles, and a local STS, RAM and keyring, in a folder of its own."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="role-env-", ignore_cleanup_errors=True)))
        calls, bus = folder / "calls.jsonl", stack.enter_context(_keyring())
        sts = stack.enter_context(LocalSts(folder / "sts", calls_file=calls))
        ram = stack.enter_context(LocalRam(folder / "ram", sts))
        ims = stack.enter_context(LocalIms(folder / "ims", sts))
        machine = Machine(folder / "home", sts, bus)
        sts.world.keys[sts.access_key_id].created = time.time() - 30 * 86400
        roles = {"operator": role_arn(ACCOUNT_B, "operator"), "strangers": role_arn(ACCOUNT_B, "strangers")}
        machine.write(PROFILES.format(role=role_arn(ACCOUNT_B, "switchRoleSbc"), **roles))
        old = sts.world.key_of("test_user2")
        values = {"OSS_ACCESS_KEY_ID": old.id, "OSS_ACCESS_KEY_SECRET": old.secret, "OSS_SESSION_TOKEN": ""}
        write_private(machine.home / "last-year.sh", "".join(f"export {name}={values[name]}\n" for name in values))
        call = f'#!/bin/sh\nexec "{sys.executable}" "{_CLOUD_CALL}" {sts.endpoint} "$@"\n'
        write_program(folder / "bin" / "cloud", call)
        machine.environ |= {"PATH": f"{folder}/bin:{machine.environ['PATH']}", "STS_CALLS": str(calls)}
        machine.environ |= {"ALIBABA_CLOUD_RAM_ENDPOINT": ram.endpoint, "ALIBABA_CLOUD_IMS_ENDPOINT": ims.endpoint}
        machine.environ["TERM"] = "xterm"
        machine.environ |= {name: os.environ[name] for name in ("NO_COLOR", "TERM") if os.environ.get(name)}
        machine.log_in("profileA")
        yield machine


@contextlib.contextmanager
def _keyring() -> Iterator[KeyringBus]:
    """Yield a keyring on a private bus, or what stands for it where there is none: a file in the throwaway home."""
    if missing(*SECRET_SERVICE):
        print("(no gnome-keyring here: a throwaway file stands in for it)", flush=True)
        backend = "support.file_keyring.PlaintextKeyring"
        environment = {"PYTHON_KEYRING_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parents[1])}
        yield SimpleNamespace(environment=environment)  # type: ignore[misc]
        return
    with KeyringBus() as bus:
        yield bus


# ---- the walk ----


def walk(machine: Machine) -> int:
    """Type the lines of the story at a bash, show what a person would see, and return the exit status.

    It is 1 when a line does not show what it has to.
    """
    rc = write_private(machine.home / ".bashrc", r"PS1='$ \[\e[0m\]'" + '\neval "$(role-env init bash)"\n')
    command = ["--noprofile", "--noediting", "--rcfile", str(rc), "-i"]
    bash = pexpect.spawn("bash", command, env=machine.environ, cwd=str(machine.home), encoding="utf-8")
    bash.setwinsize(40, 120)
    prompt, shown = read(bash)[1], ""
    for line in STORY.strip().split("\n"):
        mark, _, rest = line.partition(" ")
        if mark == "$":
            show(f"{prompt}{rest}\n", pauses=1)
            bash.sendline(rest)
            shown, prompt = read(bash)
            shown = shown.partition("\n")[2]  # after the terminal's echo
            show(shown)
        elif mark != "=":
            show(f"{line}\n", pauses=2)
        elif not re.search(rest, _SGR.sub("", shown), re.MULTILINE):
            print(f"sandbox: that should have shown {rest}", file=sys.stderr)
            return 1
    bash.close(force=True)
    return 0


def read(bash: "pexpect.spawn[str]") -> tuple[str, str]:
    """Return what bash shows until its next prompt, and that prompt."""
    bash.expect_exact(_READY, timeout=DEADLINE)
    before, end, prompt = str(bash.before).replace("\r\n", "\n").rpartition("\n")
    return before + end, prompt + _READY


def show(text: str, *, pauses: int = 0) -> None:
    """Print what is on the terminal; a person gets time to read it, and only a person the colors."""
    print(text if sys.stdout.isatty() else _SGR.sub("", text), end="", flush=True)
    if sys.stdout.isatty():
        time.sleep(_PAUSE * pauses)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
