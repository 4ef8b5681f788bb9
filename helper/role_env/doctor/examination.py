"""Run all checks of `role-env doctor` in parallel. A check that hangs becomes a finding.

No check asks a person for anything or reports a secret.
"""

import functools
from collections.abc import Mapping

from role_env.deadline import Deadline, NoThread, Worker
from role_env.doctor import keyring, profiles, shell, sources, sts, tools, variables
from role_env.doctor.finding import FAIL, LONGEST_CHECK, Check, Finding, Surroundings

CHECKS: dict[str, Check] = {
    "profiles file": profiles.check,
    "sign-in": sources.check_sign_ins,
    "access keys": sources.check_keys,
    "keyring": keyring.check,
    "STS": sts.check,
    "variables": variables.check,
    "aliyun CLI": tools.check_aliyun_cli,
    "other tools": tools.check_others,
    "shell integration": shell.check,
}


def examine(environ: Mapping[str, str], config: str, *, is_verbose: bool = False) -> list[Finding]:
    """Return the findings of every check, in a fixed order, within ten seconds even if something hangs."""
    at = Surroundings(environ, config, is_verbose)
    workers = {name: Worker(functools.partial(check, at)) for name, check in CHECKS.items()}
    deadline = Deadline(LONGEST_CHECK)
    return [finding for name, worker in workers.items() for finding in _findings(name, worker, deadline)]


def _findings(name: str, worker: Worker, deadline: Deadline) -> list[Finding]:
    """Return what the check `name` finds in `worker`, once the check has ended or the deadline has passed."""
    worker.join(deadline.remaining())
    if worker.is_alive():
        what = f"the check did not end within {LONGEST_CHECK:.0f} seconds"
        return [Finding(name, FAIL, what, "run role-env doctor again when the machine is less busy")]
    try:
        found: list[Finding] = worker.result()
    except NoThread:
        return [Finding(name, FAIL, "this process cannot start more threads", "end other programs, or raise ulimit -u")]
    except Exception as error:  # its text could contain a secret
        return [Finding(name, FAIL, f"the check itself failed: {type(error).__name__}", "report it as a bug")]
    return found
