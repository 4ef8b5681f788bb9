"""GitHub's runner, as the steps of a job see it."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from support.documents import TOP
from support.machine import INSTALLED, Machine

INTO_JOB = "role-env export profileB --format github"

ACTION = TOP / ".github/actions/session"
DESCRIBED = YAML(typ="safe").load((ACTION / "action.yml").read_text("utf-8"))
"""What action.yml says."""


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


class ActionJob:
    """A job that uses the action. `environ` is what its steps have so far, and `log` what everybody can read."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.runner = Runner(machine)
        self.temporary = machine.home / "_temp"
        (self.temporary / "role-env/bin").mkdir(parents=True)
        # What install.sh makes; test_github_action.py has the rest of it.
        (self.temporary / "role-env/bin/role-env").symlink_to(INSTALLED / "role-env")
        self.path_file = self.temporary / "add_path"
        self.environ = {
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_PATH": str(self.path_file),
            "RUNNER_TEMP": str(self.temporary),
        }
        self.log = ""

    def uses(self, **inputs: str) -> tuple[int, dict[str, str]]:
        """Carry out the action's steps; return the status of the last one that ran, and the action's outputs."""
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= DESCRIBED["inputs"].keys()
        values = {
            name: given.get(name, described.get("default", "")) for name, described in DESCRIBED["inputs"].items()
        }
        outputs: dict[str, str] = {}
        for step in DESCRIBED["runs"]["steps"]:
            assert step["shell"] == "bash"
            environ = {name: values[_name_in(text, "inputs")] for name, text in step.get("env", {}).items()}
            status, log = self.runner.step(step["run"], **self.environ | environ)
            self.log += log
            self.environ |= self.runner.variables()
            outputs |= {f"{step.get('id')}.outputs.{name}": value for name, value in self.runner.outputs().items()}
            if status:
                return status, {}
        named = {name: _name_in(described["value"], "steps") for name, described in DESCRIBED["outputs"].items()}
        return 0, {name: outputs[place] for name, place in named.items()}

    def run(self, script: str, **environ: str) -> tuple[int, str]:
        """Run another step; return its status and what it shows."""
        status, log = self.runner.step(script, **self.environ | environ)
        self.environ |= self.runner.variables()
        return status, log


def _name_in(text: str, context: str) -> str:
    """Return what `${{ context.NAME }}` names."""
    found = re.fullmatch(rf"\$\{{\{{ {context}\.([\w.-]+) \}}\}}", text)
    assert found, text
    return found[1]
