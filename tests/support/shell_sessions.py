"""The variables of a shell with a session that can be renewed, without a shell."""

import json
import time

from support.cached_sessions import age
from support.machine import Machine

_NAMES = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")


def begin(machine: Machine, *arguments: str) -> dict[str, str]:
    """Return the variables of a shell in which a session begins, of profileB if no arguments are given."""
    done = machine.succeeds("exec", *(arguments or ("profileB",)), "--", "env", "-0")
    found = dict(line.partition("=")[::2] for line in done.stdout.split("\0"))
    described = {name: value for name, value in found.items() if name.startswith("ROLE_ENV_")}
    return {"ROLE_ENV_POLICY": "", **described} | {name: found[name] for name in _NAMES}


def expired(variables: dict[str, str]) -> dict[str, str]:
    """Return `variables` with an end that is over."""
    return _ending(variables, int(time.time()) - 5)


def due(machine: Machine, seconds: int = 200) -> dict[str, str]:
    """Return the variables of a shell whose session, of an hour, has `seconds` left."""
    variables = begin(machine)
    age(machine, 3600 - seconds)
    issued = json.loads(variables["ROLE_ENV_REQUEST"])["issued"] - 3600 + seconds
    return changed(_ending(variables, int(time.time()) + seconds), issued=issued)


def _ending(variables: dict[str, str], end: int) -> dict[str, str]:
    return changed(variables | {"ROLE_ENV_EXPIRATION": str(end)}, expiration=str(end))


def changed(variables: dict[str, str], **members: object) -> dict[str, str]:
    """Return `variables` with other members of ROLE_ENV_REQUEST, written as role-env writes them."""
    request = json.loads(variables["ROLE_ENV_REQUEST"]) | members
    return variables | {"ROLE_ENV_REQUEST": json.dumps(request, separators=(",", ":"))}
