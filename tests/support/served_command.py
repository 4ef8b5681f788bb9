"""A command that `exec --renew` runs beside its server, for the tests that ask the server."""

import http.client
import json
import subprocess
from collections.abc import Callable
from urllib.parse import urlsplit

from support.machine import ROLE_ENV, Machine
from support.waiting import DEADLINE, wait_until


class Running:
    """A command beside its server: a shell that printed its address and waits for the end of its input."""

    def __init__(
        self,
        machine: Machine,
        *,
        command: str = "echo $ALIBABA_CLOUD_CREDENTIALS_URI; read line",
        profile: str = "profileB",
        options: tuple[str, ...] = (),
        before: tuple[str, ...] = (),
    ) -> None:
        self.machine = machine
        self.process = subprocess.Popen(
            [*before, ROLE_ENV, "exec", "--renew", *options, profile, "--", "sh", "-c", command],
            env=machine.environ,
            cwd=machine.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.uri = urlsplit(next_line(self.process).strip())

    def ask(
        self, path: str = "", host: str = "127.0.0.1", method: str = "GET", seconds: float = DEADLINE
    ) -> tuple[int, str]:
        """Return the status and the text of an answer; status 0 where nobody answers. Raises TimeoutError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.uri.port or 0, timeout=seconds)
        try:
            connection.request(method, path or self.uri.path, headers={"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except ConnectionError:
            return 0, ""
        finally:
            connection.close()

    def session(self) -> dict[str, str]:
        """Return what the server answers, which has to be a session."""
        status, text = self.ask()
        assert status == 200
        found: dict[str, str] = json.loads(text)
        return found

    def answers(self, status: int) -> None:
        """Wait until the server answers with `status`; 0 stands for nobody."""
        wait_until(lambda: self.ask()[0] == status, f"it does not answer with {status}", pause=0.1)

    def reports(self) -> str:
        """Wait for the next line on stderr, and return it."""
        assert self.process.stderr
        reported = self.process.stderr.readline()
        self.machine.reported.append(reported)
        return reported

    def end(self) -> str:
        """Let the command end, and return what it printed on stderr."""
        _, reported = self.process.communicate("\n", timeout=DEADLINE)
        self.machine.reported.append(reported)
        return reported


Begin = Callable[..., Running]
"""Begins a command beside its server; the arguments are those of Running."""


def next_line(process: "subprocess.Popen[str]") -> str:
    """Return the next line that a process prints."""
    assert process.stdout
    return process.stdout.readline()
