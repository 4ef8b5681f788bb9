"""One person's machine: an empty HOME, a local STS, a real keyring, and the installed `role-env` on its PATH."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.local_sts import LocalSts
from cloud.sign_in_server import SignInServer
from support import namespaces
from support.files import settle, write_private, write_program
from support.fork_server import LOCALE, ForkServer
from support.secret_service_bus import KeyringBus, require
from support.shells import COMMANDS, NOTHING_CHANGED
from support.waiting import DEADLINE

if TYPE_CHECKING:
    import pytest

INSTALLED = Path(sys.executable).parent
ROLE_ENV = str(INSTALLED / "role-env")
CONFINED = (sys.executable, str(Path(__file__).with_name("confined.py")))
_WITHOUT_SESSION = {"login", "logout", "rotate", "configure", "list", "doctor", "explain", "clear", "status"}
ENDPOINTS = {"ALIBABA_CLOUD_STS_ENDPOINT", "ALIBABA_CLOUD_RAM_ENDPOINT", "ROLE_ENV_CACHE"}
"""The variables of role-env and of Alibaba's tools that a machine may start with."""


class Machine:
    """One person's machine, with a new folder `home`. `environ` is what its shells start with."""

    def __init__(self, home: Path, sts: LocalSts, bus: KeyringBus) -> None:
        self.home = home
        self.sts = sts
        self.bus = bus
        self.temporary = home / "tmp"
        for folder in (home, self.temporary):
            folder.mkdir(mode=0o700, exist_ok=True)
        self.environ = {
            "PATH": f"{INSTALLED}:{os.environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": str(self.temporary),
            "SHELL": "/bin/sh",
            "LANG": LOCALE,
            "SSL_CERT_FILE": str(sts.ca_file),
            "ALIBABA_CLOUD_STS_ENDPOINT": sts.endpoint,
            "ALIBABA_CLOUD_RAM_ENDPOINT": sts.endpoint,  # where no action of RAM is known, until a test starts one
            **bus.environment,
        }
        self.forks: ForkServer | None = None
        """Where the commands of `role_env` are forked."""
        self.issuers: list[SignInServer] = []
        """The sign-in servers of the test, whose tokens the canary looks for too."""
        self.reported: list[str] = []
        """What was written to stderr by everything that ran, and to stdout by what gives no session."""
        self.terminals: list[io.StringIO] = []
        """What terminals have shown."""
        self.file = home / ".config" / "role-env" / "profiles.ini"
        self.write(self.standard_profiles())

    def enter(self, monkeypatch: "pytest.MonkeyPatch") -> None:
        """Give the test's own process the variables of this machine."""
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)

    def standard_profiles(self) -> str:
        """profileA: test_user1's key; profileB: the role switchrolesbc of account B, assumed with it."""
        return f"""\
[profileA]
access_key_id = {self.sts.access_key_id}
access_key_secret = {self.sts.access_key_secret}

[profileB]
role_arn = {self.sts.role_arn}
source_profile = profileA
"""

    def write(self, text: str) -> None:
        """Make `text` the profiles file, readable by its owner alone."""
        write_private(self.file, text)

    def write_cli_file(self, document: object) -> Path:
        """Make `document`, or a text, the `aliyun` CLI's file, readable by its owner alone; return its path."""
        text = document if isinstance(document, str) else json.dumps(document)
        return write_private(self.home / ".aliyun" / "config.json", text)

    def write_program(self, name: str, script: str) -> Path:
        """Make an executable of `script`, below HOME; return its path."""
        return write_program(self.home / name, script)

    def spare_the_keyring(self) -> None:
        """Let sessions be cached in the kernel's keyring, which costs a third less, if it has room and is our own."""
        if namespaces.has_own_kernel_keyring() and os.geteuid() == 0:
            self.environ["ROLE_ENV_CACHE"] = "kernel"

    def hide(self, *names: str) -> None:
        """Take the programs `names` off PATH: all others are links in one folder, which is made once.

        It is outside HOME, where the canary would read each of them.
        """
        folder = self.home.parents[1] / "-".join(("without", *names))
        if not folder.exists():
            folder.mkdir()
            for directory in reversed(os.environ["PATH"].split(":")):
                for program in Path(directory).iterdir() if Path(directory).is_dir() else ():
                    link = folder / program.name
                    if program.name not in names:
                        link.unlink(missing_ok=True)
                        link.symlink_to(program)
        self.environ["PATH"] = f"{INSTALLED}:{folder}"

    def use_curl_as_browser(self) -> None:
        """Give programs a desktop whose browser follows each redirect with its cookies, and shows nothing.

        Its arguments, which every user of a machine can read, go where the canary looks.
        """
        curl = 'echo "$@" >>"$HOME/browser-arguments"\nexec curl -sLb "" --cacert "$SSL_CERT_FILE" -o /dev/null "$1"\n'
        browser = self.write_program("browser", f"#!/bin/sh\n{curl}")
        self.environ |= {"BROWSER": f"{browser} %s", "DISPLAY": ":99"}

    def settle(self) -> None:
        """Wait until the profiles file is old enough for its stat to be trusted, so that the next call can be warm."""
        settle(self.file)

    def add(self, text: str) -> None:
        """Append `text` to the profiles file."""
        self.write(self.file.read_text("utf-8") + "\n" + text)

    def run(self, *command: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command with `text` on its stdin and `environ` added to the machine's; neither raises nor hangs."""
        return self._run(None, command, text, environ)

    def role_env(self, *arguments: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command with `text` on its stdin; where the machine has `forks`, as one of them."""
        return self._run(self.forks, (ROLE_ENV, *arguments), text, environ)

    def _run(
        self, forks: ForkServer | None, command: Sequence[str], text: str, environ: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        typed, variables = text.encode("utf-8", "surrogateescape"), {**self.environ, **environ}
        is_for_python = [name for name in variables if name.startswith(("PYTHON", "LC_"))]  # for its start
        if forks and variables.get("LANG") == LOCALE and not is_for_python:
            done = forks.run(command, variables, self.home, typed, DEADLINE)
        else:
            done = subprocess.run(
                command, input=typed, capture_output=True, env=variables, cwd=self.home, timeout=DEADLINE, check=False
            )
        out, err = (stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr))
        self.reported.append(err)
        if Path(command[0]).name == "role-env" and _WITHOUT_SESSION & set(command[1:2]):
            self.reported.append(out)
        return subprocess.CompletedProcess(command, done.returncode, out, err)

    def succeeds(self, *arguments: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command, which has to succeed."""
        done = self.role_env(*arguments, text=text, **environ)
        assert done.returncode == 0, done.stderr
        return done

    def fails(
        self, *arguments: str, status: int, said: str, text: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the installed command, which has to end with `status` and report `said` on stderr."""
        done = self.role_env(*arguments, text=text, **environ)
        assert (done.returncode, said in done.stderr) == (status, True), done.stderr
        return done

    def refuses(self, profile: str, status: int, *words: str, **environ: str) -> str:
        """Check that `profile` gives a shell no session, with `status` and printable `words`; return stderr."""
        done = self.role_env("export", profile, "--format", "sh", **environ)
        assert (done.returncode, done.stdout) == (status, NOTHING_CHANGED), done.stderr
        assert done.stderr.startswith("role-env: ")
        assert "Traceback" not in done.stderr
        assert done.stderr.replace("\n", "").isprintable()
        for word in words:
            assert word in done.stderr
        return done.stderr

    def key_lines(self) -> str:
        """test_user1's key as `login` reads it from stdin: its ID and its secret."""
        return f"{self.sts.access_key_id}\n{self.sts.access_key_secret}\n"

    def confined(self, kind: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command as confined.py says."""
        return self.run(*CONFINED, kind, ROLE_ENV, *arguments, **environ)

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """Start the installed command, which goes on while the test does."""
        command, pipe = [ROLE_ENV, *arguments], subprocess.PIPE
        return subprocess.Popen(command, env=self.environ | environ, cwd=self.home, stdout=pipe, stderr=pipe, text=True)

    def log_in(self, profile: str) -> None:
        """Store test_user1's key in the keyring, as that of `profile`."""
        self.succeeds("login", profile, text=self.key_lines())

    def shell(self, name: str, script: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `script` in a real shell that reads no start-up file."""
        require(name)
        return self.run(*COMMANDS.get(name, (name,)), "-c", script, **environ)

    def secrets(self) -> set[str]:
        """Every secret of the run."""
        world = self.sts.world
        keys = {key.secret for key in (*world.keys.values(), *world.deleted_keys)}
        keys |= {secret for issuer in self.issuers for secret in issuer.secrets}
        keys |= {value for session in self.sts.issued for value in (session.secret, session.token)}
        return keys | {urllib.parse.quote(secret, safe="") for secret in keys}

    def leaks(self) -> list[str]:
        """Return where a secret is that may not be there: stderr, files except the user's own profiles."""
        secrets = [secret.encode() for secret in self.secrets()]
        reported = [*self.reported, *(shown.getvalue() for shown in self.terminals)]
        contents = [(f"reported: {text[:200]}", text.encode("utf-8", "surrogateescape")) for text in reported]
        for path in self.home.rglob("*"):
            if path.is_file() and path.suffix != ".ini" and not {"keyring", ".aliyun"} & set(path.parts):
                contents.append((str(path), path.read_bytes()))
        return [place for place, content in contents if any(secret in content for secret in secrets)]


@contextlib.contextmanager
def throwaway_machine(purpose: str) -> Iterator[Machine]:
    """Yield a machine in a temporary folder, with an STS and a keyring of its own, for a program that is no test."""
    with (
        tempfile.TemporaryDirectory(prefix=f"role-env-{purpose}-") as folder,
        KeyringBus() as bus,
        LocalSts(Path(folder) / "sts") as sts,
    ):
        yield Machine(Path(folder) / "home", sts, bus)


def is_pythons_own(reported: str) -> bool:
    """Return whether stderr has Python's own report of an interruption, from before role-env's first line ran.

    The command may even go on after that. While Python itself starts, it can end with 1 and without a traceback.
    """
    if reported == "KeyboardInterrupt\n" or reported.startswith("Fatal Python error: init_"):
        return True
    return "Traceback" in reported and not re.search(r'__main__\.py", line \d+, in (main|run)\n', reported)
