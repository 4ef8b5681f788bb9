"""The walk of `tests/sandbox`: a switch between two accounts in six steps, and the second time.

Every line behind a `$` is run by a real bash (or sh); the story ends with an error when a line does not show what it
has to.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cloud.local_sts import LocalSts
from support.files import write_private
from support.secret_service_bus import SECRET_SERVICE, KeyringBus, missing

STORY = """
# 1. Who am I? A user of account A, with a long-lived key.
$ role-env whoami profileA
= :user/test_user1

# 2. Assume the role of profileB, and take its session into this shell.
$ {switch_verbose}
= AssumeRole of acs:ram::2222222222222222:role/switchrolesbc

# 3. What the shell has now.
$ env | grep -E '^(ROLE_ENV_(ACC|EXP|PRO|ROLE)|ALIBABA_CLOUD_(ACCESS|SECURITY|IGNORE))' | cut -c 1-48 | sort
= ALIBABA_CLOUD_SECURITY_TOKEN=

# 4. Who am I now? The role, in account B.
$ role-env whoami
= :assumed-role/switchrolesbc/

# 5. The role may read ...
$ {call} ecs:DescribeInstances RegionId=cn-hangzhou
= "Instance"

# 6. ... and may not delete: 403, and a status that is not 0.
! {call} ecs:DeleteInstance InstanceId=i-example
= 403 Forbidden.RAM

# The second time the session comes from the keyring: no second call to STS.
$ {switch}; grep -c '"AssumeRole"' $STS_CALLS
= ^1$

# How long does it last?
$ role-env list
= min left

# And back: what was there before.
$ eval "$(role-env off)"; env | grep -c ROLE_ENV_PROFILE
= ^0$
"""


def main() -> int:
    """Tells the story in a throwaway home; returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="role-env-") as folder, keyring_environment() as keyring:
        home = Path(folder) / "home"
        calls = Path(folder) / "calls.jsonl"
        with LocalSts(Path(folder) / "sts", calls_file=calls) as sts:
            write_profiles(home / ".config" / "role-env" / "profiles.ini", sts)
            environ = {
                "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}",
                "HOME": str(home),
                "SSL_CERT_FILE": str(sts.ca_file),
                "ALIBABA_CLOUD_STS_ENDPOINT": sts.endpoint,
                "STS_CALLS": str(calls),
                **keyring,
            }
            shell = shutil.which("bash") or "/bin/sh"
            into = "source <(role-env {})" if "bash" in shell else 'eval "$(role-env {} || echo false)"'
            story = STORY.format(
                switch=into.format("profileB"),
                switch_verbose=into.format("profileB --verbose"),
                call=f"python tests/support/cloud_call.py {sts.endpoint}",
            )
            return tell(story, [shell], environ)


@contextlib.contextmanager
def keyring_environment() -> Iterator[dict[str, str]]:
    """Yield the variables of a keyring on a private bus, or of a file in the throwaway home where there is none."""
    if missing(*SECRET_SERVICE):
        print("(no gnome-keyring here: a throwaway file stands in for it)")
        backend = "support.file_keyring.PlaintextKeyring"
        yield {"PYTHON_KEYRING_BACKEND": backend, "PYTHONPATH": str(Path(__file__).parents[1])}
        return
    with KeyringBus() as bus:
        yield bus.environment


def write_profiles(path: Path, sts: LocalSts) -> None:
    """Write the profiles of somebody who has a key in account A and works in account B."""
    write_private(
        path,
        f"[profileA]\naccess_key_id = {sts.access_key_id}\naccess_key_secret = {sts.access_key_secret}\n\n"
        f"[profileB]\nsource_profile = profileA\nrole_arn = {sts.role_arn}\n",
    )


def tell(story: str, shell: list[str], environ: dict[str, str]) -> int:
    """Run the lines of `story` in one shell and check them; return the exit status."""
    process = subprocess.Popen(
        shell,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
        cwd=Path(__file__).parents[2],
    )
    shown = ""
    for line in story.strip().split("\n"):
        mark, _, rest = line.partition(" ")
        if mark in ("$", "!"):
            print(f"$ {rest}", flush=True)
            shown, status = run(process, rest)
            print(shown, end="", flush=True)
            if (status != 0) != (mark == "!") and "grep -c" not in rest:
                print(f"sandbox: that ended with status {status}", file=sys.stderr)
                return 1
        elif mark == "=":
            if not re.search(rest, shown, re.MULTILINE):
                print(f"sandbox: that should have shown {rest}", file=sys.stderr)
                return 1
        else:
            print(line)
    process.communicate(timeout=10)
    return 0


def run(process: "subprocess.Popen[str]", line: str) -> tuple[str, int]:
    """Run `line` in the shell `process` and return what it writes, and its status."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the shell has no pipes")
    process.stdin.write(f"{line}\nprintf '\\n==end %s\\n' $?\n")
    process.stdin.flush()
    shown = ""
    for answer in process.stdout:
        if answer.startswith("==end "):
            return shown.removesuffix("\n"), int(answer.split()[1])
        shown += answer
    raise RuntimeError(f"the shell ended at: {line}")


if __name__ == "__main__":
    sys.exit(main())
