"""The walk of `tests/sandbox`: half a minute at the prompt of a bash, which a program types at.

Every line behind a `$` is typed at a real bash on a terminal, and what it shows is shown as it is, the prompt with its
colors too. The story ends with an error when a line does not show what it has to.
"""

import re
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pexpect

from support.files import write_private
from support.playground import folder_of_its_own, hang_up_with_parent, local_cloud
from support.waiting import DEADLINE

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
"""The end of the shell's prompt, by which a program sees that bash waits for a line."""
_PROMPT = r"PS1='$ \[\e[0m\]'" + '\neval "$(role-env init bash)"\n'
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_PAUSE = 0.4
"""How long a person at a terminal gets to read a line (seconds)."""


def main() -> int:
    """Tell the story in a throwaway home; return the exit status."""
    if not shutil.which("bash"):
        print("tests/sandbox: bash is not installed\ntests/sandbox: hint: install it", file=sys.stderr)
        return 1
    with folder_of_its_own() as folder, local_cloud(folder) as environ:
        write_private(Path(environ["HOME"]) / ".bashrc", _PROMPT)
        with Typist(environ) as typist:
            return tell(typist)


def tell(typist: "Typist") -> int:
    """Type the lines of the story and check what they show; return the exit status."""
    shown = ""
    for line in STORY.strip().split("\n"):
        mark, _, rest = line.partition(" ")
        if mark == "$":
            shown = typist.type(rest)
        elif mark == "=":
            if not re.search(rest, shown, re.MULTILINE):
                print(f"sandbox: that should have shown {rest}", file=sys.stderr)
                return 1
        else:
            print(line, flush=True)
            typist.pause(2)
    return 0


class Typist:
    """A program at the prompt of a bash on a terminal of its own, which shows there is what a person would see."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._prompt = ""

    def __enter__(self) -> "Typist":
        home = self._environ["HOME"]
        self._bash = pexpect.spawn(
            "bash",
            ["--noprofile", "--noediting", "--rcfile", f"{home}/.bashrc", "-i"],
            env=self._environ,
            cwd=home,
            encoding="utf-8",
            timeout=DEADLINE,
            dimensions=(40, 120),
            preexec_fn=hang_up_with_parent,
        )
        self._read()
        return self

    def __exit__(self, *_: object) -> None:
        self._bash.close(force=True)

    def type(self, line: str) -> str:
        """Type a line, show it with the prompt before it and what follows, and return what follows, without colors."""
        self._show(f"{self._prompt}{line}\n")
        self.pause(1)
        self._bash.sendline(line)
        shown = self._read().partition("\n")[2]  # after the terminal's echo
        self._show(shown)
        return _SGR.sub("", shown)

    def pause(self, times: float) -> None:
        """Let a person at a terminal read."""
        if sys.stdout.isatty():
            time.sleep(_PAUSE * times)

    def _show(self, text: str) -> None:
        print(text if sys.stdout.isatty() else _SGR.sub("", text), end="", flush=True)

    def _read(self) -> str:
        """Return what bash shows until its next prompt, and keep that."""
        self._bash.expect_exact(_READY)
        before, _, prompt = self._bash.before.replace("\r\n", "\n").rpartition("\n")
        self._prompt = prompt + _READY
        return f"{before}\n" if before else ""


if __name__ == "__main__":
    sys.exit(main())
