"""GitHub's runner, as the steps of a job see it."""

import re
from pathlib import Path

from support.machine import Machine

INTO_JOB = "role-env export profileB --format github"


class Runner:
    """What GitHub's runner does with a step: it reads two files, carries out commands and masks the log."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.variables_file = machine.home / "set_env_1"
        self.outputs_file = machine.home / "set_output_1"
        self.environ = {"CI": "true", "GITHUB_ACTIONS": "true"}
        for name, file in (("GITHUB_ENV", self.variables_file), ("GITHUB_OUTPUT", self.outputs_file)):
            file.touch()
            self.environ[name] = str(file)

    def step(self, script: str = INTO_JOB, **environ: str) -> tuple[int, str]:
        """Return the status of a step, and its log as everybody can read it."""
        done = self.machine.shell("bash", f"set -eo pipefail\n{script}", **self.environ | environ)
        masks: set[str] = set()
        log = []
        for line in (done.stdout + done.stderr).split("\n"):
            if line.lstrip().startswith("::add-mask::"):
                value = unescaped(line.lstrip().removeprefix("::add-mask::"))
                masks |= {value, *filter(None, value.split("\n"))} - {""}
                continue
            shown = line
            for mask in sorted(masks, key=len, reverse=True):
                shown = shown.replace(mask, "***")
            log.append(shown)
        return done.returncode, "\n".join(log)

    def variables(self) -> dict[str, str]:
        """Return the variables of later steps, and empty the file: the runner uses a new one for each step."""
        return taken(self.variables_file)

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the step."""
        return taken(self.outputs_file)


def unescaped(value: str) -> str:
    """Return a workflow command's value."""
    return value.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def taken(file: Path) -> dict[str, str]:
    """Return the variables of a runner's file, which may have a value on its line or between delimiters."""
    found = {}
    lines = iter(file.read_bytes().decode().split("\n"))
    for line in lines:
        if match := re.fullmatch(r"([^=]+?)<<(.+)", line):
            value = []
            while (line := next(lines)) != match[2]:
                value.append(line)
            found[match[1]] = "\n".join(value)
        elif line:
            name, _, found[name] = line.partition("=")
    # The canary looks for the values in the home folder, and the runner's own folder is not in there.
    file.write_text("")
    return found
