"""What `doctor --json` reports, its shape checked."""

import json
import subprocess
from typing import NamedTuple

from support.machine import Machine


class Found(NamedTuple):
    """What doctor reported: the exit status, and by check the findings that are not ok, each `status message | fix`."""

    status: int
    checks: list[str]
    faults: dict[str, list[str]]
    messages: dict[str, str]


def examined(machine: Machine, *arguments: str, **environ: str) -> Found:
    """Run `doctor --json`, check the shape of its output, and return it."""
    return read(machine.role_env("doctor", "--json", *arguments, **environ))


def blocked(machine: Machine, **environ: str) -> Found:
    """Return what `doctor --json` reports where the kernel keyring is blocked."""
    return read(machine.confined("EPERM", "doctor", "--json", **environ))


def read(done: "subprocess.CompletedProcess[str]") -> Found:
    """Return what doctor reported, its shape checked."""
    assert done.stderr == ""
    faults: dict[str, list[str]] = {}
    findings = json.loads(done.stdout)
    for finding in findings:
        assert list(finding) == ["check", "status", "message", "fix"]
        assert finding["status"] in ("ok", "warn", "fail")
        if finding["status"] != "ok":
            assert finding["fix"]
            reported = f"{finding['status']} {finding['message']} | {finding['fix']}"
            faults.setdefault(finding["check"], []).append(reported)
    fails = any(finding["status"] == "fail" for finding in findings)
    assert done.returncode == fails
    messages = {finding["check"]: finding["message"] for finding in findings}
    return Found(done.returncode, [finding["check"] for finding in findings], faults, messages)


def only(found: Found, check: str, *words: str) -> str:
    """Check that the one fault is of `check` and contains `words`, and return it."""
    assert list(found.faults) == [check], found.faults
    (fault,) = found.faults[check]
    for word in words:
        assert word in fault, fault
    return fault
