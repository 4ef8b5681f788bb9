"""The playground of `tests/sandbox bash|zsh|fish`: a person at a prompt, in a home that lasts as long as the shell.

An STS, a RAM and a keyring run beside the shell. The home has a key, a profile in red, one that only reads and one that
STS refuses. Everything is in one folder, which a process of its own removes when this one has ended, however that was.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cloud.local_sts import LocalSts
from cloud.ram import LocalRam
from cloud.world import ACCOUNT_B, role_arn
from support.files import write_private, write_program
from support.secret_service_bus import SECRET_SERVICE, KeyringBus, missing

INSTALLED = Path(sys.executable).parent
_CLOUD_CALL = Path(__file__).with_name("cloud_call.py")
_PR_SET_PDEATHSIG = 1

# Until stdin ends, which is when no process has the other end of the pipe any more. A shell that has just been hung up
# may still write its history.
_REMOVE = 'read -r _; for n in 1 2 3 4 5 6 7 8 9; do rm -rf "$1" && [ ! -e "$1" ] && break; sleep 0.2; done'

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


def main(shell: str) -> int:
    """Show the way, and run the shell until the person leaves it."""
    if missing(shell):
        print(f"tests/sandbox: {shell} is not installed", file=sys.stderr)
        return 1
    with folder_of_its_own() as folder, local_cloud(folder) as environ:
        home = Path(environ["HOME"])
        file, text = START_FILES[shell]
        write_private(home / file, text)
        print(WELCOME, flush=True)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for what runs in the shell
        environ |= {"SHELL": shutil.which(shell) or shell}
        subprocess.run(COMMANDS[shell], env=environ, cwd=home, preexec_fn=hang_up_with_parent, check=False)
    return 0


@contextlib.contextmanager
def folder_of_its_own() -> Iterator[Path]:
    """Yield a folder for all temporary files; it is removed after this process, even if that is killed."""
    folder = Path(tempfile.mkdtemp(prefix="role-env-"))
    remover = subprocess.Popen(["sh", "-c", _REMOVE, "sh", str(folder)], stdin=subprocess.PIPE, start_new_session=True)
    tempfile.tempdir = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = None
        remover.communicate()


@contextlib.contextmanager
def local_cloud(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of a person with a home below `folder`, the profiles, and a local STS, RAM and keyring."""
    home, calls = folder / "home", folder / "calls.jsonl"
    with (
        _keyring() as keyring,
        LocalSts(folder / "sts", calls_file=calls) as sts,
        LocalRam(folder / "ram", sts) as ram,
    ):
        sts.world.keys[sts.access_key_id].created = time.time() - 30 * 86400
        roles = {"operator": role_arn(ACCOUNT_B, "operator"), "strangers": role_arn(ACCOUNT_B, "strangers")}
        text = PROFILES.format(role=role_arn(ACCOUNT_B, "switchRoleSbc"), **roles)
        write_private(home / ".config" / "role-env" / "profiles.ini", text)
        old = sts.world.key_of("test_user2")
        values = {"OSS_ACCESS_KEY_ID": old.id, "OSS_ACCESS_KEY_SECRET": old.secret, "OSS_SESSION_TOKEN": ""}
        write_private(home / "last-year.sh", "".join(f"export {name}={value}\n" for name, value in values.items()))
        call = f'#!/bin/sh\nexec "{sys.executable}" "{_CLOUD_CALL}" {sts.endpoint} "$@"\n'
        programs = write_program(folder / "bin" / "cloud", call).parent
        language = os.environ.get("LANG", "")
        environ = {
            "PATH": f"{programs}:{INSTALLED}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(home),
            "TMPDIR": str(folder),
            "LANG": language if "UTF-8" in language.upper() else "C.UTF-8",
            "TERM": os.environ.get("TERM", "xterm"),
            "SSL_CERT_FILE": str(sts.ca_file),
            "ALIBABA_CLOUD_STS_ENDPOINT": sts.endpoint,
            "ALIBABA_CLOUD_RAM_ENDPOINT": ram.endpoint,
            "STS_CALLS": str(calls),
            **({"NO_COLOR": os.environ["NO_COLOR"]} if os.environ.get("NO_COLOR") else {}),
            **keyring,
        }
        _store_key(f"{sts.access_key_id}\n{sts.access_key_secret}\n", environ)
        yield environ


@contextlib.contextmanager
def _keyring() -> Iterator[dict[str, str]]:
    """Yield the variables of a keyring on a private bus, or of a file in the throwaway home where there is none."""
    if missing(*SECRET_SERVICE):
        print("(no gnome-keyring here: a throwaway file stands in for it)", flush=True)
        backend = "support.file_keyring.PlaintextKeyring"
        yield {"PYTHON_KEYRING_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parents[1])}
        return
    with KeyringBus() as bus:
        yield bus.environment


def _store_key(lines: str, environ: Mapping[str, str]) -> None:
    """Store the key of profileA in the keyring."""
    command = [str(INSTALLED / "role-env"), "login", "profileA"]
    subprocess.run(command, input=lines, env=environ, text=True, stdout=subprocess.DEVNULL, timeout=60, check=True)


def hang_up_with_parent() -> None:
    """Let this process, a shell to be, get a SIGHUP when its parent has ended, where the system can do that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGHUP)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
