"""Run all checks of `role-env doctor` in parallel. A check that hangs becomes a finding.

No check asks a person for anything or reports a secret.
"""

import functools
from collections.abc import Mapping

from role_env.deadline import Deadline, NoThread, TimedOut, Worker, within
from role_env.doctor import access_keys, aliyun_cli, keyring, other_tools, profiles, shell, sign_ins, sts, variables
from role_env.doctor.finding import FAIL, LONGEST_CHECK, Check, Finding, Surroundings

CHECKS: dict[str, Check] = {
    "profiles file": profiles.check,
    "sign-in": sign_ins.check,
    "access keys": access_keys.check,
    "keyring": keyring.check,
    "STS": sts.check,
    "variables": variables.check,
    "aliyun CLI": aliyun_cli.check,
    "other tools": other_tools.check,
    "shell integration": shell.check,
}


def examine(environ: Mapping[str, str], config: str, *, is_verbose: bool = False) -> list[Finding]:
    """Return the findings of every check, in a fixed order, within ten seconds even if something hangs."""
    at = Surroundings(environ, config, is_verbose)
    found: dict[str, list[Finding]] = {}

    def run(name: str) -> None:
        """Store the findings of a check."""
        found[name] = _run(name, CHECKS[name], at)

    workers = [Worker(functools.partial(run, name)) for name in CHECKS]
    deadline = Deadline(LONGEST_CHECK + 1)
    for worker in workers:
        worker.join(deadline.remaining())
    return [finding for name in CHECKS for finding in found.get(name, [_late(name)])]


def _late(name: str) -> Finding:
    what = f"the check did not end within {LONGEST_CHECK:.0f} seconds"
    return Finding(name, FAIL, what, "run role-env doctor again when the machine is less busy")


def _run(name: str, check: Check, at: Surroundings) -> list[Finding]:
    try:
        return within(LONGEST_CHECK, lambda: check(at))
    except TimedOut:
        return [_late(name)]
    except NoThread:
        return [Finding(name, FAIL, "this process cannot start more threads", "end other programs, or raise ulimit -u")]
    except Exception as error:  # its text could contain a secret
        return [Finding(name, FAIL, f"the check itself failed: {type(error).__name__}", "report it as a bug")]
